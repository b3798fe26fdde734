"""Raters compared: people with each other beside judges with people, in all and in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from .findings import ALL, Agreement, Comparison, Confusion, Figure, Gap, Kind, Part, Split
from .footing import Footing, footing_of
from .intervals import LEVEL, RESAMPLES, bootstrap, percentile_interval
from .panel import Statistic, pair_statistics, panel_statistics
from .ratings import Ratings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MAJORITY", "compare"]

MAJORITY = "majority"
"""The name of the label that most people gave, as one more person to compare a judge with."""

FEW_ITEMS = 10
"""Below so many items an interval is given with a warning."""


@dataclass
class _Plan:
    """What is compared, on which footing; the same in every part."""

    humans: tuple[str, ...]
    judges: tuple[str, ...]
    majority: tuple[str, ...] = ()
    pairs: list[tuple[Kind, str, str, Footing]] = field(default_factory=list)
    together: Footing | None = None
    notes: list[str] = field(default_factory=list)


def compare(
    ratings: Ratings,
    humans: Sequence[str],
    judges: Sequence[str] = (),
    *,
    splits: Sequence[Split] = (),
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Agreement:
    """People with each other, and judges with people.

    From three people on, a judge is also compared with the label that most of them gave; items
    without such a label are left out of that comparison.

    Args:
        ratings: whose raters hold the people and the judges.
        splits: by what the comparison is made again in parts.
        resamples: of the items, for the intervals.
        level: the share of the resamples that an interval holds, between 0 and 1.
        seed: the same seed gives the same intervals.
    """
    plan = _Plan(tuple(humans), tuple(judges))
    if len(humans) >= 3 and judges and MAJORITY not in ratings.raters:
        ratings = ratings.with_rater(MAJORITY, ratings.majority(humans))
        plan.majority = (MAJORITY,)
    _settle(plan, ratings)
    how = _How(resamples, level, seed)
    parts = [_part(ALL, "", ratings, plan, how)]
    for split in splits:
        for number, name in enumerate(split.names):
            chosen = split.groups == number
            if chosen.any():
                parts.append(_part(split.by, name, ratings.some(chosen), plan, how))
    notes = [*plan.notes, *_few(parts)]
    return Agreement(plan.humans, plan.judges, tuple(parts), tuple(notes), resamples, level, seed)


@dataclass(frozen=True, slots=True)
class _How:
    resamples: int
    level: float
    seed: int


def _settle(plan: _Plan, ratings: Ratings) -> None:
    """Which pairs there are, on which footing, and what must be said of them."""
    names: list[tuple[Kind, str, str]] = []
    names += [("human-human", a, b) for a, b in combinations(plan.humans, 2)]
    people = (*plan.humans, *plan.majority)
    names += [("judge-human", judge, human) for judge in plan.judges for human in people]
    for kind, a, b in names:
        footing = footing_of(ratings, (a, b))
        plan.pairs.append((kind, a, b, footing))
        if footing.note:
            plan.notes.append(footing.note)
    if len(plan.humans) >= 2:
        plan.together = footing_of(ratings, plan.humans)
    for name in (*plan.humans, *plan.judges):
        codes = ratings.codes[:, ratings.raters.index(name)]
        given = codes[codes >= 0]
        if len(given) > 1 and (given == given[0]).all():
            plan.notes.append(
                f"{name} gives {ratings.labels[given[0]]!r} to all {len(given):,} items that it"
                " labels: it tells nothing apart, and its figures say nothing."
            )


def _few(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        few = sorted({one.items for one in part.comparisons if 0 < one.items < FEW_ITEMS})
        if few:
            where = f" in {part.split} {part.name}" if part.name else ""
            yield (
                f"Only {' or '.join(map(str, few))} items have both labels in some comparisons"
                f"{where}: the intervals there are too narrow to rely on."
            )


def _part(split: str, name: str, ratings: Ratings, plan: _Plan, how: _How) -> Part:
    """One part: all its figures from the same resamples."""
    import numpy as np

    patterns = ratings.patterns()
    sets: list[list[Statistic]] = []
    for _, a, b, footing in plan.pairs:
        sets.append(pair_statistics(patterns, ratings, a, b, footing))
    people: list[Statistic] = []
    if plan.together is not None:
        people = panel_statistics(patterns, ratings, plan.humans, plan.together)
    flat = [one for many in (*sets, people) for one in many]
    calls = [one.of for one in flat if one.of is not None]
    values = iter(_all(calls, patterns.counts[None, :])[0])
    draws: Floats = np.empty((0, len(calls)))
    if calls and ratings.items > 1:
        draws = bootstrap(
            patterns.counts,
            lambda weights: _all(calls, weights),
            resamples=how.resamples,
            seed=how.seed,
        )
    columns = iter(draws.T)
    drawn: dict[int, Floats] = {}
    figures: dict[int, Figure] = {}
    for one in flat:
        if one.of is None:
            figures[id(one)] = Figure(one.measure, None, None, one.reason)
            continue
        value, column = float(next(values)), next(columns)
        drawn[id(one)] = column
        figures[id(one)] = _figure(one, value, column, how.level)
    comparisons = []
    for (kind, a, b, footing), many in zip(plan.pairs, sets, strict=True):
        both = ratings.codes[:, [ratings.raters.index(a), ratings.raters.index(b)]]
        both = both[(both >= 0).all(axis=1)]
        found = tuple(figures[id(one)] for one in many)
        confusion = _confusion(both, ratings) if footing.countable else None
        comparisons.append(Comparison(kind, a, b, len(both), found, confusion))
    gaps = _gaps(plan, sets, figures, drawn, how.level)
    together = tuple(figures[id(one)] for one in people)
    return Part(split, name, ratings.items, together, tuple(comparisons), gaps)


def _all(calls: Sequence[Callable[[Floats], Floats]], weights: Floats) -> Floats:
    import numpy as np

    if not calls:
        return np.empty((len(weights), 0))
    return np.column_stack([call(weights) for call in calls])


def _figure(one: Statistic, value: float, drawn: Floats, level: float) -> Figure:
    import math

    if math.isnan(value):
        return Figure(one.measure, None, None, one.reason)
    interval = percentile_interval(drawn, level) if len(drawn) else None
    return Figure(one.measure, value, interval)


def _confusion(codes: NDArray[np.int32], ratings: Ratings) -> Confusion | None:
    import numpy as np

    if not len(codes):
        return None
    used, places = np.unique(codes, return_inverse=True)
    places = places.reshape(codes.shape)
    size = len(used)
    counts = np.bincount(places[:, 0] * size + places[:, 1], minlength=size * size)
    rows = counts.reshape(size, size).tolist()
    return Confusion(tuple(ratings.labels[n] for n in used), tuple(map(tuple, rows)))


def _gaps(
    plan: _Plan,
    sets: Sequence[Sequence[Statistic]],
    figures: dict[int, Figure],
    drawn: dict[int, Floats],
    level: float,
) -> tuple[Gap, ...]:
    """Each judge's mean with people beside that of people, from the same resamples."""
    import numpy as np

    gaps = []
    for judge in plan.judges:
        for measure in ("kappa", "spearman"):
            own: list[Statistic | None] = []
            others: list[Statistic | None] = []
            for (kind, a, b, _), many in zip(plan.pairs, sets, strict=True):
                if b in plan.majority or (kind == "judge-human" and a != judge):
                    continue
                one = next((s for s in many if s.measure == measure), None)
                usable = one is not None and figures[id(one)].value is not None
                (own if kind == "judge-human" else others).append(one if usable else None)
            if not own or not others or None in own or None in others:
                continue
            mean = [
                float(np.mean([figures[id(one)].value for one in side])) for side in (own, others)
            ]
            columns = [np.mean([drawn[id(one)] for one in side], axis=0) for side in (own, others)]
            spread = columns[0] - columns[1]
            interval = percentile_interval(spread, level) if len(spread) else None
            difference = Figure(measure, mean[0] - mean[1], interval)
            gaps.append(Gap(judge, measure, mean[0], mean[1], difference))
            break
    return tuple(gaps)
