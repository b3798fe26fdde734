"""What a filter is: one that looks at a sample, or one that looks at the whole dataset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..records import Component, Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DatasetFilter", "Drop", "Filter"]


class Filter(Component, ABC):
    """Keeps or drops a sample by itself, with a reason that a person can check."""

    @abstractmethod
    def reason_to_drop(self, sample: Sample) -> str | None:
        """Why the sample should go, in a few words with the value that decided; None keeps it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A dataset filter drops a row of its table.

    Attributes:
        row: the row's number in the table, from 0.
        reason: why, in a few words.
        because_of: the number of the row that was preferred, or None.
    """

    row: int
    reason: str
    because_of: int | None = None


class DatasetFilter(Component, ABC):
    """Keeps or drops samples by looking at all that the filters before it have kept."""

    columns: ClassVar[tuple[str, ...]] = ("id", "prompt", "response")
    """The columns that it reads: of id, strategy, seed, score, prompt (all text before the last
    assistant message) and response (the last assistant message; for a contrast pair, the chosen
    one)."""

    @abstractmethod
    def drops(self, table: pa.Table) -> Iterable[Drop]:
        """What to drop. The rows stand in the dataset's order, and a rule that prefers one
        sample over another prefers the earlier row."""

    def bytes_per_row(self, characters: float) -> float | None:
        """The memory that the filter takes for a row at its peak, in bytes, besides the table; for
        `plan`. None where nobody knows.

        Args:
            characters: how long the texts of a row are together, on the average.
        """
        return None
