"""Whether a judge favours the answers of its own model family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .shares import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Family", "SelfPreference", "self_preference"]


@dataclass(frozen=True, slots=True)
class Family:
    """The scores of the answers of one model family.

    Attributes:
        n: how many answers.
        score: the judge's mean score of them.
        reference: the mean reference score of the same answers, or None.
    """

    n: int
    score: float
    reference: float | None


@dataclass(frozen=True, slots=True)
class SelfPreference:
    """How a judge scores answers of its own model family beside those of others.

    Attributes:
        gap: mean score of its own family's answers less that of the others' (Welch's interval). It
            holds the true difference in quality too.
        reference_gap: the same gap in the reference scores, or None without any.
        excess: the gap less the reference's gap: what the judge adds to its own family beyond what
            the reference sees (Welch's interval on the differences, answer by answer); None
            without a reference. Only this is self-preference.
        families: the means by family.
    """

    gap: Estimate
    reference_gap: Estimate | None
    excess: Estimate | None
    families: Mapping[str, Family]


def self_preference(
    scores: NDArray[Any],
    families: Sequence[str] | NDArray[Any],
    judge_family: str,
    *,
    reference: NDArray[Any] | None = None,
    level: float = 0.95,
) -> SelfPreference:
    """Whether a judge favours answers of its own model family (Panickssery et al., 2024).

    A better model earns better scores, so that a gap alone proves nothing: with scores of the same
    answers by people, or by judges of other families, the gap that these see is taken off.

    Args:
        scores: the judge's score of each answer, or its verdict for the answer in a pair; NaN is
            left out.
        families: the family of the model that wrote each answer.
        judge_family: the judge's own.
        reference: scores of the same answers by people or by judges of other families, on the
            same scale; an answer without one (NaN) is left out.
        level: the confidence.

    Raises:
        CheckError: columns of different length, or fewer than two answers of the judge's own
            family, or of others.
    """
    import numpy as np

    x = np.asarray(scores, dtype=np.float64)
    names = np.asarray(families)
    other = None if reference is None else np.asarray(reference, dtype=np.float64)
    if x.shape != names.shape or (other is not None and other.shape != x.shape):
        raise CheckError("Self-preference needs a family (and a reference) for each score.")
    known = np.isfinite(x) if other is None else np.isfinite(x) & np.isfinite(other)
    x, names = x[known], names[known]
    own = names == judge_family
    n = int(own.sum())
    if min(n, own.size - n) < 2:
        raise CheckError(
            f"{n:,} of {own.size:,} scored answers are of the judge's family {judge_family!r}: "
            "self-preference needs at least two of its own and two of others."
        )
    reference_gap = excess = None
    if other is not None:
        other = other[known]
        reference_gap = _welch(other[own], other[~own], level)
        excess = _welch((x - other)[own], (x - other)[~own], level)
    found, place = np.unique(names, return_inverse=True)
    sizes = np.bincount(place)
    means = np.bincount(place, weights=x) / sizes
    seen = None if other is None else np.bincount(place, weights=other) / sizes
    return SelfPreference(
        gap=_welch(x[own], x[~own], level),
        reference_gap=reference_gap,
        excess=excess,
        families={
            str(name): Family(
                int(sizes[i]), float(means[i]), None if seen is None else float(seen[i])
            )
            for i, name in enumerate(found)
        },
    )


def _welch(one: NDArray[Any], two: NDArray[Any], level: float) -> Estimate:
    """The difference of two means and Welch's (1947) interval."""
    from scipy.special import stdtrit

    gap = float(one.mean() - two.mean())
    a, b = float(one.var(ddof=1)) / one.size, float(two.var(ddof=1)) / two.size
    half = 0.0
    if a + b > 0:
        freedom = (a + b) ** 2 / (a**2 / (one.size - 1) + b**2 / (two.size - 1))
        half = float(stdtrit(freedom, 1.0 - (1.0 - level) / 2.0)) * (a + b) ** 0.5
    return Estimate(gap, gap - half, gap + half, int(one.size + two.size))
