"""How the rows of a format become a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

import orjson

from ..records import table_from_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArrowStream", "JsonLines", "Sink"]

_ROWS_AT_ONCE = 500


class Sink(Protocol):
    """Takes rows, one after the other."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a row, or keep it for now."""

    def finish(self) -> None:
        """Write what is left; the file stays open."""


class JsonLines:
    """JSON, one object a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a row."""
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def finish(self) -> None:
        """Nothing is left."""


class ArrowStream:
    """Samples as an Arrow stream with the columns of a run's Parquet files."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rows: list[bytes] = []
        self._writer: pa.RecordBatchStreamWriter | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a row, and write some hundred at once."""
        self._rows.append(orjson.dumps(row))
        if len(self._rows) == _ROWS_AT_ONCE:
            self._write()

    def finish(self) -> None:
        """Write what is left, and the stream's end."""
        self._write()
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa

        table = table_from_json(self._rows)
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._file, table.schema)
        self._writer.write_table(table)
        self._rows.clear()
