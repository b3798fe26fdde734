"""Whether a share has changed by more than chance: of the same items, or of others."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CheckError

__all__ = ["fisher", "holm", "mcnemar"]


def mcnemar(worse: int, better: int) -> float:
    """The two-sided p value that a share is the same before and after, on the same items.

    The exact test (McNemar 1947, with the binomial in the place of the chi square): of the items
    that changed, half would have changed either way by chance.

    Args:
        worse: items that passed before and fail after.
        better: items that failed before and pass after.

    Raises:
        CheckError: one of them is below 0.
    """
    from scipy.stats import binomtest

    if min(worse, better) < 0:
        raise CheckError(f"{worse} and {better} are no counts of items that changed.")
    if worse + better == 0:
        return 1.0
    return float(binomtest(worse, worse + better).pvalue)


def fisher(failed: int, items: int, failed_after: int, items_after: int) -> float:
    """The two-sided p value that two shares are the same, of items that are not the same ones
    (Fisher's exact test).

    Raises:
        CheckError: more failed than there are.
    """
    from scipy.stats import fisher_exact

    if not (0 <= failed <= items and 0 <= failed_after <= items_after):
        raise CheckError(f"{failed} of {items} and {failed_after} of {items_after} are no shares.")
    table = [[failed, items - failed], [failed_after, items_after - failed_after]]
    return float(fisher_exact(table)[1])


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values of several tests, adjusted so that one false alarm among all of them is as
    unlikely as it would be in a single one (Holm 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, p_values[at] * (len(p_values) - rank)))
        adjusted[at] = highest
    return adjusted
