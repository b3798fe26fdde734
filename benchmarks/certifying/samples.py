"""Samples of a lot as a plan draws them, and the intervals that a certificate gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certifying import Lot, Outcome
from silversmith.measures.effective import Shares, stratified
from silversmith.measures.lots import lot_interval
from silversmith.measures.prediction_powered import prediction_powered, score_bins
from silversmith.measures.sequences import sequence_interval
from silversmith.review.population import Population
from silversmith.review.strata import Strata, allocated, strata_of

__all__ = ["by_neyman", "by_size", "simple", "stepwise"]


def simple(lot: Lot, size: int, draws: int, rng: np.random.Generator) -> Outcome:
    """Simple random samples, and the judge's scores on all."""
    bins = score_bins(lot.scores, size)
    good, counts, sizes = _hypergeometric(lot, bins, size, draws, rng)
    exact = lot_interval(good.sum(axis=1), size, len(lot.good))
    return _outcome(lot, prediction_powered(sizes, counts, good, exact=exact), exact)


def by_size(lot: Lot, size: int, draws: int, rng: np.random.Generator) -> Outcome:
    """Samples in proportion to strategies."""
    return _stratified(lot, ("strategy",), False, size, draws, rng)


def by_neyman(lot: Lot, size: int, draws: int, rng: np.random.Generator) -> Outcome:
    """Samples from bands of the score by Neyman's rule, where the plan takes it."""
    return _stratified(lot, ("score",), True, size, draws, rng)


def _stratified(
    lot: Lot, by: tuple[str, ...], told: bool, size: int, draws: int, rng: np.random.Generator
) -> Outcome:
    strata = _strata(lot, by, told, size)
    counts = allocated(strata, size, 0.95, 0.5).counts
    good_of = np.bincount(strata.of[lot.good], minlength=len(strata.names))
    good = np.stack(
        [
            rng.hypergeometric(good_of[i], strata.sizes[i] - good_of[i], counts[i], size=draws)
            for i in range(len(counts))
        ],
        axis=1,
    )
    found = stratified(strata.sizes, counts, good)
    one_lot = rng.hypergeometric(lot.good.sum(), len(lot.good) - lot.good.sum(), size, size=draws)
    return _outcome(lot, found, lot_interval(one_lot, size, len(lot.good)))


def _strata(lot: Lot, by: tuple[str, ...], told: bool, size: int) -> Strata:
    """The strata that `silversmith review --plan` would make."""
    nothing = np.full(len(lot.good), np.nan)
    calibrated = lot.calibrated if told and lot.calibrated is not None else nothing
    population = Population(
        "", [""] * len(lot.good), [], [str(one) for one in lot.strategies],
        [""] * len(lot.good), lot.scores, calibrated, nothing,
    )  # fmt: skip
    return strata_of(population, by, size)


def stepwise(lot: Lot, steps: int, draws: int, rng: np.random.Generator) -> Outcome:
    """Looked at after every sample, in random orders of the lot: held where all intervals hold."""
    size = len(lot.good)
    held = np.ones(draws, dtype=bool)
    order = rng.permuted(np.broadcast_to(lot.good, (draws, size)), axis=1)
    seen = order.cumsum(axis=1)
    truth = lot.good.mean()
    for step in range(1, steps + 1):
        hits, back = np.unique(seen[:, step - 1], return_inverse=True)
        low, high = sequence_interval(hits, np.full(len(hits), step), size)
        held &= ((low <= truth + 1e-12) & (truth <= high + 1e-12))[back]
    nothing = np.ones(draws)
    return Outcome(held, nothing, nothing, held)


def _hypergeometric(
    lot: Lot, bins: NDArray[np.int64], size: int, draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of simple random samples the good ones and all in each bin; and the bins' sizes."""
    sizes = np.bincount(bins)
    of_good = np.bincount(bins[lot.good], minlength=len(sizes))
    cells = np.concatenate([of_good, sizes - of_good])
    drawn = rng.multivariate_hypergeometric(cells, size, size=draws, method="marginals")
    good = drawn[:, : len(sizes)]
    return good, good + drawn[:, len(sizes) :], sizes


def _outcome(
    lot: Lot, found: Shares, exact: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> Outcome:
    truth = lot.good.mean()
    return Outcome(
        (found.low <= truth + 1e-12) & (truth <= found.high + 1e-12),
        found.high - found.low,
        exact[1] - exact[0],
        ~found.exact,
    )
