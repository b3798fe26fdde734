"""Samples into Parquet files, in parts, with flat memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..records import sample_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

__all__ = ["ParquetParts"]

ROWS_PER_PART = 100_000


class ParquetParts:
    """Writes `part-00000.parquet` and on into one folder; a context manager.

    A folder without rows still gets one file, so that every reader finds the columns.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.rows = 0
        self._parts = 0
        self._rows_in_part = 0
        self._writer: parquet.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._parts == 0:
            self.write(sample_schema().empty_table())
        self._close()

    def write(self, table: pa.Table) -> None:
        """Add rows; each call makes one row group."""
        from pyarrow import parquet

        if self._writer is None or self._rows_in_part >= ROWS_PER_PART:
            self._close()
            path = self.folder / f"part-{self._parts:05}.parquet"
            self._writer = parquet.ParquetWriter(path, sample_schema(), compression="zstd")
            self._parts += 1
            self._rows_in_part = 0
        self._writer.write_table(table)
        self._rows_in_part += table.num_rows
        self.rows += table.num_rows

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
