"""Win rates, and what the order of two answers does to them.

Verdicts on pairs are numbers from the view of one side, called A: 1 where A won, 0.5 for a tie, 0
where B won, and NaN where the judge gave no verdict. Pairs and samples are taken to be independent
of each other; every figure has a 95% interval unless another level is asked for. With `counts`, a
row stands for as many pairs that are alike in it: what is counted so takes the memory of the
different rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .intervals import RESAMPLES
from .shares import Estimate, bootstrapped, share_of, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Position",
    "merge_orders",
    "position_bias",
    "win_rate",
]

_OUTCOMES = (0.0, 0.5, 1.0)


def win_rate(
    outcomes: NDArray[Any],
    *,
    counts: NDArray[Any] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """How often A won, a tie being half a win, with a percentile bootstrap interval over the pairs.

    Where all verdicts are the same, a bootstrap sees no spread, and the interval is Wilson's.

    Args:
        outcomes: a verdict a pair; NaN is left out.
        counts: how many pairs each verdict stands for; 1 by default.
        level: the confidence.
        resamples: how many bootstrap resamples.
        seed: the same seed gives the same interval.

    Raises:
        CheckError: no verdict, or a number that is none.
    """
    import numpy as np

    y = _verdicts(outcomes)
    times = _times(counts, y)
    of_each = np.array([times[y == value].sum() for value in _OUTCOMES], dtype=np.float64)
    n = int(of_each.sum())
    if not n:
        raise CheckError("No pair has a verdict: there is no win rate.")
    value = float(of_each @ np.array(_OUTCOMES) / n)
    if of_each.max() == n:
        return Estimate(value, *wilson(value * n, n, level), n)
    low, high = bootstrapped(
        of_each, lambda table: table @ np.array(_OUTCOMES) / n, level, resamples, seed
    )
    return Estimate(value, low, high, n)


def merge_orders(a_first: NDArray[Any], b_first: NDArray[Any]) -> NDArray[Any]:
    """One verdict a pair from both orders, as in Zheng et al. (2023): an answer wins that wins in
    both; all else, a reversal above all, is a tie. A pair without a verdict in one of them has
    none.

    Args:
        a_first: the verdict for A where A was shown first.
        b_first: the verdict for A of the same pair where B was shown first.
    """
    import numpy as np

    one, two = _both(a_first, b_first)
    merged = np.where(one == two, one, 0.5)
    return np.where(np.isnan(one + two), np.nan, merged)


@dataclass(frozen=True, slots=True)
class Position:
    """What the order of the two answers does to the verdict.

    Attributes:
        consistent: the share of pairs with the same verdict in both orders (Wilson).
        reversed: the share of pairs in which one answer won in one order and the other in the
            other, that is, the same place won twice (Wilson).
        first: of the decided verdicts, in both orders, the share that went to the answer shown
            first; 0.5 is no preference (bootstrap over pairs, Wilson where it is 0 or 1).
            None where no verdict is decided.
        first_reversed: of the reversed pairs, the share in which the first place won twice
            (Wilson). None where none is reversed.
        missing: how many pairs were left out for want of a verdict in one of the orders.
    """

    consistent: Estimate
    reversed: Estimate
    first: Estimate | None
    first_reversed: Estimate | None
    missing: int


def position_bias(
    a_first: NDArray[Any],
    b_first: NDArray[Any],
    *,
    counts: NDArray[Any] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Position:
    """Compares the verdicts of both orders (as in Zheng et al., 2023, and Wang et al., 2023).

    Args:
        a_first: the verdict for A where A was shown first.
        b_first: the verdict for A of the same pair where B was shown first.
        counts: how many pairs each row stands for; 1 by default.

    Raises:
        CheckError: columns of different length, no pair with both verdicts, or a number that is
            no verdict.
    """
    import numpy as np

    one, two = _both(a_first, b_first)
    known = ~np.isnan(one + two)
    times = _times(counts, one)
    n = int(times[known].sum())
    if not n:
        raise CheckError("No pair has a verdict in both orders: position bias cannot be measured.")
    # The nine kinds of pair, by the verdict in each order.
    kinds = (one[known] * 2 * 3 + two[known] * 2).astype(np.int64)
    of_each = np.bincount(kinds, times[known], minlength=9)
    first_won = np.array([o == 1.0 for o in _OUTCOMES for _ in _OUTCOMES], dtype=np.float64)
    first_won += np.array([t == 0.0 for _ in _OUTCOMES for t in _OUTCOMES], dtype=np.float64)
    decided = np.array([(o != 0.5) + (t != 0.5) for o in _OUTCOMES for t in _OUTCOMES])
    reversals = int(of_each[2] + of_each[6])  # A then B lost (0, 1), and A then B won (1, 0)
    first = None
    if of_each @ decided:
        value = float(of_each @ first_won / (of_each @ decided))
        if 0.0 < value < 1.0:
            low, high = bootstrapped(
                of_each, lambda t: _over(t @ first_won, t @ decided), level, resamples, seed
            )
        else:
            low, high = wilson(value * n, n, level)
        first = Estimate(value, low, high, n)
    return Position(
        consistent=share_of(int(of_each[0] + of_each[4] + of_each[8]), n, level),
        reversed=share_of(reversals, n, level),
        first=first,
        first_reversed=share_of(int(of_each[6]), reversals, level) if reversals else None,
        missing=int(times.sum()) - n,
    )


def _both(a_first: NDArray[Any], b_first: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    one, two = _verdicts(a_first), _verdicts(b_first)
    if one.shape != two.shape:
        raise CheckError(
            f"Both orders need the same pairs, not {one.size:,} verdicts and {two.size:,}."
        )
    return one, two


def _verdicts(outcomes: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    y = np.asarray(outcomes, dtype=np.float64)
    if not (np.isin(y, _OUTCOMES) | np.isnan(y)).all():
        raise CheckError("A verdict is 1 (A won), 0.5 (a tie), 0 (B won) or NaN (none).")
    return y


def _times(counts: NDArray[Any] | None, rows: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    times = np.ones(rows.size) if counts is None else np.asarray(counts, dtype=np.float64)
    if times.shape != rows.shape or not (times >= 0).all():
        raise CheckError("Counts are numbers of 0 or more, one for each verdict.")
    return times


def _over(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
