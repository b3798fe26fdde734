"""Sets of shingles that carry along how often each shingle occurs, so that portions of a dataset
that lie on different machines can be compared two by two, with the result of one walk through all.

A walk through all sets keeps those that are like no set kept before. It may be taken portion by
portion, in their order: a portion is first compared with what each portion before it has kept
(`compare`), and then walked through itself (`settle`). Any two portions list their shingles by the
same order, the rarest in all the dataset first, so that sets that are like each other have one of
their rarest shingles in common, as `rare_shingles` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .rare_shingles import are_rare
from .shingle_sets import ShingleSets
from .walk import Walk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Found", "RareSets", "compare", "distinct", "joined", "rare_sets", "settle"]


class RareSets(NamedTuple):
    """Some sets, without the shingles that no other set of the dataset has.

    Attributes:
        rows: the numbers of the texts, ascending.
        sizes: how many shingles each of them has, those left out included.
        hashes: of all sets in one array; of each set the rarest first, and of equally rare ones
            the lower.
        often: in how many sets of the dataset each of these is.
        offsets: set i lies from offsets[i] to offsets[i + 1].
    """

    rows: Numbers
    sizes: Numbers
    hashes: NDArray[np.uint64]
    often: NDArray[np.uint32]
    offsets: Numbers

    def at(self, which: NDArray[np.bool_]) -> RareSets:
        """Some of them."""
        import numpy as np

        counts = np.diff(self.offsets)
        listed = np.repeat(which, counts)
        offsets = np.concatenate(([0], np.cumsum(counts[which])))
        return RareSets(
            self.rows[which], self.sizes[which], self.hashes[listed], self.often[listed], offsets
        )


class Found(NamedTuple):
    """What is known of some sets.

    Attributes:
        kept: the row of the first kept set that each is like; -1 where there is none, or none is
            known yet.
        likeness: of the two.
    """

    kept: Numbers
    likeness: NDArray[np.float64]

    @classmethod
    def nothing(cls, count: int) -> Found:
        """Of so many sets nothing is known."""
        import numpy as np

        return cls(np.full(count, -1, np.int64), np.zeros(count))


def distinct(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The shingles of each text without repetitions, and how many they are; of 65,536 texts at
    most."""
    import numpy as np

    count = len(offsets) - 1
    owner = np.repeat(np.arange(count, dtype=np.uint16), np.diff(offsets))
    order = np.argsort(hashes)
    order = order[np.argsort(owner[order], kind="stable")]
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    return hashes[new], np.bincount(owner[new], minlength=count)


def rare_sets(
    rows: Numbers,
    hashes: NDArray[np.uint64],
    sizes: Numbers,
    often: NDArray[np.uint32],
    threshold: float,
) -> RareSets:
    """The sets of rows that may be like another one: a row is left out if more than 1 - threshold
    of its shingles are in no other.

    Args:
        rows: the numbers of the texts, ascending.
        hashes: their different shingles, one text after the other.
        sizes: how many each has.
        often: in how many texts of the dataset each of the hashes is.
        threshold: the least likeness of two that are alike.
    """
    import numpy as np

    owner = np.repeat(np.arange(len(sizes)), sizes)
    shared = often > 1
    counts = np.bincount(owner[shared], minlength=len(sizes))
    wanted = (counts > 0) & (sizes - counts <= (1 - threshold) * sizes + 1e-9)
    kept = np.flatnonzero(shared & wanted[owner])
    kept = kept[np.lexsort((hashes[kept], often[kept], owner[kept]))]
    offsets = np.concatenate(([0], np.cumsum(counts[wanted])))
    return RareSets(rows[wanted], sizes[wanted], hashes[kept], often[kept], offsets)


def joined(parts: Sequence[RareSets]) -> RareSets:
    """Neighbouring portions as one."""
    import numpy as np

    counts = [np.diff(part.offsets) for part in parts]
    offsets = np.concatenate(([0], np.cumsum(np.concatenate([np.empty(0, np.int64), *counts]))))
    rows, sizes, hashes, often = (
        np.concatenate([part[place] for part in parts]) for place in range(4)
    )
    return RareSets(rows, sizes, hashes, often, offsets)


def compare(
    sets: RareSets, found: Found, earlier: RareSets, found_earlier: Found, threshold: float
) -> Found:
    """What is known of some sets when they have been compared with those that are kept of an
    earlier portion, and with those of all portions before that one in turn.

    Args:
        found: what is known of the sets so far.
        found_earlier: what is known of the earlier sets, once they are settled.
    """
    import numpy as np

    open_ = np.flatnonzero(found.kept < 0)
    mine, others = sets.at(found.kept < 0), earlier.at(found_earlier.kept < 0)
    near, near_others = _meeting(mine, others, threshold)
    if not near.any():
        return found
    open_, mine, others = open_[near], mine.at(near), others.at(near_others)
    both = _numbered(joined([others, mine]))
    known = len(others.rows)
    walk = Walk(both, threshold, known=known)
    walk.compare()
    return _with(found, open_, walk, known, both.rows)


def settle(sets: RareSets, found: Found, threshold: float) -> Found:
    """What becomes of some sets that have been compared with all that are kept before them."""
    import numpy as np

    open_ = np.flatnonzero(found.kept < 0)
    left = _numbered(sets.at(found.kept < 0))
    walk = Walk(left, threshold)
    walk.run()
    return _with(found, open_, walk, 0, left.rows)


def _with(found: Found, open_: Numbers, walk: Walk, known: int, rows: Numbers) -> Found:
    """What was known, with what a walk has found about the sets `open_`."""
    import numpy as np

    kept, likeness = found.kept.copy(), found.likeness.copy()
    copies = np.flatnonzero(walk.kept[known:] >= 0)
    kept[open_[copies]] = rows[walk.kept[known:][copies]]
    likeness[open_[copies]] = walk.likeness[known:][copies]
    return Found(kept, likeness)


def _meeting(
    one: RareSets, other: RareSets, threshold: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which sets of each side have one of their rare shingles among those of the other side."""
    import numpy as np

    sides = []
    for sets in (one, other):
        rare = are_rare(sets.offsets, sets.sizes, threshold)
        owner = np.repeat(np.arange(len(sets.rows)), np.diff(sets.offsets))
        sides.append((sets.hashes[rare], owner[rare]))
    common = np.intersect1d(sides[0][0], sides[1][0])
    meeting = []
    for sets, (hashes, owner) in zip((one, other), sides, strict=True):
        meets = np.zeros(len(sets.rows), bool)
        if len(common):
            place = np.minimum(np.searchsorted(common, hashes), len(common) - 1)
            meets[owner[common[place] == hashes]] = True
        meeting.append(meets)
    return meeting[0], meeting[1]


def _numbered(sets: RareSets) -> ShingleSets:
    """The sets with their shingles numbered by rarity."""
    import numpy as np

    different, place = np.unique(sets.hashes, return_inverse=True)
    often = np.zeros(len(different), np.uint32)
    often[place] = sets.often
    number = np.empty(len(different), np.int32)
    number[np.argsort(often, kind="stable")] = np.arange(len(different), dtype=np.int32)
    return ShingleSets(sets.rows, sets.sizes, number[place], sets.offsets, len(different))
