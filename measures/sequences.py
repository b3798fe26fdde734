"""Confidence sequences: intervals that hold at every time, however often one looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import CheckError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["sequence_interval"]


def sequence_interval(
    hits: Any,
    seen: Any,
    lot: int,
    level: float = 0.95,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
) -> tuple[Floats, Floats]:
    """The share of good ones in a lot, from those seen so far of a random order of it.

    With probability `level`, the true share is in all these intervals at once, from the first
    sample to the last, so that one may look after each and stop for any reason. The
    prior-posterior ratio of a beta-binomial prior is a martingale under sampling without
    replacement, and Ville's inequality does the rest (Waudby-Smith and Ramdas 2020, Confidence
    sequences for sampling without replacement, NeurIPS; section 2). The prior only says where the
    interval is shortest: it holds for every lot.

    Args:
        hits: how many of those seen so far are good; a number or an array.
        seen: how many were seen so far, likewise.
        lot: how many there are.
        level: the confidence.
        prior: the two parameters of the beta distribution, above 0; (1, 1) knows nothing.

    Raises:
        CheckError: the numbers are out of range.
    """
    import numpy as np
    from scipy.special import betaln, gammaln

    k, n = np.broadcast_arrays(np.atleast_1d(hits).astype(float), np.atleast_1d(seen).astype(float))
    if lot < 1 or (k < 0).any() or (k > n).any() or (n > lot).any():
        raise CheckError("No more can be good than were seen, and no more seen than there are.")
    if not 0.0 < level < 1.0:
        raise CheckError(f"A confidence level lies between 0 and 1, not at {level}.")
    a, b = prior
    marginal = betaln(a + k, b + n - k) - betaln(a, b)
    everything = gammaln(lot + 1.0) - gammaln(lot - n + 1.0)

    def plausible(good: Floats) -> NDArray[np.bool_]:
        """Whether the lot may have so many good ones; the likelihood has one peak."""
        likely = gammaln(good + 1.0) - gammaln(good - k + 1.0)
        likely += gammaln(lot - good + 1.0) - gammaln(lot - good - (n - k) + 1.0)
        verdict: NDArray[np.bool_] = marginal - (likely - everything) < -np.log1p(-level)
        return verdict

    least, most = k, lot - (n - k)
    peak = np.clip(np.floor(np.where(n > 0, k / np.maximum(n, 1), 0.5) * (lot + 1)), least, most)
    low = _edge(least - 1, peak, plausible)
    high = _edge(most + 1, peak, plausible)
    return low / lot, high / lot


def _edge(
    outside: Floats, inside: Floats, plausible: Callable[[Floats], NDArray[np.bool_]]
) -> Floats:
    """The last plausible whole number from `inside` on the way to `outside`, by bisection."""
    import numpy as np

    while (np.abs(outside - inside) > 1).any():
        middle = np.where(np.abs(outside - inside) > 1, np.floor((outside + inside) / 2), inside)
        holds = plausible(middle)
        inside, outside = np.where(holds, middle, inside), np.where(holds, outside, middle)
    return inside
