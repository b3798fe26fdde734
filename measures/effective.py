"""Intervals of a share whose estimate has a variance of its own: from strata, or with the help of
judges' scores.

The estimate and its variance are turned into the size of the simple random sample that would
tell as much, and that sample into Clopper and Pearson's interval (Korn and Graubard 1998,
Confidence intervals for proportions with small expected number of positive counts estimated
from survey data, Survey Methodology 24). What is added here: a variance is never taken for
smaller than if z² further observations had gone the other way (as Agresti and Coull 1998, The
American Statistician 52, add z² to a sample), for where no defect was seen in a stratum, or none
that the judge had missed, a variance of zero is not to be believed. `benchmarks/certificate.py`
shows the coverage.

All functions take many samples at once: one row a sample, one column a stratum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .lots import beta_interval, lot_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FEWEST", "SHORTER", "Shares", "from_variance", "stratified", "unseen"]

FEWEST = 10
"""Both verdicts must have been given as often, for a variance to be trusted."""

SHORTER = 0.97
"""An interval from a variance is taken where it is no longer than this times the exact one: what
is gained by less is not worth a doubt."""

_EVEN = 1.02
"""A sample counts as one of equal chances up to this design effect of its weights (Kish 1965)."""


@dataclass(frozen=True)
class Shares:
    """Estimates of a share, one a sample.

    Attributes:
        value: the estimate, 0 to 1.
        low, high: its interval.
        exact: whether the interval is the exact one and not one from a variance.
    """

    value: Floats
    low: Floats
    high: Floats
    exact: NDArray[np.bool_]


def unseen(level: float) -> float:
    """How many further observations are taken to have gone the other way: z²."""
    from scipy.special import ndtri

    return float(ndtri(1.0 - (1.0 - level) / 2.0)) ** 2


def from_variance(
    value: Floats, variance: Floats, n: Any, level: float = 0.95
) -> tuple[Floats, Floats]:
    """The interval of an estimated share, by Korn and Graubard's effective sample size.

    Args:
        value: the estimate.
        variance: its variance, above 0.
        n: the sample's size; an estimate nearer to 0 or 1 than half an observation is moved there.
        level: the confidence.
    """
    import numpy as np

    value = np.clip(value, 0.5 / n, 1 - 0.5 / n)
    effective = value * (1 - value) / variance
    return beta_interval(value * effective, effective, level)


def stratified(sizes: Any, counts: Any, hits: Any, level: float = 0.95) -> Shares:
    """The share of good ones in a lot of several strata, each with a simple random sample.

    The estimate weighs each stratum's share by its size. The interval is Korn and Graubard's where
    both verdicts were given `FEWEST` times and it is shorter by `SHORTER`; else the exact one: of
    all samples together where the chances were equal (it covers, since the number of hits is less
    spread than if there were no strata: Hoeffding 1956, Annals of Mathematical Statistics 27), and
    otherwise that of as many observations as the most thinly sampled stratum stands for. A stratum
    of which nothing was seen may be all good or all bad.

    Args:
        sizes: how many there are in each stratum, above 0.
        counts: how many of them were looked at: a row a sample, or one row for all.
        hits: how many of these were good: a row a sample.
        level: the confidence.
    """
    import numpy as np

    k = np.atleast_2d(np.asarray(hits, dtype=np.float64))
    n = np.broadcast_to(np.asarray(counts, dtype=np.float64), k.shape)
    size = np.asarray(sizes, dtype=np.float64)
    seen = n[0] > 0
    if not seen.any():
        nothing = np.zeros(len(k))
        return Shares(nothing + np.nan, nothing, nothing + 1.0, nothing == 0)
    share_seen = size[seen].sum() / size.sum()
    found = _all_seen(size[seen], n[:, seen], k[:, seen], level)
    if share_seen == 1.0:
        return found
    low, high = found.low * share_seen, 1.0 - (1.0 - found.high) * share_seen
    return Shares(found.value, low, high, found.exact)


def _all_seen(size: Floats, n: Floats, k: Floats, level: float) -> Shares:
    import numpy as np

    lot, total, good = size.sum(), n.sum(axis=1), k.sum(axis=1)
    weight = size / lot
    share = k / n
    value = (weight * share).sum(axis=1)
    # One observation tells nothing of the spread; a half is the most that there can be.
    spread = np.where(n > 1, share * (1 - share) * n / np.maximum(n - 1, 1), 0.25)
    each = weight / n
    left = 1.0 - n / size
    variance = (weight**2 * left * spread / n).sum(axis=1)
    variance += (1 - total / lot) * each.max(axis=1) ** 2 * unseen(level)
    low, high = from_variance(value, np.maximum(variance, 1e-18), total, level)

    even = total * (weight * each).sum(axis=1) <= _EVEN
    fewest = np.maximum(1.0 / each.max(axis=1), 1.0)
    low_thin, high_thin = beta_interval(value * fewest, fewest, level)
    low_even, high_even = np.zeros(len(k)), np.ones(len(k))
    for one in np.unique(total[even]):
        rows = even & (total == one)
        low_even[rows], high_even[rows] = lot_interval(
            good[rows].astype(np.int64), int(one), int(lot), level
        )
    low_exact = np.where(even, low_even, low_thin)
    high_exact = np.where(even, high_even, high_thin)

    trusted = np.minimum(good, total - good) >= FEWEST
    trusted &= high - low <= SHORTER * (high_exact - low_exact)
    return Shares(
        value,
        np.where(trusted, low, np.minimum(low_exact, value)),
        np.where(trusted, high, np.maximum(high_exact, value)),
        ~trusted,
    )
