"""How each group of failures fared, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..measures.changes import fisher, holm, mcnemar
from ..measures.shares import share_of
from .round_file import Round

__all__ = ["CLOSED_BELOW", "Change", "Fared", "GroupHistory", "History", "history_of"]

CLOSED_BELOW = 2
"""A group with fewer failures than that is closed: one may be there by chance."""

ROUNDS_TRIED = 2
"""After so many rounds with samples for it, a group that is still open is flagged."""

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """What changed in a group from one evaluation to the next.

    Attributes:
        paired: items that both evaluations have; the test is of these alone where there are any.
        worse, better: how many of them fail only in the later one, and only in the earlier one.
        p: the two-sided p value, adjusted for all groups of the round (Holm).
        test: "mcnemar" on paired items, "fisher" where no item is in both.
    """

    paired: int
    worse: int
    better: int
    p: float
    test: str

    @property
    def more_than_noise(self) -> bool:
        return self.p < _LEVEL


@dataclass(frozen=True, slots=True)
class Fared:
    """A group in one round.

    Attributes:
        number: the round's.
        items, failed: how many items the evaluation has in the group's topic, and how many of them
            failed in its way.
        low, high: the interval of the share (Wilson, 95%).
        planned: how many samples the round's recipe plans for it.
        made, kept, used: what came of the round's recipe: samples made, kept, and exported; None
            where that is not known (yet).
        strategies: with which strategies.
        change: since the round before; None in the first.
    """

    number: int
    items: int
    failed: int
    low: float
    high: float
    planned: int
    made: int | None
    kept: int | None
    used: int | None
    strategies: Sequence[str]
    change: Change | None

    @property
    def share(self) -> float | None:
        return self.failed / self.items if self.items else None


@dataclass(frozen=True, slots=True)
class GroupHistory:
    """A group over all rounds.

    Attributes:
        name, title: as in the rounds; the title is a model's, or "".
        fared: one entry a round.
        since_start: from the first evaluation to the last; None where there is one alone.
    """

    name: str
    title: str
    fared: Sequence[Fared]
    since_start: Change | None

    @property
    def closed(self) -> bool:
        return self.fared[-1].failed < CLOSED_BELOW

    @property
    def tried(self) -> Sequence[Fared]:
        """The rounds with samples for it that an evaluation followed."""
        return [one for one in self.fared[:-1] if one.planned]

    @property
    def stuck(self) -> bool:
        """Whether it is still open after two rounds with samples for it."""
        return not self.closed and len(self.tried) >= ROUNDS_TRIED


@dataclass(frozen=True, slots=True)
class History:
    """All rounds.

    Attributes:
        numbers: the rounds, in order.
        whole: all failures of an evaluation together.
        groups: those with the most failures in the last round first.
    """

    numbers: Sequence[int]
    whole: GroupHistory
    groups: Sequence[GroupHistory]


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """An evaluation: whether each item failed, and how, by its key."""

    kinds: Mapping[str, str]
    topics: Mapping[str, str]

    def within(self, topic: str | None) -> list[str]:
        return [key for key, own in self.topics.items() if topic is None or own == topic]

    def failed(self, key: str, kind: str | None) -> bool:
        return bool(self.kinds[key]) if kind is None else self.kinds[key] == kind


def history_of(
    rounds: Sequence[Round], made: Mapping[str, Mapping[str, int]] | None = None
) -> History:
    """The history of rounds.

    Args:
        rounds: by number.
        made: what the run of the last round's recipe has made by now, where there is one.

    Raises:
        RoundError: a round's files are damaged.
    """
    evaluated = [_evaluated(one) for one in rounds]
    # What came of a round's recipe stands in the next round, whose run it was.
    came: list[Mapping[str, Mapping[str, int]]] = [
        *(one.values.get("made") or {} for one in rounds[1:]),
        made or {},
    ]
    known = {group["name"]: group for one in rounds for group in one.groups}
    names = list(known)
    pairs = list(pairwise(evaluated))
    changes = [
        _changes([_raw(a, b, _topic(known[n]), known[n]["kind"]) for n in names]) for a, b in pairs
    ]
    whole_changes = [_changes([_raw(a, b, None, None)])[0] for a, b in pairs]
    ends = (
        _changes(
            [_raw(evaluated[0], evaluated[-1], _topic(known[n]), known[n]["kind"]) for n in names]
        )
        if pairs
        else [None] * len(names)
    )
    groups = [
        GroupHistory(
            name,
            str(known[name].get("title") or ""),
            [
                _fared(
                    one,
                    evaluated[at],
                    known[name],
                    came[at],
                    changes[at - 1][place] if at else None,
                )
                for at, one in enumerate(rounds)
            ],
            ends[place],
        )
        for place, name in enumerate(names)
    ]
    whole = GroupHistory(
        "all failures",
        "",
        [
            _whole(one, evaluated[at], came[at], whole_changes[at - 1] if at else None)
            for at, one in enumerate(rounds)
        ],
        _changes([_raw(evaluated[0], evaluated[-1], None, None)])[0] if pairs else None,
    )
    groups.sort(key=lambda one: (-one.fared[-1].failed, -one.fared[0].failed, one.name))
    return History([one.number for one in rounds], whole, groups)


def _topic(group: Mapping[str, Any]) -> str:
    return str(group["topic"])


def _evaluated(one: Round) -> _Evaluated:
    rows = one.items()
    return _Evaluated(
        {str(row["key"]): str(row["kind"]) for row in rows},
        {str(row["key"]): str(row["topic"]) for row in rows},
    )


def _raw(a: _Evaluated, b: _Evaluated, topic: str | None, kind: str | None) -> Change:
    """A change with a p value that is not adjusted yet."""
    before, after = a.within(topic), b.within(topic)
    both = [key for key in before if key in b.topics]
    if both:
        worse = sum(b.failed(key, kind) and not a.failed(key, kind) for key in both)
        better = sum(a.failed(key, kind) and not b.failed(key, kind) for key in both)
        return Change(len(both), worse, better, mcnemar(worse, better), "mcnemar")
    failed = [sum(e.failed(k, kind) for k in keys) for e, keys in ((a, before), (b, after))]
    if not before or not after:
        return Change(0, 0, 0, 1.0, "none")
    return Change(0, 0, 0, fisher(failed[0], len(before), failed[1], len(after)), "fisher")


def _changes(raw: Sequence[Change]) -> list[Change]:
    adjusted = holm([one.p for one in raw])
    return [
        Change(one.paired, one.worse, one.better, p, one.test)
        for one, p in zip(raw, adjusted, strict=True)
    ]


def _fared(
    one: Round,
    evaluated: _Evaluated,
    group: Mapping[str, Any],
    came: Mapping[str, Mapping[str, int]],
    change: Change | None,
) -> Fared:
    keys = evaluated.within(_topic(group))
    failed = sum(evaluated.failed(key, group["kind"]) for key in keys)
    here = next((g for g in one.groups if g["name"] == group["name"]), {})
    return _entry(
        one, len(keys), failed, int(here.get("planned", 0)), came.get(group["name"]),
        list(here.get("strategies", ())), change,
    )  # fmt: skip


def _whole(
    one: Round,
    evaluated: _Evaluated,
    came: Mapping[str, Mapping[str, int]],
    change: Change | None,
) -> Fared:
    failed = sum(map(bool, evaluated.kinds.values()))
    total: dict[str, int] = {}
    for counts in came.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    planned = sum(int(group.get("planned", 0)) for group in one.groups)
    strategies = sorted({s for group in one.groups for s in group.get("strategies", ())})
    items = len(evaluated.kinds)
    return _entry(one, items, failed, planned, total or None, strategies, change)


def _entry(
    one: Round,
    items: int,
    failed: int,
    planned: int,
    counts: Mapping[str, int] | None,
    strategies: Sequence[str],
    change: Change | None,
) -> Fared:
    share = share_of(failed, items) if items else None
    counts = counts or {}
    return Fared(
        one.number,
        items,
        failed,
        share.low if share else 0.0,
        share.high if share else 1.0,
        planned,
        counts.get("made"),
        counts.get("kept"),
        counts.get("used"),
        strategies,
        change,
    )
