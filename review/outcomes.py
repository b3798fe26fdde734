"""What people's verdicts make of each item of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .records import PlannedItem, ReviewPlan, Verdict

__all__ = ["Outcome", "State", "outcome_of", "outcomes", "verdicts_of"]

State = Literal["good", "bad", "disputed", "skipped", "open"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item stands.

    Attributes:
        item: the planned item.
        verdicts: those on it, the owner's that settled it included.
        state: "good" or "bad" as most people said, or as the owner settled it: a sample that had
            to be fixed was not acceptable as it was; "disputed" where as many said the one as the
            other; "skipped" where nobody could tell; "open" where nobody has decided yet.
    """

    item: PlannedItem
    verdicts: tuple[Verdict, ...]
    state: State


def verdicts_of(plan: ReviewPlan, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts on the plan's items, on the contents that it was drawn from; what was said of
    another dataset or under another plan is no part of it."""
    content = {one.item: one.content for one in plan.items}
    return [one for one in verdicts if one.plan == plan.id and content.get(one.item) == one.content]


def outcomes(plan: ReviewPlan, verdicts: Iterable[Verdict]) -> list[Outcome]:
    """How each item stands, in the plan's order."""
    by_item: dict[str, list[Verdict]] = {one.item: [] for one in plan.items}
    for one in verdicts_of(plan, verdicts):
        by_item[one.item].append(one)
    return [
        Outcome(item, tuple(by_item[item.item]), outcome_of(by_item[item.item]))
        for item in plan.items
    ]


def outcome_of(verdicts: Sequence[Verdict]) -> State:
    """What several people's verdicts on one item come to."""
    if not verdicts:
        return "open"
    settled = [one for one in verdicts if one.settles and one.verdict != "skip"]
    told = settled[-1:] or [one for one in verdicts if one.verdict != "skip"]
    if not told:
        return "skipped"
    votes = Counter(one.verdict == "accept" for one in told)
    if votes[True] == votes[False]:
        return "disputed"
    return "good" if votes[True] > votes[False] else "bad"
