"""The share of good ones in a finite lot, from a simple random sample of it.

All functions take many samples at once (arrays of hits), so that their coverage can be simulated
with the very code that reports.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["beta_interval", "lot_interval", "sample_size"]

_LARGEST_EXACT = 20_000
"""Above so many looked at, the sums over the hypergeometric distribution take seconds and the
beta distribution's interval is the same to five digits."""


def lot_interval(hits: Any, n: int, lot: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """The exact interval of the share in a lot (Clopper and Pearson's tails with the
    hypergeometric distribution; Konijn 1973, Statistical Theory of Sample Survey Design).

    Drawn without replacement, so that it is shorter than Clopper and Pearson's own, and has no
    width where the whole lot was looked at; it never covers less than `level`.

    Args:
        hits: how many of those looked at are good, 0 to n; a number or an array.
        n: how many were looked at, 0 to `lot`.
        lot: how many there are.
        level: the confidence, above 0 and below 1.

    Raises:
        CheckError: the numbers are out of range.
    """
    import numpy as np

    k = np.atleast_1d(np.asarray(hits, dtype=np.int64))
    if not 0 <= n <= lot or k.min(initial=0) < 0 or k.max(initial=0) > n:
        raise CheckError(f"A sample of {n} from a lot of {lot} cannot have {hits} good ones.")
    if not 0.0 < level < 1.0:
        raise CheckError(f"A confidence level lies between 0 and 1, not at {level}.")
    if not lot or not n:
        return np.zeros(len(k)), np.ones(len(k))
    if n > _LARGEST_EXACT:
        low, high = beta_interval(k.astype(np.float64), float(n), level)
        rest = n / lot
        return np.maximum(low, k / n * rest), np.minimum(high, 1 - (1 - k / n) * rest)
    different, back = np.unique(k, return_inverse=True)
    tail = (1.0 - level) / 2.0
    low = np.array([_fewest_good(int(one), n, lot, tail) for one in different])
    high = np.array([lot - _fewest_good(n - int(one), n, lot, tail) for one in different])
    return low[back] / lot, high[back] / lot


def beta_interval(hits: Floats, n: Any, level: float = 0.95) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval for many samples at once, and for counts that are no whole
    numbers, as effective ones are.

    Args:
        hits: from 0 to n.
        n: above 0.
        level: the confidence.
    """
    import numpy as np
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    hits, n = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=float))
    tiny = 1e-9
    low = betaincinv(np.maximum(hits, tiny), n - hits + 1.0, tail)
    high = betaincinv(hits + 1.0, np.maximum(n - hits, tiny), 1.0 - tail)
    return np.where(hits <= tiny, 0.0, low), np.where(hits >= n - tiny, 1.0, high)


def sample_size(wanted: float, expected: float, lot: int, level: float = 0.95) -> int:
    """The fewest to look at for an exact interval of a half width of at most `wanted`.

    Args:
        wanted: half of the interval's length, above 0 and below 0.5.
        expected: the share that is expected; 0.5 needs the most.
        lot: how many there are; also the most that is returned.
        level: the confidence.

    Raises:
        CheckError: the numbers are out of range.
    """
    if not 0.0 < wanted < 0.5 or not 0.0 <= expected <= 1.0:
        raise CheckError(
            f"A half width lies between 0 and 0.5, not at {wanted}; an expected share between 0"
            f" and 1, not at {expected}."
        )

    def fits(n: int) -> bool:
        low, high = lot_interval(round(expected * n), n, lot, level)
        return bool(high[0] - low[0] <= 2 * wanted)

    return _first(fits, 1, lot)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The lowest number from which on `holds`; `high` where there is none below it."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


@functools.lru_cache(maxsize=200_000)
def _fewest_good(hits: int, n: int, lot: int, tail: float) -> int:
    """The fewest good ones in the lot with which as many hits or more have a chance above
    `tail`; at least those that were seen. Kept, since many samples of one lot have the same."""
    return _first(lambda good: _at_least(hits, n, good, lot) > tail, hits, lot - n + hits)


def _at_least(hits: int, n: int, good: int, lot: int) -> float:
    """The chance of as many hits or more."""
    import numpy as np
    from scipy.special import gammaln

    lowest, highest = max(0, n - (lot - good)), min(n, good)
    if hits <= lowest:
        return 1.0
    if hits > highest:
        return 0.0

    def choose(a: Any, b: Any) -> Any:
        return gammaln(a + 1.0) - gammaln(b + 1.0) - gammaln(a - b + 1.0)

    # The shorter tail is summed, which is the more exact one too.
    upper = hits > n * good / lot
    k = np.arange(hits, highest + 1) if upper else np.arange(lowest, hits)
    terms = choose(good, k) + choose(lot - good, n - k) - choose(lot, n)
    chance = float(np.exp(terms).sum())
    return chance if upper else 1.0 - chance
