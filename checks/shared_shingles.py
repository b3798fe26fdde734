"""Which of many texts have enough shingles in common with other texts to be like one at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from .shingles import Shingles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ShinglesOf", "Survey", "sums_of", "survey"]

ShinglesOf = Callable[["NDArray[np.int64]"], Shingles]
"""The shingles of some rows, by their numbers in ascending order; asked for by several threads."""

_AT_ONCE = 1 << 21  # shingles


class Survey(NamedTuple):
    """What a first look at all rows tells.

    Attributes:
        same_as: for each row the first row with the same shingles, itself for most.
        wanted: the rows that may be like another one, ascending; of rows with the same shingles
            only the first.
    """

    same_as: NDArray[np.int64]
    wanted: NDArray[np.int64]


class _Portion(NamedTuple):
    """Some neighbouring rows.

    Attributes:
        sums, counts: of the shingles of each row.
        keys: for each shingle half of its hash and, below, its row; ascending.
    """

    sums: NDArray[np.uint64]
    counts: NDArray[np.int64]
    keys: NDArray[np.uint64]


def survey(shingles: ShinglesOf, portions: Sequence[NDArray[np.int64]], threshold: float) -> Survey:
    """Finds rows with the same shingles, and leaves out rows of which more than 1 - threshold of
    the shingles are in no other row.

    Args:
        shingles: gives the shingles of some rows.
        portions: the numbers of all rows from 0, in their order, cut into portions that are looked
            at together.
        threshold: the least likeness, up to 1.
    """
    import numpy as np

    def look(rows: NDArray[np.int64]) -> _Portion:
        hashes, offsets = shingles(rows)
        sums, counts = sums_of(hashes, offsets)
        keys = hashes & np.uint64(0xFFFFFFFF00000000)
        keys |= np.repeat(rows.astype(np.uint64), counts)
        keys.sort()
        return _Portion(sums, counts, keys)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(look, portions))
        if not parts:
            nothing = np.empty(0, np.int64)
            return Survey(nothing, nothing)
        counts = np.concatenate([part.counts for part in parts])
        same_as = _first_equals(np.concatenate([part.sums for part in parts]), counts)
        is_first = (same_as == np.arange(len(same_as))) & (counts > 0)
        shared = _shared([part.keys for part in parts], is_first, pool)
    few = counts - shared <= (1 - threshold) * counts + 1e-9
    return Survey(same_as, np.flatnonzero(is_first & few))


def sums_of(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The sum of each row's shingles and their number, by which rows with the same ones are
    found."""
    import numpy as np

    sums = np.zeros(len(hashes) + 1, np.uint64)
    np.cumsum(hashes, out=sums[1:])
    return np.diff(sums[offsets]), np.diff(offsets)


def _first_equals(sums: NDArray[np.uint64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row with the same sum and count, for each row; a row without shingles is its own
    first."""
    import numpy as np

    # Both sorts are stable, so that the first of equal rows is the earliest.
    order = np.lexsort((counts, sums))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(sums[order]) != 0) | (np.diff(counts[order]) != 0)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return np.where(counts > 0, first, np.arange(len(first)))


def _shared(
    keys: Sequence[NDArray[np.uint64]], is_first: NDArray[np.bool_], pool: ThreadPoolExecutor
) -> NDArray[np.int64]:
    """How many shingles of each row that is looked at are in another such row, at most. Two
    shingles with the same half of a hash count as the same, and one that a row has twice as if it
    were shared."""
    import numpy as np

    ranges = max(1, -(-sum(map(len, keys)) // _AT_ONCE))
    limits = np.array([(n << 32) // ranges << 32 for n in range(1, ranges)], np.uint64)
    cuts = [[0, *np.searchsorted(part, limits).tolist(), len(part)] for part in keys]

    def owners_of_shared(number: int) -> NDArray[np.int64]:
        """The rows of the shared shingles whose hashes are in one range."""
        inside = np.concatenate(
            [part[cut[number] : cut[number + 1]] for part, cut in zip(keys, cuts, strict=True)]
        )
        inside.sort()
        # Few are met twice; of these, those of rows that are looked at are compared again.
        some = inside[_met_again(inside)]
        some = some[is_first[_owners(some)]]
        return _owners(some[_met_again(some)])

    shared = np.zeros(len(is_first), np.int64)
    for owner in pool.map(owners_of_shared, range(ranges)):
        shared += np.bincount(owner, minlength=len(shared))
    return shared


def _met_again(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Which of some ascending keys have the hash of the one before or after."""
    import numpy as np

    same = np.zeros(len(keys) + 1, bool)
    np.less((keys[1:] ^ keys[:-1]), 1 << 32, out=same[1:-1])
    return np.flatnonzero(same[1:] | same[:-1])


def _owners(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    import numpy as np

    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
