"""Which samples to pick, in which order: quality, distance, coverage.

Every function returns rows in the order in which they are picked, so that its first n are the
choice of n. Of samples that are equally good the earlier row is picked. Vectors are embeddings of
length 1, and distance is one less the cosine.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from .neighbours import cells_of, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Scores = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = [
    "Weights",
    "at_random",
    "balanced_clusters",
    "best_first",
    "drawn",
    "facility_location",
    "far_from_each_other",
    "k_centre",
]

NEIGHBOURS = 32
"""How many of its nearest rows may stand for a row in `facility_location`."""

_FRESH = 64
_SAME = 1 - 1e-5
_FARTHEST = 1024
_BLOCK = 512
_RECKONED_AT_ONCE = 32


def best_first(scores: Scores, count: int) -> Rows:
    """The highest scores first."""
    import numpy as np

    return np.argsort(-scores, kind="stable")[:count]


def at_random(ids: Sequence[str], count: int, seed: int) -> Rows:
    """By chance, which for each sample depends on its id and the seed alone: neither the order of
    the samples nor what else is among them matters."""
    import numpy as np

    return np.argsort(drawn(ids, seed), kind="stable")[:count]


def drawn(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """The numbers by which `at_random` picks samples, the lowest first."""
    import numpy as np

    salt = seed.to_bytes(8, "little", signed=True)
    keys = [blake2b(one.encode(), key=salt, digest_size=8).digest() for one in ids]
    return np.frombuffer(b"".join(keys), ">u8").astype(np.uint64)


def far_from_each_other(
    vectors: Vectors, scores: Scores, count: int, distance: float = 0.1
) -> Rows:
    """The highest scores first, without those that are nearer than `distance` to one picked
    before; so it may end with fewer than `count`.

    DEITA's choice: Liu et al. 2024, What makes good data for alignment?
    """
    import numpy as np

    order = best_first(scores, len(scores))
    least = np.float32(1 - distance)
    picked = np.empty((min(count, len(order)), vectors.shape[1]), np.float32)
    rows: list[int] = []
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        mine = vectors[block]
        if rows:
            free = np.ones(len(block), bool)
            for at in range(0, len(rows), 4096):
                free &= (mine @ picked[at : min(at + 4096, len(rows))].T).max(axis=1) <= least
            block, mine = block[free], mine[free]
        alike = mine @ mine.T > least
        taken: list[int] = []
        for place in range(len(block)):
            if len(rows) == count:
                return np.array(rows, np.int64)
            if not alike[place, taken].any():
                picked[len(rows)] = mine[place]
                taken.append(place)
                rows.append(int(block[place]))
    return np.array(rows, np.int64)


def k_centre(vectors: Vectors, count: int) -> Rows:
    """Each time the sample that is farthest from all that are picked; the first one is the one
    nearest to the mean.

    Sener and Savarese 2018, Active learning for convolutional neural networks: a core-set
    approach (greedy). Exact, and quick because only the farthest samples are looked at between
    two looks at all of them.
    """
    import numpy as np

    rows = len(vectors)
    count = min(count, rows)
    if not count:
        return np.empty(0, np.int64)
    picked = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    nearest_picked = np.full(rows, -np.inf, np.float32)
    fresh = 0  # of the picked, how many are in `nearest_picked`
    while len(picked) < count:
        new = vectors[picked[fresh:]]
        for start in range(0, rows, 8192):
            block = slice(start, start + 8192)
            near = (vectors[block] @ new.T).max(axis=1)
            np.maximum(nearest_picked[block], near, out=nearest_picked[block])
        fresh = len(picked)
        nearest_picked[picked] = np.inf
        if nearest_picked.min() > _SAME:  # what is left is the same as something picked
            left = np.flatnonzero(nearest_picked < np.inf)
            return np.array(picked + left[: count - len(picked)].tolist(), np.int64)
        size = min(_FARTHEST, rows)
        far = np.sort(np.argpartition(nearest_picked, size - 1)[:size])
        # Samples that are not looked at are at least as near as the nearest of these.
        limit = nearest_picked[far].max() if size < rows else np.float32(np.inf)
        mine, near = vectors[far], nearest_picked[far]
        while len(picked) < min(count, fresh + _FRESH):
            place = int(np.argmin(near))
            if near[place] >= limit:
                if len(picked) == fresh:  # all are equally near, and any order will do but ours
                    left = np.flatnonzero(nearest_picked == nearest_picked.min())
                    picked.append(int(left[0]))
                break
            picked.append(int(far[place]))
            np.maximum(near, mine @ mine[place], out=near)
            near[place] = np.inf
    return np.array(picked, np.int64)


class Weights(NamedTuple):
    """What counts how much in `facility_location`; each part is from 0 to 1.

    Attributes:
        diversity: how well all samples are stood for, on the mean.
        quality: the mean score.
        coverage: how evenly groups are served.
    """

    diversity: float = 1.0
    quality: float = 0.0
    coverage: float = 0.0


def facility_location(
    vectors: Vectors,
    count: int,
    *,
    scores: Scores | None = None,
    groups: Sequence[Sequence[int]] = (),
    weights: Weights | None = None,
    budget: int | None = None,
) -> Rows:
    """Each time the sample that adds most to how well all samples are stood for by picked ones
    (the cosine of each with its nearest picked one, on the mean), and to what else has weight.

    The sum is submodular, so that the greedy choice is within 1 - 1/e of the best (Nemhauser et
    al. 1978), and lazy: a gain is reckoned again only when it may be the largest (Minoux 1978).
    Only its 32 nearest rows can stand for a row.

    Args:
        vectors: of length 1.
        count: how many to pick.
        scores: 0 to 1, where quality has weight.
        groups: the numbers of the groups that each sample is in, from 0 (its strategy and its
            labels, say), where coverage has weight.
        budget: the size of the set that the weights are for, where it is not `count`.
    """
    import numpy as np

    rows = len(vectors)
    weights = weights or Weights()
    count = min(count, rows)
    size = min(budget or count, rows)
    whom, likeness, offsets = _stands_for(vectors)
    best = np.zeros(rows, np.float32)
    share = weights.diversity / max(rows, 1)
    gain = share * np.add.reduceat(np.append(likeness, 0), offsets[:-1]) if rows else np.empty(0)
    fixed = np.zeros(rows)
    if scores is not None:
        fixed = weights.quality * scores / max(size, 1)
    evenness = _Evenness(groups, size, weights.coverage)
    heap = [(-float(gain[row] + fixed[row]) - evenness.gain(row), row) for row in range(rows)]
    heapq.heapify(heap)
    known = np.zeros(rows, np.int64)  # how many were picked when the gain was reckoned
    picked: list[int] = []
    while len(picked) < count:
        if known[heap[0][1]] == len(picked):
            row = heapq.heappop(heap)[1]
            picked.append(row)
            mine = slice(offsets[row], offsets[row + 1])
            best[whom[mine]] = np.maximum(best[whom[mine]], likeness[mine])
            evenness.add(row)
            continue
        some: list[int] = []
        while heap and len(some) < _RECKONED_AT_ONCE and known[heap[0][1]] < len(picked):
            some.append(heapq.heappop(heap)[1])
        lengths = offsets[1:][some] - offsets[some]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(offsets[some] - (ends - lengths), lengths)
        more = np.maximum(likeness[places] - best[whom[places]], 0)
        gains = share * np.add.reduceat(more, ends - lengths) + fixed[some]
        known[some] = len(picked)
        for row, value in zip(some, gains.tolist(), strict=True):
            heapq.heappush(heap, (-value - evenness.gain(row), row))
    return np.array(picked, np.int64)


class _Evenness:
    """How evenly groups are served: the mean over them of the square root of how much of its even
    share each has, at most 1."""

    def __init__(self, groups: Sequence[Sequence[int]], count: int, weight: float) -> None:
        self._groups = groups if weight else ()
        number = 1 + max((one for mine in self._groups for one in mine), default=-1)
        self._served = [0] * number
        self._share = max(1.0, count / max(number, 1))
        self._weight = weight / max(number, 1)
        self._gains = [self._gain(one) for one in range(number)]

    def gain(self, row: int) -> float:
        """What the row would add."""
        return sum([self._gains[one] for one in self._groups[row]]) if self._groups else 0.0

    def add(self, row: int) -> None:
        """Pick the row."""
        for one in self._groups[row] if self._groups else ():
            self._served[one] += 1
            self._gains[one] = self._gain(one)

    def _gain(self, group: int) -> float:
        now, then = (min(1.0, (self._served[group] + n) / self._share) for n in (0, 1))
        return self._weight * (math.sqrt(then) - math.sqrt(now))


def _stands_for(vectors: Vectors) -> tuple[Rows, NDArray[np.float32], Rows]:
    """For each row the rows that it can stand for, itself first, with their cosine, at least 0;
    row i's lie from offsets[i] to offsets[i + 1]."""
    import numpy as np

    rows = len(vectors)
    near, who = nearest(vectors, NEIGHBOURS)
    itself = np.arange(rows)
    used = (who >= 0) & (near > 0)
    whom = np.concatenate((itself, np.repeat(itself, used.sum(axis=1))))
    by = np.concatenate((itself, who[used]))
    likeness = np.concatenate((np.ones(rows, np.float32), near[used]))
    order = np.lexsort((whom, by))
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(np.bincount(by, minlength=rows), out=offsets[1:])
    return whom[order], likeness[order], offsets


def balanced_clusters(
    vectors: Vectors, count: int, *, clusters: int, scores: Scores | None = None
) -> Rows:
    """The best of each cluster, then the second best of each, and so on; the largest clusters
    first within a turn.

    Args:
        vectors: of length 1.
        count: how many to pick.
        clusters: how many clusters k-means makes.
        scores: what is best; without them the earlier row is.
    """
    import numpy as np

    cell = cells_of(vectors, clusters)
    values = np.zeros(len(cell)) if scores is None else scores
    order = np.lexsort((-values, cell))
    ranked = cell[order]
    new = np.ones(len(order), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    here = np.arange(len(order))
    turn = np.empty(len(order), np.int64)
    turn[order] = here - np.maximum.accumulate(np.where(new, here, 0))
    size = np.bincount(cell, minlength=1)[cell] if len(cell) else cell
    return np.lexsort((cell, -size, turn))[:count]
