"""Percentile bootstrap intervals over items (Efron and Tibshirani 1993, An Introduction to the
Bootstrap, chapter 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEVEL", "RESAMPLES", "Interval", "bootstrap", "percentile_interval", "resample"]

RESAMPLES = 2_000
"""Resamples where nothing else is said."""

LEVEL = 0.95
"""Share of the resamples that an interval holds."""

FEWEST_RESAMPLES = 200
_WORK = 2e8
"""Weights drawn at most, so that a million different rows take a minute and not an hour."""

_CELLS = 2_000_000
"""Weights held at once (8 bytes each)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval.

    Attributes:
        low, high: its bounds.
        level: the share of the resamples between them.
        resamples: how many were drawn.
        undefined: the share of them in which the figure was not defined, and which are left out.
    """

    low: float
    high: float
    level: float
    resamples: int
    undefined: float = 0.0


def bootstrap(
    counts: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NDArray[np.float64]:
    """The statistic in each resample of the items.

    Args:
        counts: how many items there are of each kind.
        statistic: of weights (resamples × kinds), figures (resamples × figures).
        resamples: how many; fewer for so many kinds that it would take too long.
        seed: the same seed gives the same resamples.

    Returns:
        Figures, one row a resample.
    """
    import numpy as np

    times = min(resamples, max(FEWEST_RESAMPLES, int(_WORK / max(1, len(counts)))))
    return np.concatenate([statistic(w) for w in resample(counts, times, seed)])


def resample(counts: NDArray[np.float64], times: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each kind of item occurs in each of `times` resamples with replacement; some
    resamples at a time."""
    import numpy as np

    generator = np.random.default_rng(seed)
    kinds, items = len(counts), int(counts.sum())
    at_once = max(1, _CELLS // max(1, kinds))
    ends = np.cumsum(counts)
    for start in range(0, times, at_once):
        number = min(at_once, times - start)
        if kinds * 8 < items:
            yield generator.multinomial(items, counts / items, size=number).astype(np.float64)
            continue
        weights = np.empty((number, kinds))
        for row in range(number):
            drawn = generator.integers(items, size=items)
            if kinds < items:
                drawn = np.searchsorted(ends, drawn, side="right")
            weights[row] = np.bincount(drawn, minlength=kinds)
        yield weights


def percentile_interval(figures: NDArray[np.float64], level: float = LEVEL) -> Interval | None:
    """The interval that holds the middle `level` of the figures; None where none is defined."""
    import numpy as np

    defined = figures[~np.isnan(figures)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    lost = 1 - len(defined) / len(figures)
    return Interval(float(low), float(high), level, len(figures), lost)
