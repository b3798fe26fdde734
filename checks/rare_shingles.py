"""Which sets meet: those that have one of their rarest shingles in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .shingle_sets import ShingleSets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Pairs = tuple[Numbers, Numbers]

__all__ = ["Entries", "Kept", "RareShingles", "are_rare", "count_within", "meet_within"]

_ROUNDING = 1e-9


class Entries(NamedTuple):
    """Rare shingles of some sets.

    Attributes:
        shingle, owner: the shingle and the set.
        short: whether it is among the fewer ones that do where the other set is not smaller.
    """

    shingle: NDArray[np.int32]
    owner: NDArray[np.int32]
    short: NDArray[np.bool_]

    def at(self, places: Numbers | NDArray[np.bool_]) -> Entries:
        """Some of them."""
        return Entries(self.shingle[places], self.owner[places], self.short[places])


class RareShingles:
    """Of each set the rarest shingles: two sets as like as the threshold t have one of them in
    common, for the smaller set even one of its `short` ones.

    Two sets of x <= y shingles at the threshold share at least t / (1 + t) * (x + y) of them, which
    is no less than 2t / (1 + t) * x and than t * y. So, with all shingles in one order, one of the
    first x - 2t / (1 + t) * x + 1 of the smaller set is among the first y - t * y + 1 of the larger
    (prefix filter: Chaudhuri et al. 2006, A primitive operator for similarity joins in data
    cleaning; Bayardo et al. 2007, Scaling up all pairs similarity search).
    """

    def __init__(self, sets: ShingleSets, threshold: float) -> None:
        import numpy as np

        counts = np.diff(sets.offsets)
        rare = are_rare(sets.offsets, sets.sizes, threshold)
        short = are_rare(sets.offsets, sets.sizes, 2 * threshold / (1 + threshold))
        owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        entries = Entries(sets.numbers, owner, short).at(rare)
        often = np.bincount(entries.shingle, minlength=sets.different)
        met = (often > 1) & (np.bincount(entries.shingle, entries.short, sets.different) > 0)
        self._entries = entries.at(met[entries.shingle])
        self._offsets = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(np.bincount(self._entries.owner, minlength=len(counts)), out=self._offsets[1:])
        self.room = np.bincount(self._entries.shingle, minlength=sets.different)

    def of(self, sets: Numbers) -> Entries:
        """The entries of some sets."""
        starts = self._offsets[sets]
        return self._entries.at(_spans(starts, self._offsets[sets + 1] - starts))


class Kept:
    """Sets that are kept, by their rare shingles; empty at first.

    Sets whose shingle is a short one are listed a second time, since entries that are not short
    need to meet only these.

    Args:
        room: how many sets each shingle may get.
    """

    def __init__(self, room: Numbers) -> None:
        import numpy as np

        self._starts = np.cumsum(room) - room
        self._all = np.empty(int(room.sum()), np.int32)
        self._short = np.empty_like(self._all)
        self._all_lengths = np.zeros(len(room), np.int32)
        self._short_lengths = np.zeros(len(room), np.int32)

    def add(self, entries: Entries) -> None:
        """Add sets, by their entries."""
        _append(self._all, self._starts, self._all_lengths, entries)
        _append(self._short, self._starts, self._short_lengths, entries.at(entries.short))

    def count(self, entries: Entries) -> int:
        """How often sets with these entries meet a kept one."""
        return int(self._lengths(entries).sum())

    def meet(self, entries: Entries) -> Pairs:
        """The sets of these entries and the kept ones that they meet, without repetitions and in
        order."""
        import numpy as np

        lengths = self._lengths(entries)
        places = _spans(self._starts[entries.shingle], lengths)
        later = np.repeat(entries.owner, lengths)
        short = np.repeat(entries.short, lengths)
        return _once(later, np.where(short, self._all[places], self._short[places]))

    def _lengths(self, entries: Entries) -> NDArray[np.int32]:
        import numpy as np

        return np.where(
            entries.short,
            self._all_lengths[entries.shingle],
            self._short_lengths[entries.shingle],
        )


def are_rare(offsets: Numbers, sizes: Numbers, share: float) -> NDArray[np.bool_]:
    """Which shingles of each set, the rarest of which come first, have at least this share of the
    set's size after them, themselves included.

    Args:
        offsets: set i lies from offsets[i] to offsets[i + 1]; shingles that no other set has may
            be left out of it.
        sizes: of the sets, those left out included.
    """
    import numpy as np

    counts = np.diff(offsets)
    left = np.repeat(offsets[1:], counts) - np.arange(int(offsets[-1]))
    return np.asarray(left >= share * np.repeat(sizes, counts) - _ROUNDING)


def count_within(entries: Entries) -> int:
    """How often these sets meet each other."""
    import numpy as np

    _, often = np.unique(entries.shingle, return_counts=True)
    return int((often * (often - 1)).sum()) // 2


def meet_within(entries: Entries) -> Pairs:
    """The pairs of these sets that meet, the later set first, without repetitions and in order."""
    import numpy as np

    order = np.lexsort((entries.owner, entries.shingle))
    entries = entries.at(order)
    place = _places_within(entries.shingle)
    starts = np.arange(len(place)) - place
    other = _spans(starts, place)
    one = np.repeat(np.arange(len(place)), place)
    useful = entries.short[one] | entries.short[other]
    return _once(entries.owner[one[useful]], entries.owner[other[useful]])


def _append(
    lists: NDArray[np.int32], starts: Numbers, lengths: NDArray[np.int32], entries: Entries
) -> None:
    import numpy as np

    order = np.argsort(entries.shingle, kind="stable")
    shingle, owner = entries.shingle[order], entries.owner[order]
    lists[starts[shingle] + lengths[shingle] + _places_within(shingle)] = owner
    np.add.at(lengths, shingle, 1)


def _places_within(ranked: NDArray[np.int32]) -> Numbers:
    """The place of each element among its equals, from 0; equals stand together."""
    import numpy as np

    new = np.ones(len(ranked), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    here = np.arange(len(ranked))
    return here - np.maximum.accumulate(np.where(new, here, 0))


def _once(later: NDArray[np.int32], earlier: NDArray[np.int32]) -> Pairs:
    """The pairs in order, each once."""
    import numpy as np

    keys = (later.astype(np.uint64) << np.uint64(32)) | earlier.astype(np.uint64)
    keys.sort()
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    keys = keys[new]
    return (keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _spans(starts: Numbers, lengths: NDArray[np.integer]) -> Numbers:
    """The numbers of all spans, one after the other."""
    import numpy as np

    ends = np.cumsum(lengths, dtype=np.int64)
    shift = np.repeat(starts - (ends - lengths), lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + shift
