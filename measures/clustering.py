"""How a judge's scores crowd on a few points of its scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .intervals import RESAMPLES
from .shares import Estimate, bootstrapped, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Clustering", "score_clustering"]


@dataclass(frozen=True, slots=True)
class Clustering:
    """How a judge uses its scale.

    Attributes:
        n: how many scores.
        distinct: how many different ones.
        mode: the most frequent score, the lowest of them where several are.
        modal_share: the share of the scores that are the mode (Wilson).
        entropy: of the scores, in bits; 0 where all are the same (bootstrap). The plug-in figure:
            with few scores it is a little low.
        evenness: the entropy over that of an even use of all points of the scale, 0 to 1.
        shares: each score that occurs and its share, by size of the score.
    """

    n: int
    distinct: int
    mode: float
    modal_share: Estimate
    entropy: Estimate
    evenness: float
    shares: Mapping[float, float]

    @property
    def constant(self) -> bool:
        """Whether the judge always said the same: its scores then tell nothing."""
        return self.distinct == 1


def score_clustering(
    scores: NDArray[Any],
    *,
    points: int | None = None,
    step: float | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Clustering:
    """How much the scores crowd on a few points of the scale.

    Args:
        scores: the scores; NaN (no verdict) is left out.
        points: how many points the scale has; by default as many as were used.
        step: the distance of two points; scores between them (expectations over log-probabilities)
            count as the nearest. By default scores are taken as they are.

    Raises:
        CheckError: there are no scores, or fewer points than different scores.
    """
    import numpy as np

    x = np.asarray(scores, dtype=np.float64)
    x = x[np.isfinite(x)]
    if not x.size:
        raise CheckError("There are no scores: how they cluster cannot be measured.")
    if step is not None:
        if step <= 0:
            raise CheckError(f"The step of a scale is above 0, not {step}.")
        x = np.round(x / step) * step
    values, counts = np.unique(x, return_counts=True)
    if points is not None and points < values.size:
        raise CheckError(
            f"{values.size:,} different scores do not fit a scale of {points:,} points; "
            "give its step, or none."
        )

    def bits(table: NDArray[Any]) -> NDArray[Any]:
        p = table / table.sum(axis=1, keepdims=True)
        return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1), dtype=np.float64)

    table = counts.astype(np.float64)
    entropy = float(bits(table[None, :])[0]) + 0.0
    low, high = bootstrapped(table, bits, level, resamples, seed)
    most = int(counts.argmax())
    even = float(np.log2(points if points is not None else values.size))
    return Clustering(
        n=int(x.size),
        distinct=int(values.size),
        mode=float(values[most]),
        modal_share=share_of(int(counts[most]), int(x.size), level),
        entropy=Estimate(entropy, low + 0.0, high + 0.0, int(x.size)),
        evenness=entropy / even if even else 0.0,
        shares=dict(zip(values.tolist(), (counts / x.size).tolist(), strict=True)),
    )
