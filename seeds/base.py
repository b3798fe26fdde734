"""What a source of seeds is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from ..errors import SeedError
from ..records import Component, Seed
from .files import File

__all__ = ["BadRow", "OnBadRow", "SeedSource", "bad_row", "not_empty"]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read: where (`file:line`), and why."""

    where: str
    reason: str


OnBadRow = Callable[[BadRow], None]
T = TypeVar("T")


class SeedSource(Component, ABC):
    """Reads seeds, lazily and always in the same order."""

    scalar: ClassVar[str] = "path"

    licence: str = ""
    """The licence of the source; carried into every sample."""

    @abstractmethod
    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        """The seeds, one by one.

        Args:
            base: the folder that relative paths start from (the recipe's).
            on_bad_row: is told of a row that cannot be read, which is then passed over; by
                default such a row ends the reading with a SeedError.

        Raises:
            SeedError: the source is missing, empty or broken; says file and line.
        """

    def files(self, base: Path) -> Sequence[File] | None:
        """The files that `read` reads, one after the other, so that several machines can share
        them; None where it does not read files each by itself.

        Raises:
            SeedError: the source is missing.
        """
        return None

    def read_files(
        self, files: Sequence[File], on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        """The seeds in some of its `files`, as `read` gives them; perhaps none.

        Raises:
            SeedError: a file is broken.
        """
        raise NotImplementedError(f"{self.kind} does not read files each by itself")


def bad_row(where: str, reason: str, on_bad_row: OnBadRow | None) -> None:
    """Tell `on_bad_row` of a row (or a whole document) that cannot be read.

    Raises:
        SeedError: there is nobody to tell.
    """
    if on_bad_row is None:
        raise SeedError(f"{where}: {reason}; fix it, or pass over such rows with --skip-bad-rows")
    on_bad_row(BadRow(where, reason))


def not_empty(
    path: str, read: Callable[[OnBadRow | None], Iterator[T]], on_bad_row: OnBadRow | None
) -> Iterator[T]:
    """What `read` gives.

    Raises:
        SeedError: that is nothing; says what is wrong with the first row that cannot be read.
    """
    bad: list[BadRow] = []

    def note(row: BadRow) -> None:
        bad[:] = bad or [row]
        assert on_bad_row is not None  # else the row had ended the reading
        on_bad_row(row)

    empty = True
    for one in read(note if on_bad_row else None):
        empty = False
        yield one
    if empty:
        why = "".join(f": {row.where} {row.reason}" for row in bad)
        raise SeedError(f"{path}: holds no row that can be used{why}")
