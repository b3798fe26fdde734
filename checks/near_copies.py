"""Which texts are nearly the same as an earlier one, exactly and without comparing all pairs.

Likeness is the Jaccard similarity of the texts' sets of shingles. What decides is the similarity
itself; the steps before only leave out pairs that cannot be as like as the threshold t:

1. A set with more than 1 - t of its shingles in no other text is like none
   (`shared_shingles`, with a table of 32-bit hashes; `shingle_sets`, exactly).
2. Sets that are like each other have one of their rarest shingles in common (`rare_shingles`), so
   that text that many have in common brings few together.
3. Sets meet those that are kept, and not those that were dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .shared_shingles import ShinglesOf, survey
from .shingle_sets import sets_of
from .walk import Walk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["NearCopy", "near_copies"]

_ROWS_AT_ONCE = 256


class NearCopy(NamedTuple):
    """A row that is as like an earlier one as the threshold.

    Attributes:
        row: its number.
        kept: the first row that is so like it and is no near copy itself.
        likeness: of the two, up to 1.
    """

    row: int
    kept: int
    likeness: float


def near_copies(
    shingles: ShinglesOf, portions: Sequence[Numbers], threshold: float
) -> Iterator[NearCopy]:
    """The near copies among texts, in row order: each row is compared with all that are kept
    before it, and is a copy where the likeness is the threshold or more.

    Rows whose shingles have the same number and the same 64-bit sum are taken to have the same
    ones. A row without shingles is like no other.

    Args:
        shingles: the shingles of some rows.
        portions: the numbers of all rows from 0, in their order, cut into portions that are looked
            at together.
        threshold: the least likeness, above 0 and up to 1.
    """
    import numpy as np

    found = survey(shingles, portions, threshold)
    # Of a portion few rows may be left; so many are put together that there are enough again.
    cuts = np.searchsorted(found.wanted, [rows[0] for rows in portions[1:]])
    cuts = cuts[np.diff(cuts // _ROWS_AT_ONCE, prepend=0) > 0]
    sets = sets_of(shingles, np.split(found.wanted, cuts), threshold)
    walk = Walk(sets, threshold)
    walk.run()
    kept = np.full(len(found.same_as), -1, np.int64)
    likeness = np.ones(len(kept))
    copies = np.flatnonzero(walk.kept >= 0)
    kept[sets.rows[copies]] = sets.rows[walk.kept[copies]]
    likeness[sets.rows[copies]] = walk.likeness[copies]
    # A row with the shingles of an earlier one goes where that went, or because of it.
    repeats = np.flatnonzero(found.same_as != np.arange(len(kept)))
    first = found.same_as[repeats]
    kept[repeats] = np.where(kept[first] >= 0, kept[first], first)
    likeness[repeats] = likeness[first]
    for row in np.flatnonzero(kept >= 0).tolist():
        yield NearCopy(row, int(kept[row]), float(likeness[row]))
