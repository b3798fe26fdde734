"""Curves from a judge's score to a probability: Platt's and the isotonic one."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .logistic import fit_logistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Curve", "Isotonic", "Kind", "Platt", "fit_curve"]

Kind = Literal["platt", "isotonic"]


class Platt(BaseModel):
    """1 / (1 + exp(-(slope times score + intercept))), as in Platt (1999)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["platt"] = "platt"
    slope: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Log-odds a point of the score; 0 where the scores do not rise with the labels."""
    intercept: Annotated[float, Field(allow_inf_nan=False)]
    """Log-odds at a score of 0."""

    def at(self, score: float) -> float:
        """The probability at a score; NaN for NaN."""
        z = self.slope * score + self.intercept
        if z < 0:
            small = math.exp(z)
            return small / (1.0 + small)
        return 1.0 / (1.0 + math.exp(-z))

    def over(self, scores: NDArray[Any]) -> NDArray[Any]:
        """The probability at each of many scores."""
        from scipy.special import expit

        return _array(expit(self.slope * scores + self.intercept))


class Isotonic(BaseModel):
    """A rising line through points, level outside them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["isotonic"] = "isotonic"
    scores: Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=1)]
    """The points' scores, rising."""
    probabilities: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    """The points' probabilities, never falling."""

    @model_validator(mode="after")
    def _rises(self) -> Isotonic:
        if len(self.scores) != len(self.probabilities):
            raise ValueError("as many probabilities as scores are needed")
        if any(a >= b for a, b in zip(self.scores, self.scores[1:], strict=False)):
            raise ValueError("the scores must rise")
        if any(a > b for a, b in zip(self.probabilities, self.probabilities[1:], strict=False)):
            raise ValueError("the probabilities must not fall")
        return self

    def at(self, score: float) -> float:
        """The probability at a score; NaN for NaN."""
        if math.isnan(score):
            return score
        right = bisect_right(self.scores, score)
        if right == 0:
            return self.probabilities[0]
        if right == len(self.scores):
            return self.probabilities[-1]
        x, y = self.scores[right - 1 : right + 1], self.probabilities[right - 1 : right + 1]
        # Written as numpy.interp has it, so that one score and many give the same.
        return (y[1] - y[0]) / (x[1] - x[0]) * (score - x[0]) + y[0]

    def over(self, scores: NDArray[Any]) -> NDArray[Any]:
        """The probability at each of many scores."""
        import numpy as np

        return _array(np.interp(scores, self.scores, self.probabilities))


Curve = Annotated[Platt | Isotonic, Field(discriminator="kind")]


def fit_curve(
    kind: Kind,
    scores: NDArray[Any],
    counts: NDArray[Any],
    hits: NDArray[Any],
) -> Platt | Isotonic:
    """Fits one curve.

    Platt: logistic regression on the score against the regularised targets of Platt (1999),
    (N+ + 1) / (N+ + 2) for acceptable rows and 1 / (N- + 2) for the others, which keep the curve
    from certainty; a falling curve is replaced by a level one.

    Isotonic: the rising step function of least squares (pool adjacent violators; Zadrozny and
    Elkan, 2002), taken as a line through the ends of its steps, and held within 1 / (n + 2) and
    1 - 1 / (n + 2): n labels cannot make more certain than that (Laplace's rule of succession).

    Args:
        kind: which.
        scores: the different scores, finite and rising.
        counts: how many rows have each, 0 or more.
        hits: how many of those are acceptable.
    """
    import numpy as np
    from scipy.optimize import isotonic_regression

    met = counts > 0
    scores, counts, hits = scores[met], counts[met].astype(np.float64), hits[met]
    n, good = float(counts.sum()), float(hits.sum())
    if kind == "platt":
        middle = float((scores * counts).sum() / n)
        spread = float((((scores - middle) ** 2 * counts).sum() / n) ** 0.5) or 1.0
        upper, lower = (good + 1.0) / (good + 2.0), 1.0 / (n - good + 2.0)
        columns = np.column_stack([(scores - middle) / spread, np.ones(scores.size)])
        targets = (hits * upper + (counts - hits) * lower) / counts
        slope, level = fit_logistic(columns, targets, counts=counts).weights
        if slope <= 0:
            share = float((targets * counts).sum() / n)
            return Platt(slope=0.0, intercept=math.log(share / (1.0 - share)))
        return Platt(slope=float(slope / spread), intercept=float(level - slope * middle / spread))
    steps = isotonic_regression(hits / counts, weights=counts).x
    steps = np.clip(steps, 1.0 / (n + 2.0), 1.0 - 1.0 / (n + 2.0))
    # The ends of each step are enough, and one end where there is one step.
    ends = np.ones(scores.size, dtype=bool)
    ends[1:-1] = (steps[1:-1] != steps[:-2]) | (steps[1:-1] != steps[2:])
    if steps[0] == steps[-1]:
        ends[1:] = False
    return Isotonic(scores=tuple(scores[ends].tolist()), probabilities=tuple(steps[ends].tolist()))


def _array(values: Any) -> NDArray[Any]:
    import numpy as np

    return np.asarray(values, dtype=np.float64)
