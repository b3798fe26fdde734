"""Shares and how sure one can be of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CheckError
from .intervals import bootstrap, percentile_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Estimate",
    "bootstrapped",
    "clopper_pearson",
    "labels_needed",
    "share_of",
    "wilson",
]

_MOST_LABELS = 10_000_000


class Estimate(NamedTuple):
    """A figure and its interval.

    Attributes:
        value: the figure.
        low: the lower end of its interval.
        high: the upper end.
        n: how many observations it comes from.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n = {self.n:,})"


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share (Clopper and Pearson, 1934): it never covers less than `level`.

    Args:
        hits: how many of the `n` had it, 0 to n.
        n: how many were looked at; with 0 the interval is (0, 1).
        level: the confidence, above 0 and below 1.

    Raises:
        CheckError: the numbers are out of range.
    """
    from scipy.special import betaincinv

    _require_share(hits, n, level)
    tail = (1.0 - level) / 2.0
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1.0 - tail))
    return low, high


def wilson(hits: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson, 1927): close to `level` on average, at any `n`.

    Args:
        hits: how many of the `n` had it; halves are allowed (a tie is half a win).
        n: how many were looked at; with 0 the interval is (0, 1).
        level: the confidence, above 0 and below 1.

    Raises:
        CheckError: the numbers are out of range.
    """
    from scipy.special import ndtri

    _require_share(hits, n, level)
    if n == 0:
        return 0.0, 1.0
    z = float(ndtri(1.0 - (1.0 - level) / 2.0))
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return low, high


def share_of(hits: int, n: int, level: float = 0.95) -> Estimate:
    """A share with its Wilson interval.

    Args:
        hits: how many of the `n` had it, 0 to n.
        n: how many were looked at, at least 1.
        level: the confidence.
    """
    return Estimate(hits / n, *wilson(hits, n, level), n)


def bootstrapped(
    counts: NDArray[Any],
    figure: Callable[[NDArray[Any]], NDArray[Any]],
    level: float,
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    """The percentile bootstrap interval of one figure that depends on counts alone.

    Args:
        counts: how often each kind of row occurs.
        figure: from a table of counts (a row a resample) to one value a resample.
        level: the confidence.
        resamples: how many.
        seed: the same seed gives the same interval.
    """
    figures = bootstrap(
        counts, lambda table: figure(table)[:, None], resamples=resamples, seed=seed
    )
    found = percentile_interval(figures[:, 0], level)
    return (float("nan"), float("nan")) if found is None else (found.low, found.high)


def labels_needed(wanted: float, expected: float, level: float = 0.95) -> int | None:
    """The fewest labels with which a share of `expected` shows that it is at least `wanted`.

    Counts labels among what is kept, and takes the number of hits as `expected` times n, rounded
    down: the lower end of its Clopper-Pearson interval must reach `wanted`.

    Args:
        wanted: the share to show, above 0 and below 1.
        expected: the true share one hopes for.
        level: the confidence of the two-sided interval.

    Returns:
        The number, or None where `expected` is no higher than `wanted` or so close to it that
        more than ten million labels are needed.
    """
    if not 0.0 < wanted < 1.0 or not expected <= 1.0:
        raise CheckError("A share lies between 0 and 1.")
    if expected <= wanted:
        return None

    def shows(n: int) -> bool:
        return clopper_pearson(int(expected * n + 1e-9), n, level)[0] >= wanted

    high = 1
    while not shows(high):
        high *= 2
        if high > _MOST_LABELS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    # Rounding down makes `shows` uneven from one n to the next, so the first one may lie lower.
    return next((n for n in range(max(1, high - 200), high) if shows(n)), high)


def _require_share(hits: float, n: float, level: float) -> None:
    if not 0 <= hits <= n:
        raise CheckError(f"{hits} of {n} is no share: the count lies between 0 and the total.")
    if not 0.0 < level < 1.0:
        raise CheckError(f"A confidence level lies between 0 and 1, not at {level}.")
