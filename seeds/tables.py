"""Rows of Parquet and Arrow files, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import SeedError
from .files import File, reason_of
from .rows import Row
from .values import plain

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TABLE_SUFFIXES", "read_table", "rows_of_table"]

TABLE_SUFFIXES = (".parquet", ".arrow", ".feather")
"""Endings of the files that `read_table` reads."""

_BATCH = 256
"""Rows held at once."""

_BUFFER = 2**20
"""Bytes of each column of a Parquet file read at once; without it, a whole row group would be."""


def read_table(file: File) -> Iterator[Row]:
    """The rows of a Parquet or Arrow file (stream or file format), a few at a time.
    Values that JSON has no word for are put in words, see `plain`; a row's source is `file#n`
    with its number, from 1.

    Raises:
        SeedError: the file is damaged, or is no such file.
    """
    import pyarrow as pa

    number = 0
    try:
        for batch in _batches(file):
            yield from rows_of_table(batch, file.name, number)
            number += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SeedError(f"{file.name}: cannot be read ({reason_of(error)})") from error


def rows_of_table(table: pa.Table | pa.RecordBatch, name: str, before: int) -> Iterator[Row]:
    """The rows of a table that comes after `before` rows of the dataset called `name`."""
    for number, fields in enumerate(table.to_pylist(), before + 1):
        yield Row(plain(fields), f"{name}#{number}", f"{name}, row {number}")


def _batches(file: File) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if file.name.lower().endswith(".parquet"):
        from pyarrow import parquet

        opening = parquet.ParquetFile(file.path, buffer_size=_BUFFER, pre_buffer=False)
        with opening as opened:
            yield from opened.iter_batches(batch_size=_BATCH, use_threads=False)
        return
    with pa.OSFile(str(file.path)) as source:
        try:
            reader = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            batches: Iterator[pa.RecordBatch] = iter(pa.ipc.open_stream(source))
        else:
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        for batch in batches:
            for start in range(0, batch.num_rows, _BATCH):
                yield batch.slice(start, _BATCH)
