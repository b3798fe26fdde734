"""Samples to and from JSON: the form in which the journal keeps them.

The decoder for each record type is built once from its type hints, so that a new field needs
no second place.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, cast

import orjson

from .sample import Sample

__all__ = ["sample_from_json", "sample_from_row", "sample_to_json"]

Decode = Callable[[Any], Any]


def sample_to_json(sample: Sample) -> bytes:
    """The sample as one JSON object, UTF-8."""
    return orjson.dumps(sample)


def sample_from_json(data: bytes) -> Sample:
    """The sample that `sample_to_json` wrote; keys of other versions are ignored."""
    return sample_from_row(orjson.loads(data))


def sample_from_row(row: dict[str, Any]) -> Sample:
    """The sample in a row of one of our Parquet files, or in a parsed JSON object."""
    return cast(Sample, _decoder(Sample)(row))


@functools.cache
def _decoder(kind: Any) -> Decode:
    """A function that turns parsed JSON into a value of the annotated type."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (a for a in typing.get_args(kind) if a is not type(None))
        decode = _decoder(inner)
        return lambda value: None if value is None else decode(value)
    if origin is tuple:
        item = _decoder(typing.get_args(kind)[0])
        return lambda value: tuple([item(v) for v in value]) if value else ()
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        plain = (str, int, float, bool)
        names = frozenset(hints)
        nested = [(n, _decoder(t)) for n, t in hints.items() if _strip_none(t) not in plain]
        make = cast(Callable[..., Any], kind)

        def decode_record(value: dict[str, Any]) -> Any:
            known = dict(value)
            if not value.keys() <= names:  # another version wrote it
                known = {k: v for k, v in value.items() if k in names}
            for name, decode in nested:
                if (inner := known.get(name)) is not None:
                    known[name] = decode(inner)
                else:
                    known.pop(name, None)
            return make(**known)

        return decode_record
    return lambda value: value


def _strip_none(kind: Any) -> Any:
    args = [a for a in typing.get_args(kind) if a is not type(None)]
    return args[0] if len(args) == 1 and typing.get_origin(kind) is not tuple else kind
