"""A table of the planned samples, to be filled in by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..errors import ExportError
from ..review.records import Returned
from .handover import Batch, Handed, HandOver

__all__ = ["COLUMNS", "Csv", "returned_row", "table_row"]

COLUMNS = (
    "item", "sample", "strategy", "prompt", "response", "rejected", "annotations", "suggestion",
    "score", "rationale", "verdict", "reason", "comment", "fixed_response", "reviewer",
)  # fmt: skip
"""The last five are for people to fill in."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Csv(HandOver):
    """`data.csv` with a row for each planned sample (UTF-8), and `guidelines.md`. People fill in
    `verdict` (accept, reject, fix, skip), `reason`, `comment`, `fixed_response` and `reviewer`. A
    cell that a spreadsheet would take for a formula begins with `'`."""

    kind: ClassVar[str] = "csv"

    def write(self, rows: Iterable[Handed], batch: Batch, folder: Path) -> list[Path]:
        """Write the table and the guidelines."""
        path, guidelines = folder / "data.csv", folder / "guidelines.md"
        guidelines.write_text(batch.guidelines, encoding="utf-8")
        with open(path, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([_plain(cell) for cell in table_row(row)] for row in rows)
        return [path, guidelines]

    def read(self, path: Path) -> Iterator[Returned]:
        """The filled-in rows."""
        csv.field_size_limit(2**31 - 1)
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                if missing := {"item", "verdict"} - set(reader.fieldnames or ()):
                    raise ExportError(
                        f"{path}: has no column {', '.join(sorted(missing))}; it is not the table"
                        " that was handed over"
                    )
                for row in reader:
                    cells = {name: _unplain(row.get(name)) for name in COLUMNS}
                    yield returned_row(f"{path}#{reader.line_num}", cells)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ExportError(f"{path}: cannot be read as CSV in UTF-8 ({error})") from error


def table_row(row: Handed) -> list[str]:
    """A row's cells, those for people empty."""
    score = "" if row.score is None else f"{row.score:.4g}"
    return [
        row.item, row.sample.id, row.sample.strategy, row.prompt, row.response, row.rejected,
        row.annotations, row.suggestion, score, row.rationale, "", "", "", "", "",
    ]  # fmt: skip


def returned_row(where: str, cells: Mapping[str, Any]) -> Returned:
    """What a filled-in row says."""
    text = {name: str(cells.get(name) or "") for name in COLUMNS}
    return Returned(
        where=where, item=text["item"].strip(), sample=text["sample"].strip(),
        reviewer=text["reviewer"], verdict=text["verdict"], reason=text["reason"],
        text=text["comment"], response=text["fixed_response"],
    )  # fmt: skip


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def _unplain(cell: str | None) -> str:
    text = cell or ""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text
