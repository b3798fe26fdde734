"""Texts in groups by what they are about: clusters of embeddings, as many as stand apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .neighbours import cells_of, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

__all__ = ["nearest_topic", "topics_of"]

SEPARATED = 0.04
"""The least mean silhouette with which clusters count as apart from each other."""

_LOOKED_AT = 2_000


def topics_of(vectors: Vectors, *, smallest: int, most: int) -> NDArray[np.int64]:
    """The topic of each row, numbered from 0, the largest first.

    Clusters are made by k-means on the sphere; how many, the mean silhouette by cosine distance
    decides (Rousseeuw 1987), which has to be above `SEPARATED`: below, all rows are one topic. A
    cluster of fewer rows than `smallest` is given to the others.

    Args:
        vectors: one a row; the same rows in the same order give the same topics.
        smallest: rows in a topic at least.
        most: how many topics at most.
    """
    import numpy as np

    rows = len(vectors)
    points = unit(vectors)
    best = np.zeros(rows, np.int64)
    best_width = SEPARATED
    for count in range(2, min(most, rows // smallest) + 1):
        cells = _without_small(points, cells_of(points, count), smallest)
        if len(np.unique(cells)) < 2:
            continue
        width = _silhouette(points, cells)
        if width > best_width:
            best, best_width = cells, width
    return _largest_first(best)


def nearest_topic(vectors: Vectors, known: Vectors, topics: NDArray[np.int64]) -> NDArray[np.int64]:
    """The topic of each row by the topics of others: that of the nearest centre.

    Args:
        vectors: of the rows, one each.
        known: of others, made in the same way.
        topics: the topic of each of these, from 0.
    """
    import numpy as np

    centres = _centres(unit(known), topics)
    return np.asarray((unit(vectors) @ centres.T).argmax(axis=1), np.int64)


def _centres(points: Vectors, cells: NDArray[np.int64]) -> Vectors:
    import numpy as np

    count = int(cells.max()) + 1
    sums = np.zeros((count, points.shape[1]), np.float32)
    np.add.at(sums, cells, points)
    return unit(sums)


def _without_small(points: Vectors, cells: NDArray[np.int64], smallest: int) -> NDArray[np.int64]:
    """The rows of clusters that are too small go to the nearest of the others."""
    import numpy as np

    sizes = np.bincount(cells)
    large = np.flatnonzero(sizes >= smallest)
    if len(large) < 2:
        return np.zeros(len(cells), np.int64)
    centres = _centres(points, cells)[large]
    stays = np.isin(cells, large)
    nearest = (points @ centres.T).argmax(axis=1)
    renumbered = np.searchsorted(large, cells)
    return np.asarray(np.where(stays, renumbered, nearest), np.int64)


def _silhouette(points: Vectors, cells: NDArray[np.int64]) -> float:
    """The mean silhouette of rows, of so many evenly spaced ones where there are many."""
    import numpy as np

    count = int(cells.max()) + 1
    step = max(1, len(points) // _LOOKED_AT)
    looked = np.arange(0, len(points), step)
    sums = np.zeros((count, points.shape[1]), np.float64)
    np.add.at(sums, cells, points)
    sizes = np.bincount(cells, minlength=count).astype(np.float64)
    own = cells[looked]
    # The mean distance to a cluster's rows is 1 less the product with the mean of them.
    products = points[looked].astype(np.float64) @ sums.T
    here = np.arange(len(looked))
    inside = products[here, own] - (points[looked].astype(np.float64) ** 2).sum(axis=1)
    others = sizes[own] - 1
    a = 1 - inside / np.maximum(others, 1)
    distances = 1 - products / sizes
    distances[here, own] = np.inf
    b = distances.min(axis=1)
    width = np.where(others > 0, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0.0)
    return float(width.mean())


def _largest_first(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if not len(cells):
        return cells
    sizes = np.bincount(cells)
    first = np.array([np.flatnonzero(cells == cell)[0] for cell in range(len(sizes))])
    order = np.lexsort((first, -sizes))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(place[cells], np.int64)
