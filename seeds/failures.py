"""Seeds from failures of an evaluation, as `silversmith next` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from ..records import Seed
from .base import BadRow, OnBadRow, SeedSource, bad_row, not_empty
from .files import File, at_hand, find_files
from .rows import Row, read_rows

__all__ = ["Failures"]


class Failures(SeedSource):
    """What a model fails at, group by group: descriptions of tasks, never the tasks themselves.

    Each row has a `failure_group`, which every sample drafted from it names in
    `seed.failure_group`, and an `instruction`, which says what to draft. The evaluation that the
    failures come from must stay out of the samples: a recipe with such seeds has a filter
    `decontaminate` against all files of `evaluations`, or is refused.
    """

    kind = "failures"

    path: str = Field(min_length=1)
    """A JSON Lines file with the columns failure_group and instruction."""

    evaluations: tuple[str, ...] = Field(min_length=1)
    """The files with the evaluations' items, which a filter `decontaminate` has to name."""

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        files = self.files(base)
        yield from not_empty(self.path, lambda told: self.read_files(files, told), on_bad_row)

    def files(self, base: Path) -> Sequence[File]:
        return find_files(self.path, base, (".jsonl", ".jsonl.gz"))

    def read_files(
        self, files: Sequence[File], on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        for one in files:
            with at_hand(one) as file:
                for row in read_rows(file, on_bad_row):
                    if (seed := self._seed(row, on_bad_row)) is not None:
                        yield seed

    def _seed(self, row: Row, on_bad_row: OnBadRow | None) -> Seed | None:
        for column in ("failure_group", "instruction"):
            value = row.fields.get(column)
            if not isinstance(value, str) or not value.strip():
                bad_row(row.where, f"has no text in the column {column!r}", on_bad_row)
                return None
        return Seed(
            source=row.source,
            instruction=row.fields["instruction"],
            fields=row.fields,
            licence=self.licence,
            failure_group=row.fields["failure_group"],
        )
