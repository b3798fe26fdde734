"""The parts of a population from which samples of their own are drawn, and how many from each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ReviewError
from ..measures.effective import FEWEST, SHORTER, stratified
from .population import Population

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BY", "Allocation", "Strata", "allocated", "strata_of"]

BY = ("strategy", "label", "score")
"""What strata may be made of."""

REST = "(rest)"
_SHARES = (0.1, 0.3, 0.6)
_LEAST = 5
_EVEN_SHARE = 0.5


@dataclass(frozen=True)
class Strata:
    """The parts of a population.

    Attributes:
        names: their names, by alphabet.
        of: the index of each sample's part.
        sizes: how many samples each has.
        expected: the share of acceptable ones that each is expected to have, by the judges'
            calibrated probabilities; None where there are none.
    """

    names: tuple[str, ...]
    of: NDArray[np.int64]
    sizes: NDArray[np.int64]
    expected: NDArray[np.float64] | None


@dataclass(frozen=True)
class Allocation:
    """How many are drawn from each stratum.

    Attributes:
        counts: how many.
        neyman: whether by Neyman's rule; else by the strata's sizes.
        half_width: half the length of the interval that is expected.
    """

    counts: NDArray[np.int64]
    neyman: bool
    half_width: float


def strata_of(population: Population, by: Sequence[str], count: int) -> Strata:
    """Make strata of the samples' strategies, first labels and scores.

    Scores (calibrated probabilities, where all samples have one) make four bands, of the lowest
    tenth, the next two, the next three, and the others. A stratum of which fewer than five would be
    drawn goes into one named "(rest)". No verdict decides about any of this.

    Args:
        by: some of `BY`.
        count: how many samples are to be drawn in all.

    Raises:
        ReviewError: `by` names something else, or scores that are not there.
    """
    import numpy as np

    parts: list[Sequence[str]] = []
    for name in by:
        if name == "strategy":
            parts.append(population.strategies)
        elif name == "label":
            parts.append([label or "no label" for label in population.labels])
        elif name == "score":
            parts.append(_bands(population.best_scores))
        else:
            raise ReviewError(f"Strata are made of {', '.join(BY)}, not of {name!r}")
    names = [" · ".join(words) for words in zip(*parts, strict=True)]
    sizes = Counter(names)
    small = {name for name, size in sizes.items() if size * count < _LEAST * len(names)}
    if len(small) == len(sizes):
        small = set(sizes)
    named = [REST if name in small else name for name in names]
    of_name, of = np.unique(np.array(named, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(of)
    expected = None
    if not np.isnan(population.probabilities).any():
        expected = np.bincount(of, population.probabilities) / counts
    return Strata(tuple(str(name) for name in of_name), of, counts, expected)


def _bands(scores: NDArray[np.float64]) -> list[str]:
    import numpy as np

    known = scores[~np.isnan(scores)]
    if not len(known):
        raise ReviewError(
            "The kept samples have no scores to make strata of: judge them first, or leave"
            " 'score' out"
        )
    edges = np.unique(np.quantile(known, _SHARES, method="lower"))
    band = np.searchsorted(edges, scores, side="left")
    names = []
    for number in range(len(edges) + 1):
        inside = known[np.searchsorted(edges, known, side="left") == number]
        names.append(f"score {inside.min():.3f} to {inside.max():.3f}" if len(inside) else "")
    return [
        "no score" if missing else names[number]
        for number, missing in zip(band, np.isnan(scores), strict=True)
    ]


def allocated(strata: Strata, count: int, level: float, expect: float) -> Allocation:
    """Share a number of samples out.

    Neyman's rule (1934, Journal of the Royal Statistical Society 97) draws more where verdicts
    are expected to be mixed. Half of the samples are shared out by size all the same, so that no
    stratum is left almost unseen, and the rule is used only where judges' scores are calibrated and
    it makes the expected interval shorter by `SHORTER`, with both verdicts expected twice as often
    as `FEWEST` where samples are drawn by size: near 1, a stratum with few defects needs as many
    samples as any.

    Args:
        count: how many in all, no more than there are.
        level: the confidence of the interval.
        expect: the expected share of acceptable ones where no probabilities tell.
    """
    import numpy as np

    by_size = _whole(strata.sizes * (count / strata.sizes.sum()), strata.sizes, count)
    shares = strata.expected if strata.expected is not None else np.full(len(by_size), expect)
    width = _half_width(strata, by_size, shares, level)
    if strata.expected is None or len(by_size) < 2:
        return Allocation(by_size, False, width)
    spread = strata.sizes * np.sqrt(shares * (1 - shares))
    if spread.sum() <= 0:
        return Allocation(by_size, False, width)
    mixed = _EVEN_SHARE * strata.sizes / strata.sizes.sum()
    mixed = mixed + (1 - _EVEN_SHARE) * spread / spread.sum()
    counts = _whole(mixed * count, strata.sizes, count)
    narrower = _half_width(strata, counts, shares, level)
    rarer = min(float((by_size * shares).sum()), float((by_size * (1 - shares)).sum()))
    if rarer < 2 * FEWEST or narrower > SHORTER * width:
        return Allocation(by_size, False, width)
    return Allocation(counts, True, narrower)


def _half_width(
    strata: Strata, counts: NDArray[np.int64], shares: NDArray[np.float64], level: float
) -> float:
    found = stratified(strata.sizes, counts, (counts * shares).round()[None, :], level)
    return float(found.high[0] - found.low[0]) / 2


def _whole(wanted: NDArray[np.float64], sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Whole numbers with the sum `count`, none above its stratum's size, by largest remainders."""
    import numpy as np

    capped = np.minimum(wanted, sizes)
    for _ in range(len(sizes)):  # what a full stratum cannot take goes to the others
        room = capped < sizes
        short = count - capped.sum()
        if short <= 1e-9 or not room.any():
            break
        more = np.where(room, wanted, 0.0)
        capped = np.minimum(capped + short * more / more.sum(), sizes)
    whole = np.floor(capped + 1e-9).astype(np.int64)
    for place in np.argsort(-(capped - whole), kind="stable"):
        if whole.sum() >= count:
            break
        whole[place] += whole[place] < sizes[place]
    return whole
