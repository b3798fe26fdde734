"""Logistic regression with few columns and any number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LogisticFit", "fit_logistic"]

_STEPS = 100
_CLOSE = 1e-14
_SHORTEST = 1e-6
_PERFECT = 1e-10


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A fitted logistic regression.

    Attributes:
        weights: one weight a column, on the scale of the log-odds.
        covariance: their covariance, by the sandwich of Huber (1967) and White (1980): it holds
            for targets between 0 and 1 (ties) too, and where the model is not quite right.
    """

    weights: NDArray[Any]
    covariance: NDArray[Any]


def fit_logistic(
    columns: NDArray[Any],
    targets: NDArray[Any],
    *,
    counts: NDArray[Any] | None = None,
    ridge: NDArray[Any] | float = 0.0,
) -> LogisticFit:
    """Maximises the log-likelihood, less `ridge`/2 times each squared weight.

    Newton's method, with steps halved while they overshoot: the problem is convex, so that its
    optimum does not depend on the start. It ends where a step would gain less than a part in 10^14.

    Args:
        columns: rows by columns; a column of ones is the intercept, nothing is added.
        targets: 0 to 1 for each row.
        counts: how often each row occurs; 1 by default.
        ridge: the penalty, one for all columns or one each. Above 0 it keeps the weights finite
            where a column separates the targets.

    Raises:
        CheckError: the optimum was not found (weights that run away, for want of a ridge).
    """
    import numpy as np
    from scipy.special import expit

    x = np.asarray(columns, dtype=np.float64)
    y = np.asarray(targets, dtype=np.float64)
    w = np.ones(len(y)) if counts is None else np.asarray(counts, dtype=np.float64)
    penalty = np.broadcast_to(np.asarray(ridge, dtype=np.float64), (x.shape[1],))

    def loss(beta: NDArray[Any]) -> float:
        z = x @ beta
        return float(w @ (np.logaddexp(0.0, z) - y * z) + 0.5 * penalty @ beta**2)

    beta = np.zeros(x.shape[1])
    now = loss(beta)
    for _ in range(_STEPS):
        p = expit(x @ beta)
        slope = x.T @ (w * (p - y)) + penalty * beta
        bread = np.linalg.pinv((x.T * (w * p * (1.0 - p))) @ x + np.diag(penalty), hermitian=True)
        step = bread @ slope
        if slope @ step <= _CLOSE * max(1.0, now):
            if now < _PERFECT * w.sum() and not penalty.any():
                break
            meat = (x.T * (w * (p - y) ** 2)) @ x
            return LogisticFit(beta, bread @ meat @ bread)
        length = 1.0
        while (then := loss(beta - length * step)) > now and length > _SHORTEST:
            length /= 2.0
        beta, now = beta - length * step, then
    raise CheckError(
        "The logistic regression found no optimum: the targets are separated by a column, and "
        "there is no ridge to hold its weight."
    )
