"""The items of a plan: what is drawn by lot, what is shown beside it, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .drawing import drawn, lot_number
from .population import Population
from .records import PlannedItem, Role
from .strata import Allocation, Strata
from .wanted import Wanted

__all__ = ["decisions", "planned_items"]

_REPEATS_AT_MOST = 50
_REPEAT_AFTER = 20


def planned_items(
    population: Population, strata: Strata, share: Allocation, wanted: Wanted, seed: int
) -> tuple[PlannedItem, ...]:
    """All items, in the order in which they are given out.

    Those for the estimate come in the order of their lot numbers, so that what was decided up to
    any time is a random sample too; the others are strewn among them.
    """
    contents = dict(zip(population.ids, population.contents, strict=True))
    by_lot: list[PlannedItem] = []
    for number, stratum in enumerate(strata.names):
        members = [population.ids[i] for i in (strata.of == number).nonzero()[0]]
        count = int(share.counts[number])
        weight = float(strata.sizes[number]) / max(count, 1)
        names = drawn(members, count, seed, "draw")
        by_lot += [
            PlannedItem(
                item=_name(seed, "estimate", name), sample=name, content=contents[name],
                role="estimate", place=0, stratum=stratum, weight=weight,
                expected=wanted.gold.get(name, ""),
            )
            for name in names
        ]  # fmt: skip
    by_lot.sort(key=lambda one: lot_number(seed, "draw", one.sample))
    count = round(len(by_lot) * wanted.overlap)
    several = set(drawn((one.sample for one in by_lot), count, seed, "overlap"))
    by_lot = [
        replace(one, reviewers=wanted.overlap_reviewers) if one.sample in several else one
        for one in by_lot
    ]
    taken = {one.sample for one in by_lot}
    gold = [name for name in wanted.gold if name not in taken]
    routed = _disagreed(population, _routed(len(by_lot), wanted), taken.union(gold))

    def beside(role: Role, names: Iterable[str], reviewers: int) -> Iterator[PlannedItem]:
        for name in names:
            yield PlannedItem(
                item=_name(seed, role, name), sample=name, content=contents[name], role=role,
                place=0, reviewers=reviewers,
                expected=wanted.gold[name] if role == "gold" else "",
            )  # fmt: skip

    others = [*beside("gold", gold, 0), *beside("routed", routed, 1)]
    return _placed(by_lot, others, list(_repeated(by_lot, wanted, seed)), seed)


def decisions(count: int, wanted: Wanted) -> int:
    """How many verdicts people give in all where so many samples are drawn for the estimate."""
    more = round(count * wanted.overlap) * (wanted.overlap_reviewers - 1)
    gold = len(wanted.gold) * wanted.people
    return count + more + _repeats(count, wanted) + _routed(count, wanted) + gold


def _repeats(count: int, wanted: Wanted) -> int:
    return min(round(count * wanted.repeats), _REPEATS_AT_MOST)


def _routed(count: int, wanted: Wanted) -> int:
    return round(count / 20) if wanted.routed is None else wanted.routed


def _disagreed(population: Population, count: int, taken: set[str]) -> list[str]:
    import numpy as np

    by = np.nan_to_num(population.disagreement)
    order = np.argsort(-by, kind="stable")
    found = (population.ids[i] for i in order if by[i] > 0)
    return [name for name in found if name not in taken][:count]


def _repeated(by_lot: list[PlannedItem], wanted: Wanted, seed: int) -> Iterator[PlannedItem]:
    alone = {one.sample: one for one in by_lot if one.reviewers == 1}
    for name in drawn(alone, _repeats(len(by_lot), wanted), seed, "repeat"):
        first = alone[name]
        yield replace(
            first, item=_name(seed, "repeat", name), role="repeat", weight=0.0, repeats=first.item
        )


def _placed(
    by_lot: list[PlannedItem], beside: list[PlannedItem], repeats: list[PlannedItem], seed: int
) -> tuple[PlannedItem, ...]:
    """Everything in one order: those drawn by lot in theirs, the others strewn among them, and a
    repeat some items after what it repeats."""
    count = len(by_lot)
    at = {one.item: float(place) for place, one in enumerate(by_lot)}
    for one in beside:
        at[one.item] = count * int(lot_number(seed, "place", one.item)[:12], 16) / 16**12
    for one in repeats:
        later = int(lot_number(seed, "place", one.item)[:12], 16) % _REPEAT_AFTER
        at[one.item] = at[one.repeats] + _REPEAT_AFTER + later + 0.5
    everything = sorted([*by_lot, *beside, *repeats], key=lambda one: (at[one.item], one.item))
    return tuple(replace(one, place=place) for place, one in enumerate(everything))


def _name(seed: int, role: str, sample: str) -> str:
    return lot_number(seed, f"item {role}", sample)[:16]
