"""What a filter is: one that looks at a sample, one that looks at columns of many, or one that
looks at the whole dataset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..records import Component, Sample
from ..records.redaction import PlacedSpan
from .columns import Columns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ColumnFilter", "DatasetFilter", "Drop", "Filter", "Finding"]


class Filter(Component, ABC):
    """Keeps or drops a sample by itself, with a reason that a person can check."""

    @abstractmethod
    def reason_to_drop(self, sample: Sample) -> str | None:
        """Why the sample should go, in a few words with the value that decided; None keeps it."""

    def in_question(self, columns: Columns) -> Iterable[int] | None:
        """The only samples that it may drop or be unable to decide, by their number in the
        columns, where the columns tell that faster than the samples; None where all may be."""
        return None

    def redactions(self, columns: Columns) -> Mapping[int, Sequence[PlacedSpan]]:
        """What is to be redacted in samples that are kept, by their number in the columns."""
        return {}


class ColumnFilter(Filter):
    """A filter for many rows: as `Filter`, but it looks at the columns of some thousand samples
    at once. What it says of a sample must not depend on the others."""

    @abstractmethod
    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """Why samples should go, by their number in the columns; the others are kept. What is
        said of a sample that an earlier filter has dropped is not looked at."""

    def reason_to_drop(self, sample: Sample) -> str | None:
        """As `reasons_to_drop`, for one."""
        return self.reasons_to_drop(Columns.of([sample])).get(0)


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


@dataclass(frozen=True, slots=True)
class Finding:
    """What a dataset filter found besides what it drops, for the manifest.

    Attributes:
        name: one of a few words with underscores.
        value: as JSON has it.
    """

    name: str
    value: Any


class DatasetFilter(Component, ABC):
    """Keeps or drops samples by looking at all that the filters before it have kept."""

    columns: ClassVar[tuple[str, ...]] = ("id", "prompt", "response")
    """The columns that it reads: of id, strategy, seed (its id), score, criteria (a list of
    `criterion` and `score`), labels, prompt (all text
    before the last assistant message), instruction (the last user message), response (the last
    assistant message; for a contrast pair, the chosen one), rejected (the same of the rejected
    half), flaw (the name of a pair's flaw, or "") and flaw_of_length (whether it is one of
    length)."""

    @abstractmethod
    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """What to drop, and what was found besides. The rows stand in the dataset's order, and a
        rule that prefers one sample over another prefers the earlier row."""

    def bytes_per_row(self, characters: float) -> float | None:
        """The memory that the filter takes for a row at its peak, in bytes, besides the table; for
        `plan`. None where nobody knows.

        Args:
            characters: how long the texts of a row are together, on the average.
        """
        return None
