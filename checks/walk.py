"""The walk through sets that keeps those that are like no set kept before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .rare_shingles import Kept, RareShingles, count_within, meet_within
from .shingle_sets import ShingleSets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Walk"]

_SETS_AT_ONCE = 4096
_PAIRS_AT_ONCE = 50_000
_MEETINGS_AT_ONCE = 4_000_000
_FEW_MEETINGS = 100_000
_ROUNDING = 1e-9


class Walk:
    """A walk through sets in their order, which keeps those that are like no set kept before.

    Args:
        sets: the sets.
        threshold: the least likeness of two that are alike.
        known: so many of them, the first ones, are kept: that has been decided.

    Attributes:
        kept: for each set the first kept one that it is like, or -1 where it is kept itself.
        likeness: of the two.
    """

    def __init__(self, sets: ShingleSets, threshold: float, *, known: int = 0) -> None:
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
        self._known = known
        self._index.add(self._rare.of(np.arange(known)))

    def run(self) -> None:
        """Walk through all sets."""
        for sets in self._portions():
            self._compare(sets)
            self._settle(sets[self.kept[sets] < 0])

    def compare(self) -> None:
        """Compare the other sets with those that are known to be kept, and not yet with each
        other."""
        for sets in self._portions():
            self._compare(sets)

    def _portions(self) -> Iterator[Numbers]:
        import numpy as np

        for start in range(self._known, len(self.kept), _SETS_AT_ONCE):
            yield np.arange(start, min(start + _SETS_AT_ONCE, len(self.kept)))

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
