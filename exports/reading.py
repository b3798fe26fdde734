"""The rows of an export, read back beside the ids of their samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ..errors import ExportError
from ..records import Sample
from .provenance import ExportedFile

__all__ = ["Reading", "read_lines", "read_rows"]


class Reading:
    """A file with rows, and the ids of their samples, read row by row.

    Attributes:
        path, split: of the file.
        number: of the row that it stands at, from 1.
        id: of that row's sample; None at the end.
    """

    def __init__(self, folder: Path, file: ExportedFile) -> None:
        self.path, self.split = file.path, file.split
        rows = read_rows(folder, file)
        if file.ids is None:
            self._rows: Iterator[tuple[str, Any]] = ((str(row.get("id")), row) for row in rows)
        else:
            self._rows = zip(read_lines(folder / file.ids), rows, strict=False)
        self.number = 0
        self.id: str | None = None
        self._row: Any = None
        self._next()

    def pass_over(self, sample: Sample, *, checked: bool) -> list[str]:
        """Go past the rows of a sample; what is wrong with them."""
        asked = next((turn.content for turn in sample.messages if turn.role == "user"), "")
        wrong = []
        while self.id == sample.id:
            if checked and not any(asked in text for text in _texts(self._row)):
                wrong.append(
                    f"{self.path}, row {self.number} has not the prompt of its sample {sample.id}"
                )
            self._next()
        return wrong

    def _next(self) -> None:
        self.number += 1
        self.id, self._row = next(self._rows, (None, None))


def read_rows(folder: Path, file: ExportedFile) -> Iterator[dict[str, Any]]:
    """The rows of a file.

    Raises:
        ExportError: it cannot be read; says the line.
    """
    path = folder / file.path
    if path.suffix == ".arrow":
        yield from _read_arrow(path)
        return
    try:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                row = orjson.loads(line)
                if not isinstance(row, dict):
                    raise ExportError(f"{path}, line {number}: is no JSON object")
                yield row
    except orjson.JSONDecodeError as error:
        raise ExportError(f"{path}, line {number}: is no JSON ({error})") from error
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror})") from error


def _read_arrow(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ExportError(f"{path} cannot be read as Arrow ({error})") from error


def read_lines(path: Path) -> list[str]:
    """The lines of a file of ids.

    Raises:
        ExportError: it cannot be read.
    """
    try:
        # Not by splitlines, which takes more signs for the end of a line.
        return path.read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read ({error})") from error


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
