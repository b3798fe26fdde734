"""Which samples of a dataset are equal, by keys of 16 bytes that are sorted in ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .shards import Shards
from .tasks import call, call_for_many, in_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from ray import ObjectRef

    Numbers = NDArray[np.int64]

__all__ = ["Keys", "Repeats", "in_ranges", "repeats"]

KEYS_IN_A_RANGE = 4_000_000


class Keys(NamedTuple):
    """Keys of samples: equal keys, equal samples.

    Attributes:
        high, low: the halves of each; `high` is to be spread evenly over its range.
        rows: the samples' numbers in the dataset, ascending.
    """

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    rows: Numbers

    def at(self, which: slice | Numbers | NDArray[np.bool_]) -> Keys:
        """Some of them."""
        return Keys(self.high[which].copy(), self.low[which].copy(), self.rows[which].copy())


class Repeats(NamedTuple):
    """Samples that are equal to an earlier one.

    Attributes:
        rows: their numbers in the dataset, ascending.
        first: the first sample that each is equal to.
    """

    rows: Numbers
    first: Numbers


def repeats(
    keys_of: Callable[..., Keys], shards: Shards, left: NDArray[np.bool_], *given: Any
) -> Repeats:
    """The samples that are equal to an earlier one.

    Of each key a portion hands on the first sample alone, so that a text which a million samples
    have takes no more room than another.

    Args:
        keys_of: `keys_of(packed, start, left, *given)` gives the keys of a portion.
        left: the samples that have not been dropped.
    """
    import numpy as np

    ranges = max(1, -(-int(left.sum()) // KEYS_IN_A_RANGE))
    within: list[ObjectRef] = []
    parts: list[list[ObjectRef]] = [[] for _ in range(ranges)]
    for one in shards.all:
        mine = left[one.start : one.start + one.rows]
        first, *others = call_for_many(
            _sorted, ranges + 1, keys_of, ranges, one.packed, one.start, mine, *given
        )
        within.append(first)
        for part, ref in zip(parts, others, strict=True):
            part.append(ref)
    across = [call(_met, *part) for part in parts if part]
    del parts
    local = _joined(list(in_order(within)))
    later = _joined(list(in_order(across)))
    # The first one of a portion may be equal to one of an earlier portion.
    place = np.minimum(np.searchsorted(later.rows, local.first), max(len(later.rows) - 1, 0))
    if len(later.rows):
        moved = later.rows[place] == local.first
        local = Repeats(local.rows, np.where(moved, later.first[place], local.first))
    return _joined([local, later])


def in_ranges(ranked: NDArray[np.uint64], ranges: int) -> Iterator[slice]:
    """Where each of so many equal ranges of 64-bit numbers lies among ascending ones."""
    import numpy as np

    limits = np.array([(n << 64) // ranges for n in range(1, ranges)], np.uint64)
    cuts = [0, *np.searchsorted(ranked, limits).tolist(), len(ranked)]
    return (slice(*pair) for pair in pairwise(cuts))


def _sorted(keys_of: Callable[..., Keys], ranges: int, *given: Any) -> list[Repeats | Keys]:
    """What is equal within a portion, and the keys of the others by ranges."""
    keys, found = _first_ones(keys_of(*given))
    parts = in_ranges(keys.high, ranges)
    return [found, *(keys.at(part) for part in parts)]


def _met(*parts: Keys) -> Repeats:
    """What is equal in a range of keys."""
    import numpy as np

    high, low = (np.concatenate([part[half] for part in parts]) for half in (0, 1))
    return _first_ones(Keys(high, low, np.concatenate([part.rows for part in parts])))[1]


def _first_ones(keys: Keys) -> tuple[Keys, Repeats]:
    """The first of each group of equal keys, by key; and the others."""
    import numpy as np

    keys = keys.at(np.lexsort((keys.rows, keys.low, keys.high)))
    new = np.ones(len(keys.rows), bool)
    new[1:] = (keys.high[1:] != keys.high[:-1]) | (keys.low[1:] != keys.low[:-1])
    first = keys.rows[np.flatnonzero(new)][np.cumsum(new) - 1]
    return keys.at(new), Repeats(keys.rows[~new], first[~new])


def _joined(parts: list[Repeats]) -> Repeats:
    import numpy as np

    nothing = Repeats(np.empty(0, np.int64), np.empty(0, np.int64))
    rows, first = (np.concatenate(each) for each in zip(nothing, *parts, strict=True))
    order = np.argsort(rows)
    return Repeats(rows[order], first[order])
