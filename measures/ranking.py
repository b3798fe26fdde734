"""How well scores put good samples above bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .intervals import LEVEL, RESAMPLES, Interval, bootstrap, percentile_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["area_under_curve"]


def area_under_curve(
    scores: Any, good: Any, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float | None, Interval | None]:
    """The chance that a good sample has a higher score than a bad one, ties half: the area under
    the ROC curve (Hanley and McNeil 1982, Radiology 143), with a bootstrap interval over samples.

    Args:
        scores: one a sample, none missing.
        good: whether each is good.
        level, resamples, seed: of the interval.

    Returns:
        The area and its interval; None where all samples are good, or none is.
    """
    import numpy as np

    x = np.asarray(scores, dtype=np.float64)
    y = np.asarray(good, dtype=np.bool_)
    if not y.any() or y.all():
        return None, None
    values, codes = np.unique(x, return_inverse=True)
    kinds = np.bincount(codes + len(values) * y, minlength=2 * len(values)).astype(np.float64)
    there = kinds > 0

    def area(weights: Floats) -> Floats:
        table = np.zeros((len(weights), 2 * len(values)))
        table[:, there] = weights
        bad, fine = table[:, : len(values)], table[:, len(values) :]
        below = bad.cumsum(axis=1) - bad / 2
        pairs = bad.sum(axis=1) * fine.sum(axis=1)
        found: Floats = np.full((len(weights), 1), np.nan)
        np.divide((below * fine).sum(axis=1), pairs, out=found[:, 0], where=pairs > 0)
        return found

    figures = bootstrap(kinds[there], area, resamples=resamples, seed=seed)
    whole = float(area(kinds[there][None, :])[0, 0])
    return whole, percentile_interval(figures[:, 0], level)
