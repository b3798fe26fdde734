"""Nearest neighbours among embeddings, by an index and not by all pairs.

Up to 20,000 rows the search is exact. Above, vectors are put into cells by k-means, and a row is
compared with the rows of the cells that are nearest to it (inverted file index: Sivic and
Zisserman 2003, Video Google; the library is Faiss, Douze et al. 2024). The same vectors in the
same order give the same neighbours, whatever the number of threads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

__all__ = ["cells_of", "copies", "nearest", "unit"]

EXACT_UP_TO = 20_000
CELLS_LOOKED_AT = 8
TRAINED_ON = 40  # vectors for each cell
_ROUNDS = 10
_SEED = 1
_ROWS_AT_ONCE = 4096


def unit(vectors: Vectors) -> Vectors:
    """The vectors scaled to length 1; a vector of zeros stays as it is."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return np.ascontiguousarray(vectors / lengths, dtype=np.float32)


def nearest(vectors: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The nearest other rows of each row by cosine similarity.

    Args:
        vectors: of length 1.
        count: how many neighbours.

    Returns:
        For each row the similarities, falling, and the rows; where there are fewer, -1 and a row
        of -1.
    """
    import numpy as np

    rows = len(vectors)
    likeness = np.full((rows, count), -1, np.float32)
    others = np.full((rows, count), -1, np.int64)
    if rows < 2:
        return likeness, others
    index = _index(vectors, cells=round(4 * math.sqrt(rows)))
    for start in range(0, rows, _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        near, who = index.search(vectors[block], min(count + 1, rows))
        own = who == np.arange(start, start + len(who))[:, None]
        own[~own.any(axis=1), -1] = True  # so many rows are the same that it was not found itself
        width = who.shape[1] - 1
        likeness[block, :width] = near[~own].reshape(len(who), -1)
        others[block, :width] = who[~own].reshape(len(who), -1)
    likeness[others < 0] = -1
    return likeness, others


def copies(vectors: Vectors, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Walks through rows in their order and finds those that are as like a row kept before as the
    threshold.

    Args:
        vectors: of length 1.
        threshold: the least cosine.

    Returns:
        For each row the likest row kept before it (of equals the earliest that the index tells)
        where it is a copy, else -1; and the cosine.
    """
    import numpy as np

    rows = len(vectors)
    of = np.full(rows, -1, np.int64)
    likeness = np.full(rows, -1, np.float32)
    if not rows:
        return of, likeness
    index = _index(vectors, cells=round(4 * math.sqrt(rows)), filled=False)
    numbers = np.empty(0, np.int64)
    for start in range(0, rows, _ROWS_AT_ONCE // 4):
        here = np.arange(start, min(start + _ROWS_AT_ONCE // 4, rows))
        if len(numbers):
            near, who = index.search(vectors[here], 1)
            alike = (near[:, 0] >= threshold) & (who[:, 0] >= 0)
            of[here[alike]], likeness[here[alike]] = numbers[who[alike, 0]], near[alike, 0]
        left = here[of[here] < 0]
        near = vectors[left] @ vectors[left].T
        kept: list[int] = []
        for place in range(len(left)):
            if kept and near[place, kept].max() >= threshold:
                first = kept[int(np.argmax(near[place, kept]))]
                of[left[place]], likeness[left[place]] = left[first], near[place, first]
            else:
                kept.append(place)
        new = left[kept]
        gone = here[of[here] >= 0]
        if len(new) and len(gone):  # one that is kept in this block may be the likest
            near = np.where(new < gone[:, None], vectors[gone] @ vectors[new].T, -1)
            best = near.argmax(axis=1)
            value = near[np.arange(len(gone)), best]
            more = value > likeness[gone]
            of[gone[more]], likeness[gone[more]] = new[best[more]], value[more]
        index.add(vectors[new])
        numbers = np.concatenate((numbers, new))
    return of, likeness


def cells_of(vectors: Vectors, count: int) -> NDArray[np.int64]:
    """Which of `count` cells each row is in, by k-means on the sphere.

    Args:
        vectors: of length 1.
        count: how many cells; no more than there are rows.
    """
    import faiss
    import numpy as np

    count = min(count, len(vectors))
    if count < 2:
        return np.zeros(len(vectors), np.int64)
    means = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=_ROUNDS,
        seed=_SEED,
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=TRAINED_ON,
    )
    means.train(vectors)
    _, cell = means.index.search(vectors, 1)
    return np.asarray(cell[:, 0], np.int64)


def _index(vectors: Vectors, cells: int, *, filled: bool = True) -> faiss.Index:
    import faiss

    width = vectors.shape[1]
    index: faiss.Index = faiss.IndexFlatIP(width)
    if len(vectors) > EXACT_UP_TO:
        index = faiss.IndexIVFFlat(index, width, cells, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = _SEED
        index.cp.niter = _ROUNDS
        index.cp.max_points_per_centroid = TRAINED_ON
        index.train(vectors)
        index.nprobe = CELLS_LOOKED_AT
    if filled:
        index.add(vectors)
    return index
