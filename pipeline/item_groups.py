"""Groups of items: by a column's values, and by length in thirds."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from ..errors import SeedError
from ..measures.findings import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LENGTH", "Lengths", "Names"]

LENGTH = "length"
"""The split by the length of the answer."""

MOST_GROUPS = 20
"""Of more groups, the largest are shown."""


class Names:
    """Groups by name, as the items are read.

    Args:
        by: the column.
    """

    def __init__(self, by: str) -> None:
        self.by = by
        self._code_of: dict[str, int] = {}
        self._codes = array("i")

    def append(self, name: str) -> None:
        """The next item's group; "" for none."""
        self._codes.append(self._code_of.setdefault(name or "(none)", len(self._code_of)))

    def split(self, notes: list[str]) -> Split:
        """The groups, largest first."""
        import numpy as np

        codes = np.frombuffer(self._codes, dtype=np.int32)
        order = np.argsort(-np.bincount(codes), kind="stable")[:MOST_GROUPS]
        place = np.full(len(self._code_of), -1, dtype=np.int32)
        place[order] = np.arange(len(order))
        if len(order) < len(place):
            notes.append(
                f"{self.by} has {len(place):,} values; the {len(order)} most frequent are shown."
            )
        names = list(self._code_of)
        return Split(self.by, tuple(names[number] for number in order), place[codes])


class Lengths:
    """Lengths of the items' answers in characters, as they are read."""

    def __init__(self) -> None:
        self._lengths = array("d")
        self._first_without = ""

    def append(self, length: int) -> None:
        """The next item's length."""
        self._lengths.append(length)

    def append_none(self, reason: str) -> None:
        """The next item's length is not known."""
        self._lengths.append(float("nan"))
        self._first_without = self._first_without or reason

    def split(self, data: str, notes: list[str]) -> Split:
        """Short, medium and long: up to the first third, up to the second, and beyond. Items of
        one length are in one group.

        Raises:
            SeedError: no length is known.
        """
        import numpy as np

        lengths = np.frombuffer(self._lengths, dtype=np.float64)
        known = ~np.isnan(lengths)
        if not known.any():
            raise SeedError(
                f"{data}: the length of the answers is not known ({self._first_without}); say which"
                " columns hold the text with --length-of"
            )
        if not known.all():
            lost = int((~known).sum())
            notes.append(
                f"{lost:,} rows are in no group by length; the first: {self._first_without}."
            )
        groups, names = _thirds(lengths, known)
        if len(names) == 1:
            notes.append("All answers are of one length: there is no split by it.")
        return Split(LENGTH, names, groups)


def _thirds(
    lengths: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    import numpy as np

    low, high = np.quantile(lengths[known], [1 / 3, 2 / 3], method="lower")
    if lengths[known].min() == lengths[known].max():
        return np.where(known, 0, -1).astype(np.int32), (f"{low:,.0f} characters",)
    groups = (lengths > low).astype(np.int32) + (lengths > high)
    names = (
        f"short (to {low:,.0f})",
        f"medium (to {high:,.0f})",
        f"long (over {high:,.0f})",
    )
    return np.where(known, groups, -1).astype(np.int32), names
