"""Acceptance rates of a dataset and of its parts, from the items that were drawn by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ReviewError
from ..measures.effective import stratified
from ..measures.lots import lot_interval
from ..measures.prediction_powered import prediction_powered, score_bins
from ..measures.sequences import sequence_interval
from .certified import Group, Method, Rate
from .outcomes import Outcome
from .population import Population
from .records import ReviewPlan
from .strata import strata_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SCORE_BANDS", "Estimates", "estimates", "strata_again"]

SCORE_BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where the bands of scores begin, but for the lowest, which begins at 0."""


@dataclass(frozen=True)
class Estimates:
    """The rates that a review gives.

    Attributes:
        overall: of all kept samples.
        exact: the same without the help of scores, where `overall` has it.
        groups: by strategy, label and score; of each with more than one part.
    """

    overall: Rate
    exact: Rate | None
    groups: tuple[Group, ...]


def estimates(plan: ReviewPlan, population: Population, found: Sequence[Outcome]) -> Estimates:
    """The rates that the outcomes of a plan's items give.

    Args:
        found: of all items; those that were not drawn by lot, and those that nobody has decided,
            do not count.
    """
    index = {name: place for place, name in enumerate(population.ids)}
    seen = [o for o in found if o.item.role == "estimate" and o.state != "open"]
    drawn = _Drawn.of(plan, population, seen, index)
    overall, exact = drawn.rate("", None, plan), None
    if plan.design == "simple" and not plan.sequential:
        exact, helped = overall, drawn.helped(population, overall, plan.level)
        overall, exact = (helped, exact) if helped is not None else (overall, None)
    return Estimates(overall, exact, tuple(_groups(plan, population, drawn)))


def _groups(plan: ReviewPlan, population: Population, drawn: _Drawn) -> list[Group]:
    parts = {
        "strategy": population.strategies,
        "label": population.labels,
        "score": [_band(score) for score in population.scores],
    }
    groups = []
    for by, names in parts.items():
        sizes = Counter(names)
        if len(sizes) < 2:
            continue
        rates = [drawn.rate(name, names, plan) for name in sorted(sizes)]
        groups.append(Group(by, tuple(rates)))
    return groups


def _band(score: float) -> str:
    if score != score:
        return "no score"
    edges = (0.0, *SCORE_BANDS)
    place = max(i for i, edge in enumerate(edges) if score >= edge or i == 0)
    if place == len(edges) - 1:
        return f"{edges[-1]:.1f}"
    return f"{edges[place]:.1f} to {edges[place + 1]:.1f}"


class _Ends(NamedTuple):
    """An estimate and its interval; `low` takes all that is unresolved as bad, `high` as good."""

    value: float | None
    low: float
    high: float
    method: Method


@dataclass(frozen=True)
class _Drawn:
    """The samples that were drawn by lot and decided: their places in the population, whether they
    are good, whether that is known, and each kept sample's stratum."""

    places: NDArray[np.int64]
    good: NDArray[np.bool_]
    known: NDArray[np.bool_]
    stratum_of: NDArray[np.int64]
    strata: int

    @classmethod
    def of(
        cls,
        plan: ReviewPlan,
        population: Population,
        seen: Sequence[Outcome],
        index: dict[str, int],
    ) -> _Drawn:
        import numpy as np

        stratum_of = np.zeros(len(population), dtype=np.int64)
        if plan.design == "stratified":
            number = {stratum.name: n for n, stratum in enumerate(plan.strata)}
            stratum_of = np.array([number[name] for name in strata_again(plan, population)])
        return cls(
            np.array([index[one.item.sample] for one in seen], dtype=np.int64),
            np.array([one.state == "good" for one in seen], dtype=np.bool_),
            np.array([one.state in ("good", "bad") for one in seen], dtype=np.bool_),
            stratum_of,
            len(plan.strata),
        )

    def rate(self, name: str, names: Sequence[str] | None, plan: ReviewPlan) -> Rate:
        """The rate of all, or of those whose name in `names` is `name`."""
        import numpy as np

        size = len(self.stratum_of)
        inside = np.ones(size, dtype=np.bool_)
        if names is not None:
            inside = np.array([one == name for one in names], dtype=np.bool_)
        mine = inside[self.places]
        seen, good = int(mine.sum()), int((mine & self.good).sum())
        unresolved = int((mine & ~self.known).sum())
        size = int(inside.sum())
        if not seen:
            return Rate(name, size, 0, 0, 0, None, 0.0, 1.0, "none")
        if plan.design == "stratified":
            ends = self._stratified(inside, mine, plan.level)
        else:
            ends = _one_lot(good, unresolved, seen, size, plan)
        return Rate(name, size, seen, good, unresolved, *ends)

    def _stratified(
        self, inside: NDArray[np.bool_], mine: NDArray[np.bool_], level: float
    ) -> _Ends:
        import numpy as np

        def count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.bincount(self.stratum_of[self.places[chosen]], minlength=self.strata)

        sizes = np.bincount(self.stratum_of[inside], minlength=self.strata)
        there = sizes > 0
        counts, good = count(mine)[there], count(mine & self.good)[there]
        unresolved = count(mine & ~self.known)[there]
        worst = stratified(sizes[there], counts, good, level)
        best = stratified(sizes[there], counts, good + unresolved, level)
        likely = stratified(sizes[there], counts - unresolved, good, level)
        exact = bool(worst.exact[0] or best.exact[0])
        return _Ends(
            None if np.isnan(likely.value[0]) else float(likely.value[0]),
            float(worst.low[0]),
            float(best.high[0]),
            "stratified exact" if exact else "stratified",
        )

    def helped(self, population: Population, plain: Rate, level: float) -> Rate | None:
        """The rate of all with the help of the judges' scores; None where the rule of
        `prediction_powered` does not use them."""
        import numpy as np

        scores = population.best_scores
        if not plain.seen or np.isnan(scores).all():
            return None
        bins = score_bins(scores, plain.seen)
        sizes = np.bincount(bins)

        def count(chosen: Any) -> NDArray[np.int64]:
            return np.bincount(bins[self.places[chosen]], minlength=len(sizes))[None, :]

        looked, good = count(slice(None)), count(self.good)
        either = count(self.good | ~self.known)
        worst = prediction_powered(sizes, looked, good, level)
        best = prediction_powered(sizes, looked, either, level)
        if worst.exact[0] or best.exact[0]:
            return None
        value = float(worst.value[0] + best.value[0]) / 2
        return Rate(
            "", plain.size, plain.seen, plain.good, plain.unresolved, value,
            float(worst.low[0]), float(best.high[0]), "ppi++",
        )  # fmt: skip


def _one_lot(good: int, unresolved: int, seen: int, size: int, plan: ReviewPlan) -> _Ends:
    told = seen - unresolved
    value = good / told if told else None
    if plan.sequential:
        low = float(sequence_interval(good, seen, size, plan.level)[0][0])
        high = float(sequence_interval(good + unresolved, seen, size, plan.level)[1][0])
        return _Ends(value, low, high, "sequence")
    low = float(lot_interval(good, seen, size, plan.level)[0][0])
    high = float(lot_interval(good + unresolved, seen, size, plan.level)[1][0])
    return _Ends(value, low, high, "exact")


def strata_again(plan: ReviewPlan, population: Population) -> list[str]:
    """Each kept sample's stratum, as it was when the plan was drawn.

    Raises:
        ReviewError: the strata are others now.
    """
    strata = strata_of(population, plan.strata_by, sum(one.drawn for one in plan.strata))
    names = [strata.names[number] for number in strata.of]
    now = {name: int(size) for name, size in zip(strata.names, strata.sizes, strict=True)}
    of_sample = dict(zip(population.ids, names, strict=True))
    same = now == {one.name: one.size for one in plan.strata} and all(
        of_sample.get(one.sample) == one.stratum for one in plan.items if one.role == "estimate"
    )
    if not same:
        raise ReviewError(
            "The strata are not those that the plan was drawn from, since the samples were scored"
            " anew: draw a new plan with --replan"
        )
    return names
