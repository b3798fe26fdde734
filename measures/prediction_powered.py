"""Prediction-powered inference: people's verdicts on a sample, judges' scores on the whole lot.

PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453): the mean of the predictions on
all, corrected by the mean error of the predictions where people looked, the predictions weighed by
the factor with which the variance is least, so that a useless judge does no harm. The
prediction is what the reviewed samples say of a score: it is calibrated in bins of the score
(Zadrozny and Elkan 2001), for each sample by the others, so that no verdict predicts itself
(cross-prediction, Zrnic and Candès 2024, PNAS 121).

The lot is finite and all of it has scores: what is estimated is its own share, and the predictions'
mean has no sampling error.

Its usual intervals, from a normal distribution, cover far too seldom near 1 and in small
samples. These are `effective.from_variance`, and they are used only where both verdicts were
given `FEWEST` times and where they are shorter than the exact ones by `SHORTER`; else the exact
ones are. `benchmarks/certificate.py` shows the coverage of the rule as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .effective import FEWEST, SHORTER, Shares, from_variance, unseen
from .lots import lot_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["prediction_powered", "score_bins"]

_CUTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the lot below the bins' edges: closer at the low end, where defects are."""

_IN_BIN = 10
"""Samples that people are expected to have seen of a bin, at least."""

_PRIOR = 2.0
"""So many observations of the overall share are added to each bin, so that a bin of few does not
say 0 or 1."""


def score_bins(scores: Any, n: int) -> NDArray[np.int64]:
    """The bin of each score of a lot, from 0; decided by the scores alone, before any verdict.

    Args:
        scores: of the whole lot; NaN, where a sample has none, makes a bin of its own.
        n: how many samples people look at; each bin is expected to hold some of them.
    """
    import numpy as np

    scores = np.asarray(scores, dtype=np.float64)
    missing = np.isnan(scores)
    bins = np.zeros(len(scores), dtype=np.int64)
    if not missing.all():
        known = scores[~missing]
        edges = np.unique(np.quantile(known, _CUTS, method="lower"))
        bins[~missing] = 1 + np.searchsorted(edges, known, side="left")
    sizes = np.bincount(bins)
    merged = np.zeros(len(sizes), dtype=np.int64)
    needed = _IN_BIN * len(scores) / max(n, 1)
    current, filled, left = 0, 0.0, float(len(scores))
    for place, size in enumerate(sizes):
        merged[place] = current
        filled += size
        left -= size
        if filled >= needed and left >= needed:
            current, filled = current + 1, 0.0
    return merged[bins]


def prediction_powered(
    sizes: Any, counts: Any, hits: Any, level: float = 0.95, *, exact: Any = None
) -> Shares:
    """The share of good ones in a lot, from a simple random sample and the scores of all.

    Args:
        sizes: how many of the lot are in each bin of the score, as `score_bins` makes them.
        counts: how many of them people looked at: a row a sample, a column a bin; the rows have
            the same sum.
        hits: how many of these were good, likewise.
        level: the confidence.
        exact: the exact interval's ends (low, high), a row a sample, where they are known.
    """
    import numpy as np

    k = np.atleast_2d(np.asarray(hits, dtype=np.float64))
    n = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    size = np.asarray(sizes, dtype=np.float64)
    lot, looked, good = int(size.sum()), int(n[0].sum()), k.sum(axis=1)
    if exact is None:
        exact = lot_interval(good.astype(np.int64), looked, lot, level)
    low_exact, high_exact = exact
    if looked < 2 * FEWEST or looked == lot:
        value = good / max(looked, 1)
        return Shares(value, low_exact, high_exact, np.full(len(k), True))
    value, variance = _estimate(size, n, k, unseen(level))
    low, high = from_variance(value, variance, looked, level)
    used = np.minimum(good, looked - good) >= FEWEST
    used &= high - low <= SHORTER * (high_exact - low_exact)
    return Shares(
        np.where(used, value, good / looked),
        np.where(used, low, low_exact),
        np.where(used, high, high_exact),
        ~used,
    )


def _estimate(size: Floats, n: Floats, k: Floats, other_way: float) -> tuple[Floats, Floats]:
    """PPI++'s estimate and its variance.

    A bin's prediction is the share of good ones among the others in it. It takes one of two
    values for those that people saw, by their own verdict, and a third for all other bins', so
    that all sums over samples are sums over bins.
    """
    import numpy as np

    lot, looked = size.sum(), n.sum(axis=1)
    bad = n - k
    mean = k.sum(axis=1) / looked
    prior = _PRIOR * mean[:, None]
    of_rest = (k + prior) / (n + _PRIOR)
    of_good = (k - 1.0 + prior) / np.maximum(n - 1.0 + _PRIOR, 1.0)
    of_bad = (k + prior) / np.maximum(n - 1.0 + _PRIOR, 1.0)
    total = looked[:, None]

    def over_seen(if_good: Floats, if_bad: Floats) -> Floats:
        means: Floats = ((if_good * k + if_bad * bad) / total).sum(axis=1)
        return means

    # The whole lot is predicted by the mean of the fits that leave one out.
    of_all = (of_good * k + of_bad * bad + of_rest * (total - n)) / total
    predicted = (of_all * size / lot).sum(axis=1)
    seen = over_seen(of_good, of_bad)
    spread = over_seen(of_good**2, of_bad**2) - seen**2
    together = (of_good * k / total).sum(axis=1) - seen * mean
    weight = np.clip(together / np.maximum(spread, 1e-12), 0.0, 1.0)
    value = weight * predicted + mean - weight * seen

    by = weight[:, None]
    error = (mean - weight * seen)[:, None]
    squares = ((1.0 - by * of_good - error) ** 2 * k + (by * of_bad + error) ** 2 * bad).sum(axis=1)
    variance = (1.0 - looked / lot) * (squares + other_way) / (looked * (looked - 2.0))
    return value, variance
