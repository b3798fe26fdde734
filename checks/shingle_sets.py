"""The sets of shingles of some texts as sorted numbers, the rarest shingle first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shared_shingles import ShinglesOf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ShingleSets", "sets_of"]


@dataclass(frozen=True)
class ShingleSets:
    """Sets of shingles, without the shingles that occur once only.

    Attributes:
        rows: the numbers of the texts, ascending.
        sizes: how many shingles each of them has, those left out included.
        numbers: the shingles of all sets in one array, each set ascending; the rarest shingles
            have the lowest numbers, from 0.
        offsets: set i lies from offsets[i] to offsets[i + 1].
        different: how many different numbers there are.
    """

    rows: NDArray[np.int64]
    sizes: NDArray[np.int64]
    numbers: NDArray[np.int32]
    offsets: NDArray[np.int64]
    different: int


def sets_of(
    shingles: ShinglesOf, portions: Sequence[NDArray[np.int64]], threshold: float
) -> ShingleSets:
    """The sets of the rows that may be like another one; rows of which more than 1 - threshold of
    the shingles are in no other of these rows are left out.

    Args:
        portions: the numbers of the rows to look at, ascending, in portions.
    """
    import numpy as np

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(shingles, (rows for rows in portions if len(rows))))
    hashes = np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)])
    lengths = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
    del parts
    numbers, different = _by_rarity(hashes)
    del hashes
    owner = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
    shared = numbers >= 0
    keys = owner[shared] << np.uint64(32)
    keys |= numbers[shared].astype(np.uint64)
    alone = lengths - np.bincount(owner[shared].astype(np.int64), minlength=len(lengths))
    del owner, shared, numbers
    keys.sort()
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    keys = keys[new]
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(lengths))
    sizes = counts + alone
    wanted = (counts > 0) & (alone <= (1 - threshold) * sizes + 1e-9)
    keys = keys[np.repeat(wanted, counts)]
    offsets = np.zeros(int(wanted.sum()) + 1, np.int64)
    np.cumsum(counts[wanted], out=offsets[1:])
    rows = np.concatenate([np.empty(0, np.int64), *portions])
    flat = (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)
    return ShingleSets(rows[wanted], sizes[wanted], flat, offsets, different)


def _by_rarity(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], int]:
    """A number for each hash that occurs more than once, if only in one set, and -1 for the
    others; the rarer the hash, the lower its number, and of equally rare ones the lower hash has
    the lower number."""
    import numpy as np

    order = np.argsort(hashes)
    ranked = hashes[order]
    new = np.ones(len(ranked), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    del ranked
    starts = np.flatnonzero(new)
    often = np.diff(np.append(starts, len(new)))
    by_rarity = np.argsort(often, kind="stable")
    once = int(np.searchsorted(often[by_rarity], 1, side="right"))
    number_of = np.empty(len(often), np.int32)
    number_of[by_rarity] = np.arange(len(often)) - once
    np.maximum(number_of, -1, out=number_of)
    numbers = np.empty(len(hashes), np.int32)
    numbers[order] = np.repeat(number_of, often)
    return numbers, len(often) - once
