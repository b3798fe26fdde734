"""How far probabilities can be taken at their word: reliability diagram, ECE, Brier score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from ..errors import CheckError
from .shares import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bin", "Reliability", "log_loss", "reliability"]

_NEVER_SURER = 1e-15


class Bin(BaseModel):
    """One point of a reliability diagram."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int
    """How many are in it."""
    predicted: float
    """Their mean predicted probability."""
    observed: float
    """The share of them that was acceptable."""
    low: float
    """The lower end of the Clopper-Pearson interval of that share."""
    high: float
    """Its upper end."""


class Reliability(BaseModel):
    """How probabilities compare with what came true."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int
    """How many probabilities were compared."""
    bins: tuple[Bin, ...]
    """From the lowest predicted probability to the highest, of about equal size; what is equal is
    never split, so that there may be fewer than were asked for."""
    ece: float
    """Expected calibration error: the distance of predicted and observed, averaged over the bins
    by their size (0 is best). With few rows it is above 0 by chance alone."""
    brier: float
    """Mean squared distance of probability and outcome (Brier, 1950): 0 is best, 0.25 is what
    saying 0.5 always gets."""
    log_loss: float
    """Mean negative log-likelihood in nats: 0 is best, 0.693 is what saying 0.5 always gets."""


def reliability(
    probabilities: NDArray[Any],
    outcomes: NDArray[Any],
    *,
    bins: int = 10,
    level: float = 0.95,
    by: NDArray[Any] | None = None,
) -> Reliability:
    """Compares probabilities with outcomes.

    Args:
        probabilities: 0 to 1; made without the outcomes that they are compared with.
        outcomes: 0 or 1, one for each.
        bins: how many points the diagram should have.
        level: the confidence of the intervals.
        by: what rises with the probabilities, and puts rows into bins; by default they
            themselves. Probabilities of one score from several folds differ a little, against the
            outcomes of each fold: put into bins by the score, they are compared as one.

    Raises:
        CheckError: the columns differ in length, or are empty.
    """
    import numpy as np

    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(outcomes, dtype=np.float64)
    key = p if by is None else np.asarray(by, dtype=np.float64)
    if not p.shape == y.shape == key.shape or not p.size:
        raise CheckError("A reliability diagram needs one outcome for each probability.")
    _, place, counts = np.unique(key, return_inverse=True, return_counts=True)
    hits, sums = np.bincount(place, weights=y), np.bincount(place, weights=p)
    # A probability belongs to the bin in which the middle of its rows lies.
    middle = np.cumsum(counts) - counts / 2.0
    numbers = np.minimum((middle / p.size * bins).astype(np.int64), bins - 1)
    points = []
    for number in np.unique(numbers):
        inside = numbers == number
        n, k = int(counts[inside].sum()), round(float(hits[inside].sum()))
        low, high = clopper_pearson(k, n, level)
        mean = float(sums[inside].sum() / n)
        points.append(Bin(n=n, predicted=mean, observed=k / n, low=low, high=high))
    return Reliability(
        n=int(p.size),
        bins=tuple(points),
        ece=sum(b.n * abs(b.predicted - b.observed) for b in points) / p.size,
        brier=float(((p - y) ** 2).mean()),
        log_loss=log_loss(p, y),
    )


def log_loss(probabilities: NDArray[Any], outcomes: NDArray[Any]) -> float:
    """The mean negative log-likelihood in nats; what came true at probability 0 counts as 1e-15."""
    import numpy as np

    p = np.clip(np.asarray(probabilities, dtype=np.float64), _NEVER_SURER, 1.0 - _NEVER_SURER)
    y = np.asarray(outcomes, dtype=np.float64)
    return float(-(y * np.log(p) + (1.0 - y) * np.log1p(-p)).mean())
