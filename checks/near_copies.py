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

from .rare_shingles import Kept, RareShingles, count_within, meet_within
from .shared_shingles import ShinglesOf, survey
from .shingle_sets import ShingleSets, sets_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["NearCopy", "near_copies"]

_ROWS_AT_ONCE = 256
_SETS_AT_ONCE = 4096
_PAIRS_AT_ONCE = 50_000
_MEETINGS_AT_ONCE = 4_000_000
_FEW_MEETINGS = 100_000
_ROUNDING = 1e-9


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
    walk = _Walk(sets, threshold)
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


class _Walk:
    """A walk through sets in their order, which keeps those that are like no set kept before.

    Attributes:
        kept: for each set the first kept one that it is like, or -1 where it is kept itself.
        likeness: of the two.
    """

    def __init__(self, sets: ShingleSets, threshold: float) -> None:
        import numpy as np
        from scipy import sparse

        count = len(sets.rows)
        self._threshold = threshold
        self._sizes = sets.sizes
        self._matrix = sparse.csr_array(
            (np.ones(len(sets.numbers), np.int8), sets.numbers, sets.offsets),
            shape=(count, sets.different),
        )
        self._rare = RareShingles(sets, threshold)
        self._index = Kept(self._rare.room)
        self.kept = np.full(count, -1, np.int64)
        self.likeness = np.zeros(count)

    def run(self) -> None:
        """Walk through all sets."""
        import numpy as np

        for start in range(0, len(self.kept), _SETS_AT_ONCE):
            sets = np.arange(start, min(start + _SETS_AT_ONCE, len(self.kept)))
            self._compare(sets)
            self._settle(sets[self.kept[sets] < 0])

    def _compare(self, sets: Numbers) -> None:
        """Take note of sets that are like a kept one, each of the first of them."""
        import numpy as np

        entries = self._rare.of(sets)
        if len(sets) > 1 and self._index.count(entries) > _MEETINGS_AT_ONCE:
            for half in np.array_split(sets, 2):
                self._compare(half)
            return
        later, earlier, likeness = self._alike(*self._index.meet(entries))
        one, first = np.unique(later, return_index=True)
        self.kept[one], self.likeness[one] = earlier[first], likeness[first]

    def _settle(self, sets: Numbers) -> None:
        """Decide about sets that have been compared with all that are kept before them, and not
        yet with each other."""
        import numpy as np

        entries = self._rare.of(sets)
        if len(sets) > 1 and count_within(entries) > _FEW_MEETINGS:
            first, second = np.array_split(sets, 2)
            self._settle(first)
            self._compare(second)
            self._settle(second[self.kept[second] < 0])
            return
        later, earlier, likeness = (each.tolist() for each in self._alike(*meet_within(entries)))
        for one, other, like in zip(later, earlier, likeness, strict=True):
            if self.kept[one] < 0 and self.kept[other] < 0:
                self.kept[one], self.likeness[one] = other, like
        self._index.add(self._rare.of(sets[self.kept[sets] < 0]))

    def _alike(
        self, later: Numbers, earlier: Numbers
    ) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
        """Of some pairs those that are as like as the threshold, in their order, with the
        likeness."""
        import numpy as np

        small = np.minimum(self._sizes[later], self._sizes[earlier])
        large = np.maximum(self._sizes[later], self._sizes[earlier])
        possible = small >= self._threshold * large - _ROUNDING
        later, earlier = later[possible], earlier[possible]
        both = small[possible] + large[possible]
        shared = np.empty(len(later), np.int64)
        for start in range(0, len(later), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            product = self._matrix[later[part]].multiply(self._matrix[earlier[part]])
            shared[part] = np.diff(product.indptr)
        likeness = shared / (both - shared)
        like = likeness >= self._threshold
        return later[like], earlier[like], likeness[like]
