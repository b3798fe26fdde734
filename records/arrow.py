"""The columns of the Parquet files, derived from `Sample`: the same for every strategy."""

from __future__ import annotations

import dataclasses
import functools
import operator
import sys
import threading
import types
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

from .sample import Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_columns", "sample_schema", "table_from_json", "table_from_samples"]


@functools.cache
def sample_schema() -> pa.Schema:
    """The Arrow schema of samples."""
    import pyarrow as pa

    hints = typing.get_type_hints(Sample)
    return pa.schema([(f.name, _arrow_type(hints[f.name])) for f in dataclasses.fields(Sample)])


def load_columns() -> None:
    """Load what `table_from_json` and Parquet need, which takes a while, before it is needed."""
    import pyarrow as pa
    from pyarrow import compute, json, parquet  # noqa: F401

    with _without_pandas():
        pa.array([""])
    sample_schema()


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Hide pandas from this thread. The first array that pyarrow makes looks whether there is
    pandas, and loads it for good: more than half a second of CPU time and 40 MB for what nothing
    here uses. Where pandas is wanted later on (`Table.to_pandas`), pyarrow looks again."""
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NoPandas(MetaPathFinder):
    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("pandas is not needed here", name=name)


def table_from_json(rows: Sequence[bytes]) -> pa.Table:
    """A table of samples as `sample_to_json` wrote them; parsed in compiled code."""
    import pyarrow as pa
    from pyarrow import json

    if not rows:
        return sample_schema().empty_table()
    data = b"\n".join(rows)
    return json.read_json(
        pa.BufferReader(data),
        read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=json.ParseOptions(
            explicit_schema=sample_schema(), unexpected_field_behavior="ignore"
        ),
    )


def table_from_samples(samples: Sequence[Sample]) -> pa.Table:
    """A table of samples at hand: what `table_from_json` makes of their JSON, without the JSON."""
    import pyarrow as pa

    schema = sample_schema()
    hints = typing.get_type_hints(Sample)
    columns = zip(*map(operator.attrgetter(*schema.names), samples), strict=True)
    arrays = [_array(c, hints[n]) for n, c in zip(schema.names, columns, strict=False)]
    return pa.Table.from_arrays(arrays, schema=schema) if samples else schema.empty_table()


def _array(values: Sequence[Any], kind: Any) -> pa.Array:
    """A column of an annotated type; None in the place of a tuple is an empty one."""
    import numpy as np
    import pyarrow as pa

    arrow_type = _arrow_type(kind)
    inner = _inner(kind)
    if inner is not None:
        lengths = [len(one) if one else 0 for one in values]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        flat = [item for one in values if one for item in one]
        return pa.ListArray.from_arrays(offsets, _array(flat, inner), type=arrow_type)
    record = _without_none(kind)
    if not dataclasses.is_dataclass(record):
        return pa.array(values, arrow_type)
    missing = [one is None for one in values]
    if all(missing):
        return pa.nulls(len(values), arrow_type)
    hints = typing.get_type_hints(record)
    children = [
        _array([None if one is None else getattr(one, name) for one in values], hint)
        for name, hint in hints.items()
    ]
    mask = pa.array(missing, pa.bool_()) if any(missing) else None
    return pa.StructArray.from_arrays(children, fields=list(arrow_type), mask=mask)


def _inner(kind: Any) -> Any:
    """What a tuple is made of; None for what is none."""
    kind = _without_none(kind)
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (a for a in typing.get_args(kind) if a is not type(None))
    return kind


@functools.cache
def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    kind = _without_none(kind)
    if typing.get_origin(kind) is tuple:
        return pa.list_(_arrow_type(typing.get_args(kind)[0]))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return pa.struct([(f.name, _arrow_type(hints[f.name])) for f in dataclasses.fields(kind)])
    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[kind]
