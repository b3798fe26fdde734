"""The columns of the Parquet files, derived from `Sample`: the same for every strategy."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .sample import Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_columns", "sample_schema", "table_from_json"]


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

    pa.array([""])  # the first one looks for pandas, and loads it
    sample_schema()


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


def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (a for a in typing.get_args(kind) if a is not type(None))
    if typing.get_origin(kind) is tuple:
        return pa.list_(_arrow_type(typing.get_args(kind)[0]))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return pa.struct([(f.name, _arrow_type(hints[f.name])) for f in dataclasses.fields(kind)])
    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[kind]
