"""Simulated lots: a judge's scores for good samples and for bad ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certifying import Lot
from silversmith.errors import CheckError
from silversmith.measures.calibration import calibrate

__all__ = ["QUALITIES", "calibrated", "simulated_lot"]

QUALITIES = ("none", "reversed", "fair", "points", "good", "blind", "rarely blind", "perfect")
"""`none` knows nothing, `reversed` prefers the bad ones a little, `points` is a good one that gives
1 to 5, `blind` takes a quarter of the bad ones for perfect, `rarely blind` one in twenty-five."""

_STRATEGIES = (0.4, 0.3, 0.2, 0.1)
_STRATEGIES_OF_BAD = (0.2, 0.2, 0.2, 0.4)
_LABELS = 400


def simulated_lot(size: int, share: float, quality: str, rng: np.random.Generator) -> Lot:
    """A lot with this share of good samples, to the nearest one."""
    good = np.zeros(size, dtype=bool)
    good[: round(share * size)] = True
    strategies = np.where(
        good,
        rng.choice(len(_STRATEGIES), size, p=_STRATEGIES),
        rng.choice(len(_STRATEGIES), size, p=_STRATEGIES_OF_BAD),
    )
    scores = _scores(good, quality, rng)
    labels = rng.random(_LABELS) < share
    return Lot(good, scores, strategies, calibrated(scores, labels, _scores(labels, quality, rng)))


def _scores(good: NDArray[np.bool_], quality: str, rng: np.random.Generator) -> NDArray[np.float64]:
    noise = rng.normal(size=len(good))
    looks_good = good
    if quality in ("blind", "rarely blind"):
        looks_good = good | (rng.random(len(good)) < (0.25 if quality == "blind" else 0.04))
    distance = {"none": 0, "reversed": -1, "fair": 1, "points": 2, "good": 2}.get(quality, 6)
    scores = noise + distance * looks_good
    if quality == "perfect":
        scores = noise + 30.0 * good
    return np.clip(np.round(scores + 2), 1, 5) if quality == "points" else scores


def calibrated(
    scores: NDArray[np.float64], labels: NDArray[np.bool_], of_labelled: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The probabilities that other labelled scores give these, or None where there are too few of
    one verdict."""
    try:
        fitted = calibrate(of_labelled, labels, of="judge", kind="platt", folds=3)
    except CheckError:
        return None
    return fitted.probabilities(scores)
