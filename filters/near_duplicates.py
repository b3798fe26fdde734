"""Keeps one of the samples that say nearly the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ..checks.near_copies import near_copies
from ..checks.shared_shingles import ShinglesOf
from ..checks.shingles import Shingles, Unit, shingles_of
from .base import DatasetFilter, Drop

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["NearDuplicates"]

_ROWS_AT_ONCE = 512
_BYTES_AT_ONCE = 1 << 20


class NearDuplicates(DatasetFilter):
    """Drops samples whose text is nearly that of an earlier sample that is kept.

    Likeness is the Jaccard similarity of the sets of shingles: all runs of `shingle` words, without
    case and punctuation; a shorter text is one shingle; in scripts without spaces each character
    is a word. Rows are walked in the dataset's order, and a row goes if a row kept before it is as
    like as `threshold`; the first such row is the one that it is dropped because of. A text without
    words is like no other.

    Nothing is dropped, and nothing kept, on an estimate: see `silversmith.checks.near_copies`.

    Needs about 2 bytes of memory for each character besides the table where few rows have a
    partner, and 7.5 where all have one.
    """

    kind: ClassVar[str] = "near_duplicates"
    scalar: ClassVar[str] = "threshold"

    threshold: Annotated[float, Field(ge=0.3, le=1)] = 0.7
    """Least Jaccard similarity of duplicates, 0.3 to 1."""

    on: Literal["prompt", "response", "both"] = "both"
    """Which text: all before the last assistant message, that message, or both as one."""

    shingle: Annotated[int, Field(ge=1, le=50)] = 5
    """Words in a shingle."""

    unit: Unit = "words"
    """What a shingle is a run of: words, or characters (of the words, with one space between
    them)."""

    def drops(self, table: pa.Table) -> Iterable[Drop]:
        """Rows with an earlier, kept row that is as like as the threshold, in row order."""
        ids = table.column("id")
        for copy in near_copies(*self.shingled(table), self.threshold):
            yield Drop(copy.row, self.reason(copy.likeness, ids[copy.kept].as_py()), copy.kept)

    def shingled(self, table: pa.Table) -> tuple[ShinglesOf, list[NDArray[np.int64]]]:
        """What gives the shingles of some rows of a table, and all rows in portions that are
        looked at together."""
        columns = [table.column(name) for name in self._names]
        columns = [column.combine_chunks() for column in columns]

        def shingles(rows: NDArray[np.int64]) -> Shingles:
            return shingles_of(_joined(columns, rows), self.shingle, self.unit)

        return shingles, _portions(columns)

    def reason(self, likeness: float, kept: str) -> str:
        """Why a row goes that is so like the sample with the id `kept`."""
        # Rounded down, so that 1.00 says that the shingles are the same.
        shown = math.floor(likeness * 100 + 1e-9) / 100
        return f"{shown:.2f} with {kept[:8]}"

    def bytes_per_row(self, characters: float) -> float:
        """The shingles as if all rows had a partner (measured); with few such rows a quarter."""
        return 300 + 7.5 * characters

    @property
    def _names(self) -> list[str]:
        return ["prompt", "response"] if self.on == "both" else [self.on]


def _joined(columns: Sequence[pa.LargeStringArray], rows: NDArray[np.int64]) -> pa.Array:
    """The texts of some rows, with a line end between those of two columns."""
    import pyarrow as pa
    from pyarrow import compute

    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows):
        parts = [column.slice(first, len(rows)) for column in columns]
    else:
        parts = [column.take(pa.array(rows)) for column in columns]
    if len(parts) == 1:
        return parts[0]
    parts = [compute.fill_null(part, "") for part in parts]
    return compute.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()))


def _portions(columns: Sequence[pa.LargeStringArray]) -> list[NDArray[np.int64]]:
    """All rows, cut where there are enough of them or their texts are long together."""
    import numpy as np
    from pyarrow import compute

    rows = len(columns[0])
    lengths = sum(
        compute.fill_null(compute.binary_length(column), 0).to_numpy() for column in columns
    )
    portion = np.cumsum(lengths) // _BYTES_AT_ONCE
    starts = np.flatnonzero(
        (np.diff(portion, prepend=-1) > 0) | (np.arange(rows) % _ROWS_AT_ONCE == 0)
    )
    return np.split(np.arange(rows), starts[1:]) if rows else []
