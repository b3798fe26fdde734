"""What a change of the same answers does to their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .shares import Estimate, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Effect", "paired_effect"]


@dataclass(frozen=True, slots=True)
class Effect:
    """How scores differ between two forms of the same answers.

    Attributes:
        mean: the mean of the differences, changed less plain (Student's interval).
        raised: the share of answers whose score the change raised (Wilson).
        lowered: the share of those whose score it lowered (Wilson).
        missing: answers that were left out for want of a score of either form.
    """

    mean: Estimate
    raised: Estimate
    lowered: Estimate
    missing: int

    @property
    def shown(self) -> bool:
        """Whether the interval of the mean leaves out 0."""
        return not self.mean.low <= 0.0 <= self.mean.high


def paired_effect(plain: NDArray[Any], changed: NDArray[Any], *, level: float = 0.95) -> Effect:
    """Compares the scores of the same answers in two forms, pair by pair.

    Where no score differs, Student's interval is of no width: the share of the raised ones then
    says how much is known.

    Args:
        plain: the scores of the answers as they are; NaN where there is none.
        changed: the scores of the same answers in the other form.
        level: the confidence of the intervals.

    Raises:
        CheckError: columns of different length, or fewer than two answers with both scores.
    """
    import numpy as np
    from scipy.special import stdtrit

    one, two = np.asarray(plain, dtype=np.float64), np.asarray(changed, dtype=np.float64)
    if one.shape != two.shape:
        raise CheckError(f"Both forms need the same answers, not {one.size:,} and {two.size:,}.")
    difference = (two - one)[~np.isnan(one + two)]
    n = int(difference.size)
    if n < 2:
        raise CheckError(f"{n} of {one.size:,} answers have a score in both forms: too few.")
    mean = float(difference.mean())
    error = float(difference.std(ddof=1)) / n**0.5
    half = float(stdtrit(n - 1, 1.0 - (1.0 - level) / 2.0)) * error
    return Effect(
        mean=Estimate(mean, mean - half, mean + half, n),
        raised=share_of(int((difference > 0).sum()), n, level),
        lowered=share_of(int((difference < 0).sum()), n, level),
        missing=int(one.size) - n,
    )
