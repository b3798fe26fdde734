"""Seeds from files of instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from ..errors import SeedError
from ..records import Seed
from ..records.columns import name_columns
from ..records.shapes import ColumnMap, tasks_from_fields
from .base import BadRow, OnBadRow, SeedSource, bad_row, not_empty
from .files import File, at_hand, find_files
from .rows import SUFFIXES, Row, read_rows

__all__ = ["Tasks", "seeds_of"]


class Tasks(SeedSource):
    """Instructions in JSON Lines, JSON or CSV, with or without inputs and answers.

    A row is recognised by its columns' names: instruction, input and output; prompt and response;
    question and answer; problem and solution; messages; Self-Instruct's instruction with
    instances, each of which is a seed of its own. JSON Lines and CSV are read as they are needed,
    whatever their size; a JSON array is loaded whole. Files may be packed with gzip.

    A seed's source is `file#line`, the line where the row starts, from 1 (in a JSON array the
    row's number); from the second instance of a row on, `file#line.2` and so on.
    """

    kind = "tasks"

    path: str = Field(min_length=1)
    """A file, a folder (with all below it, in the order of names) or a pattern such as
    `tasks/*.jsonl`."""

    map: ColumnMap = Field(default_factory=dict)
    """Which column holds what, for columns with unusual names: `{instruction: my_column}`."""

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        files = self.files(base)
        yield from not_empty(self.path, lambda told: self.read_files(files, told), on_bad_row)

    def files(self, base: Path) -> Sequence[File]:
        return find_files(self.path, base, SUFFIXES)

    def read_files(
        self, files: Sequence[File], on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        for one in files:
            with at_hand(one) as file:
                yield from self._seeds(file, on_bad_row)

    def _seeds(self, file: File, on_bad_row: OnBadRow | None) -> Iterator[Seed]:
        for row in read_rows(file, on_bad_row):
            try:
                seeds = seeds_of(row, self.map, self.licence)
            except SeedError as error:
                bad_row(row.where, str(error), on_bad_row)
                continue
            if not seeds:
                bad_row(
                    row.where,
                    f"no instruction among the columns ({name_columns(row.fields)});"
                    " say which column holds it with `map: {instruction: COLUMN}`",
                    on_bad_row,
                )
            yield from seeds


def seeds_of(row: Row, mapping: dict[str, str], licence: str) -> list[Seed]:
    """The seeds in a row; none where it has no recognisable instruction.

    Raises:
        SeedError: the row has a known shape, but a part of it is empty or of the wrong form.
    """
    return [
        Seed(
            source=row.source if number == 1 else f"{row.source}.{number}",
            instruction=task.instruction,
            input=task.input,
            answer=task.answer,
            fields=row.fields,
            licence=licence,
        )
        for number, task in enumerate(tasks_from_fields(row.fields, mapping), 1)
    ]
