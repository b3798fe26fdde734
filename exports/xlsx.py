"""A workbook of the planned samples, to be filled in by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile

from ..errors import ExportError
from ..review.records import Returned
from .csv import COLUMNS, returned_row, table_row
from .handover import VERDICTS, Batch, Handed, HandOver

__all__ = ["Xlsx"]

_LONGEST = 32_767
"""Characters that a cell holds (Office Open XML, as Excel limits it)."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Xlsx(HandOver):
    """`data.xlsx` with a row for each planned sample, verdicts and reasons to choose from, and the
    guidelines on a sheet of their own. Needs openpyxl (`pip install 'silversmith[xlsx]'`)."""

    kind: ClassVar[str] = "xlsx"

    def write(self, rows: Iterable[Handed], batch: Batch, folder: Path) -> list[Path]:
        """Write the workbook."""
        openpyxl = _openpyxl()
        from openpyxl.worksheet.datavalidation import DataValidation

        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "samples"
        sheet.append(COLUMNS)
        count = 1
        for count, row in enumerate(rows, start=2):
            for column, text in enumerate(table_row(row), start=1):
                if not text:
                    continue
                cell = sheet.cell(count, column)
                cell.value = _cell(text)
                cell.data_type = "s"  # a text, whatever it begins with
        sheet.freeze_panes = "B2"
        choice = DataValidation(
            type="list", formula1=f'"{",".join(VERDICTS)}"', allow_blank=True, showErrorMessage=True
        )
        sheet.add_data_validation(choice)
        column = openpyxl.utils.get_column_letter(COLUMNS.index("verdict") + 1)
        choice.add(f"{column}2:{column}{max(count, 2)}")
        about = book.create_sheet("guidelines")
        lines = [*batch.guidelines.splitlines(), "", *(f"reason: {r}" for r in batch.reasons)]
        for number, line in enumerate(lines, start=1):
            if line:
                place = about.cell(number, 1)
                place.value, place.data_type = _cell(line), "s"
        path = folder / "data.xlsx"
        book.save(path)
        return [path]

    def read(self, path: Path) -> Iterator[Returned]:
        """The filled-in rows of the first sheet."""
        openpyxl = _openpyxl()
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            rows: Iterator[tuple[Any, ...]] = book.worksheets[0].iter_rows(values_only=True)
            names = [str(name) for name in next(rows, ())]
        except (OSError, KeyError, ValueError, BadZipFile, InvalidFileException) as error:
            raise ExportError(f"{path}: cannot be read as a workbook ({error})") from error
        if missing := {"item", "verdict"} - set(names):
            raise ExportError(
                f"{path}: has no column {', '.join(sorted(missing))}; it is not the table that was"
                " handed over"
            )
        for number, row in enumerate(rows, start=2):
            yield returned_row(f"{path}#{number}", dict(zip(names, row, strict=False)))
        book.close()


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise ExportError(
            "Workbooks need openpyxl, which is not installed: pip install 'silversmith[xlsx]', or"
            " use --format csv"
        ) from error
    return openpyxl


def _cell(text: str) -> str:
    """What a cell can hold; the whole text stays in the dataset."""
    text = _NO_XML.sub("\ufffd", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
