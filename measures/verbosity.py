"""What a judge's verdicts owe to the length of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .bias import win_rate
from .logistic import fit_logistic
from .shares import Estimate, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Verbosity", "length_controlled"]

_RIDGE = 0.01


@dataclass(frozen=True, slots=True)
class Verbosity:
    """Win rates with and without the length of the answers.

    Attributes:
        raw: the win rate of A (bootstrap over pairs).
        controlled: the win rate that A would have if both answers were always equally long. None
            where one side's answer is the longer one in every pair: how it fares at equal length
            would be made up, however narrow an interval comes out.
        weight: the log-odds that a difference in length adds, at most, to the longer answer; 0 is
            no effect. None where all differences or all verdicts are the same, so that nothing
            can be told; the controlled win rate is then the raw one.
        longer: of the pairs that are decided and differ in length, the share that the longer
            answer won (Wilson); quality that comes with length counts too. None without such
            pairs.
        spread: the standard deviation of the differences in length, in the unit of the lengths.
        missing: how many pairs were left out for want of a verdict.
    """

    raw: Estimate
    controlled: Estimate | None
    weight: Estimate | None
    longer: Estimate | None
    spread: float
    missing: int


def length_controlled(
    outcomes: NDArray[Any],
    a_lengths: NDArray[Any],
    b_lengths: NDArray[Any],
    *,
    difficulty: NDArray[Any] | None = None,
    counts: NDArray[Any] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Verbosity:
    """The length-controlled win rate of AlpacaEval 2 (Dubois et al., 2024), for one pair of models.

    The probability that A wins is logistic(θ + φ · tanh(d / s) + ψ · γ), where d is A's length less
    B's, s the standard deviation of d over the pairs, and γ the difficulty of the instruction. θ, φ
    and ψ are fitted by maximum likelihood, a tie being half a win. The controlled win rate is the
    mean of logistic(θ + ψ · γ) over the pairs: the same pairs, with d = 0.

    What differs from AlpacaEval 2: γ comes there from a fit over all models of its leaderboard, so
    that it is given here or left out (its `length_controlled_minimal`); its L1 penalty, chosen by
    cross-validation, is here a small fixed one (0.01 / 2 times each squared weight), which only
    keeps the weights finite; it also holds the weights back with the verdicts on two models that
    were told to be long or short, which exist for its instructions only.

    The interval of the weight is normal with the sandwich covariance, that of the controlled win
    rate by the delta method on the log-odds; both take s and the pairs as given. All is
    antisymmetric: with A and B exchanged, a win rate w becomes 1 - w.

    Args:
        outcomes: a verdict a pair, for A; NaN is left out.
        a_lengths: lengths of A's answers (AlpacaEval counts characters).
        b_lengths: lengths of B's.
        difficulty: γ of each pair, or None.
        counts: how many pairs each row stands for; 1 by default.
        level: the confidence.
        seed: of the bootstrap of the raw win rate.

    Raises:
        CheckError: columns of different length, lengths below 0, or no verdict.
    """
    import numpy as np
    from scipy.special import expit, ndtri

    y = np.asarray(outcomes, dtype=np.float64)
    a = np.asarray(a_lengths, dtype=np.float64)
    b = np.asarray(b_lengths, dtype=np.float64)
    hard = None if difficulty is None else np.asarray(difficulty, dtype=np.float64)
    if not y.shape == a.shape == b.shape or (hard is not None and hard.shape != y.shape):
        raise CheckError("Length control needs both lengths for each verdict.")
    if not (np.isfinite(a).all() and np.isfinite(b).all() and (a >= 0).all() and (b >= 0).all()):
        raise CheckError("A length is a number of 0 or more.")
    if hard is not None and not np.isfinite(hard).all():
        raise CheckError("A difficulty is a finite number.")
    raw = win_rate(y, counts=counts, level=level, seed=seed)
    times = np.ones(y.size) if counts is None else np.asarray(counts, dtype=np.float64)
    known = ~np.isnan(y) & (times > 0)
    missing = int(times[np.isnan(y)].sum())
    y, d, times = y[known], (a - b)[known], times[known]
    hard = None if hard is None else hard[known]
    pairs = float(times.sum())
    squares = float(times @ (d - float(times @ d) / pairs) ** 2)
    spread = (squares / (pairs - 1)) ** 0.5 if pairs > 1 else 0.0
    told = spread > 1e-12 * max(1.0, float(np.abs(d).max()))
    length = np.tanh(d / spread) if told else np.zeros(d.size)
    at_no_difference = np.zeros((y.size, 3))
    at_no_difference[:, 0] = 1.0
    if hard is not None:
        at_no_difference[:, 2] = hard
    columns = at_no_difference.copy()
    columns[:, 1] = length
    fit = fit_logistic(columns, y, counts=times, ridge=_RIDGE)
    z = float(ndtri(1.0 - (1.0 - level) / 2.0))
    # Without a difference, the three weights make one log-odds a pair.
    p = expit(at_no_difference @ fit.weights)
    value = float(times @ p / pairs)
    slope = (times * p * (1.0 - p)) @ at_no_difference / pairs
    error = float(slope @ fit.covariance @ slope) ** 0.5 / (value * (1.0 - value))
    odds = float(np.log(value / (1.0 - value)))
    controlled: Estimate | None = Estimate(
        value, float(expit(odds - z * error)), float(expit(odds + z * error)), int(pairs)
    )
    same = bool((y == y[0]).all())
    if same:
        # No regression can tell length from quality then, and its interval would be far too narrow.
        controlled = raw
    if not d.min() <= 0.0 <= d.max():
        controlled = None
    weight = None
    if told and not same:
        one = float(fit.weights[1])
        half = z * float(fit.covariance[1, 1]) ** 0.5
        weight = Estimate(one, one - half, one + half, int(pairs))
    decided = (y != 0.5) & (d != 0)
    n = int(times[decided].sum())
    hits = int(times[decided & ((y == 1.0) == (d > 0))].sum())
    return Verbosity(
        raw=raw,
        controlled=controlled,
        weight=weight,
        longer=Estimate(hits / n, *wilson(hits, n, level), n) if n else None,
        spread=spread,
        missing=missing,
    )
