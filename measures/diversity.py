"""How different the samples of a set are from each other, by their embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .neighbours import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["covered", "nearest_distance", "vendi_score"]


def vendi_score(vectors: NDArray[np.float32]) -> float:
    """The effective number of different samples, from 1 (all the same) to their number or, if that
    is less, the vectors' width: the exponential of the entropy of the eigenvalues of the matrix of
    cosine similarities over the number of samples.

    Friedman and Dieng 2023, The Vendi Score, with the cosine kernel, whose eigenvalues are those
    of the much smaller matrix of second moments. 0 for no samples.

    Args:
        vectors: of length 1.
    """
    import numpy as np

    if not len(vectors):
        return 0.0
    small = vectors if len(vectors) > vectors.shape[1] else vectors.T
    moments = (small.T @ small).astype(np.float64) / len(vectors)
    values = np.linalg.eigvalsh(moments)
    values = values[values > 1e-12]
    values /= values.sum()
    return float(np.exp(-(values * np.log(values)).sum()))


def nearest_distance(vectors: NDArray[np.float32]) -> float:
    """The mean distance of a sample to the nearest other one, as one less the cosine, 0 to 2; NaN
    for fewer than two samples.

    Args:
        vectors: of length 1.
    """
    if len(vectors) < 2:
        return float("nan")
    likeness, _ = nearest(vectors, 1)
    return float(1 - likeness[:, 0].mean(dtype=float))


def covered(
    vectors: NDArray[np.float32], picked: NDArray[np.float32], sizes: list[int]
) -> list[float]:
    """How near samples are to the nearest of the first so many picked ones: the mean cosine, at
    least 0, for each of some sizes.

    Args:
        vectors: the samples, of length 1.
        picked: the picked ones in the order in which they were picked.
        sizes: how many of them, ascending.
    """
    import numpy as np

    best = np.zeros(len(vectors), np.float32)
    means = []
    start = 0
    for size in sizes:
        for at in range(start, size, 1024):
            near = vectors @ picked[at : min(at + 1024, size)].T
            np.maximum(best, near.max(axis=1), out=best)
        start = max(start, size)
        means.append(float(best.mean(dtype=float)) if len(best) else 0.0)
    return means
