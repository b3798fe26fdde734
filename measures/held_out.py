"""Curves fitted on all labels but a fold, and tried on that fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .curves import Kind, fit_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Labelled", "Tried", "held_out_error"]


class Labelled:
    """Scores with verdicts, counted by their different values in each fold.

    A judge gives few different scores, so that after this a million labels cost as much as ten;
    where all differ, they need not be sorted again.
    """

    def __init__(
        self, scores: NDArray[Any], acceptable: NDArray[Any], folds: int, seed: int
    ) -> None:
        import numpy as np

        x, self.y = _columns(scores, acceptable)
        self.n = int(self.y.size)
        self.part = _folds(self.y, folds, seed)
        self.folds = int(self.part.max()) + 1
        self.values, self.place = np.unique(x, return_inverse=True)
        cell, shape = self.part * self.values.size + self.place, (self.folds, self.values.size)
        size = self.folds * self.values.size
        self.counts = np.bincount(cell, minlength=size).reshape(shape)
        self.hits = np.bincount(cell, weights=self.y, minlength=size).reshape(shape)


class Tried:
    """One kind of curve: fitted on all, and on all folds but one in turn."""

    def __init__(self, kind: Kind, labelled: Labelled) -> None:
        import numpy as np

        counts, hits = labelled.counts.sum(axis=0), labelled.hits.sum(axis=0)
        self.curve = fit_curve(kind, labelled.values, counts, hits)
        self.without = [
            fit_curve(kind, labelled.values, counts - out, hits - good)
            for out, good in zip(labelled.counts, labelled.hits, strict=True)
        ]
        self.held_out = np.empty(labelled.n)
        for part, curve in enumerate(self.without):
            rows = labelled.part == part
            self.held_out[rows] = curve.over(labelled.values)[labelled.place[rows]]


def held_out_error(tried: Tried, labelled: Labelled, bins: int) -> float:
    """How far the curve is from the truth, as the root of a mean square, 0 to 1: fitted without a
    fold, compared with that fold, and with the noise of the fold's own labels taken off (the
    debiased estimator of Kumar, Liang and Ma, Verified Uncertainty Calibration, 2019).

    Pooled over all folds, predictions for one score are right in the mean by construction, so that
    a calibration error of the pool alone would flatter a curve that follows every score.
    """
    import numpy as np

    counts = labelled.counts.sum(axis=0)
    middle = np.cumsum(counts) - counts / 2.0
    group = np.minimum((middle / labelled.n * bins).astype(np.int64), bins - 1)
    total = weight = 0.0
    for n_of, k_of, curve in zip(labelled.counts, labelled.hits, tried.without, strict=True):
        p = curve.over(labelled.values)
        n, k, expected = (
            np.bincount(group, weights=each, minlength=bins) for each in (n_of, k_of, p * n_of)
        )
        some = n >= 2
        n, share, said = n[some], k[some] / n[some], expected[some] / n[some]
        total += float((n * ((said - share) ** 2 - share * (1 - share) / (n - 1))).sum())
        weight += float(n.sum())
    return max(0.0, total / weight) ** 0.5 if weight else float("nan")


def _columns(scores: NDArray[Any], acceptable: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    x = np.asarray(scores, dtype=np.float64)
    y = np.asarray(acceptable, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise CheckError(
            f"Calibration needs a verdict for each score, not {x.size:,} scores and "
            f"{y.size:,} verdicts."
        )
    missing = int((~np.isfinite(x)).sum())
    if missing:
        raise CheckError(
            f"{missing:,} of {x.size:,} scores are missing or infinite; leave those samples out."
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise CheckError("A person's verdict is 1 (acceptable) or 0 (not); another was met.")
    good = int(y.sum())
    if min(good, y.size - good) < 2:
        raise CheckError(
            f"{good:,} of {y.size:,} labelled samples are acceptable: at least two acceptable and "
            "two others are needed, and some hundreds of labels to rely on it."
        )
    if x.min() == x.max():
        raise CheckError(
            f"All {x.size:,} scores are {x[0]:g}: a judge that always says the same tells nothing "
            "that could be calibrated."
        )
    return x, y


def _folds(y: NDArray[Any], folds: int, seed: int) -> NDArray[Any]:
    """The number of each row's fold; each fold has its share of both verdicts."""
    import numpy as np

    number = min(folds, int(y.sum()), int((1 - y).sum()))
    generator = np.random.default_rng(seed)
    parts = np.empty(y.size, dtype=np.int64)
    start = 0
    for verdict in (1.0, 0.0):
        rows = generator.permutation(np.flatnonzero(y == verdict))
        parts[rows] = (start + np.arange(rows.size)) % number
        start += rows.size
    return parts
