"""The plan of a dialogue: which dialogue act each turn performs, drawn by weights from a grammar.

The acts are plain words for communicative functions of ISO 24617-2 (Bunt et al., LREC 2020). A
plan is a list of exchanges, a turn of the user and the assistant's reply, in arcs that belong
together:

    follow_up   follow_up/answer
    clarify     ask or follow_up/clarify, specify/answer
    refuse      overstep/refuse
    change      change/answer, at most two arcs of other kinds, return/answer
    correct     follow_up/mistake, correct/amend
    revise      revise/amend

It begins with ask/answer or with a clarify arc, and it ends with close/close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "ARCS",
    "ASSISTANT_ACTS",
    "USER_ACTS",
    "Exchange",
    "draw_plan",
    "grammar_fault",
    "least_exchanges",
]

USER_ACTS = (
    "ask", "follow_up", "specify", "overstep", "change", "return", "correct", "revise", "close",
)  # fmt: skip
ASSISTANT_ACTS = ("answer", "clarify", "refuse", "mistake", "amend", "close")

REPLIES: Mapping[str, tuple[str, ...]] = {
    "ask": ("answer", "clarify"),
    "follow_up": ("answer", "clarify", "mistake"),
    "specify": ("answer",),
    "overstep": ("refuse",),
    "change": ("answer",),
    "return": ("answer",),
    "correct": ("amend",),
    "revise": ("amend",),
    "close": ("close",),
}
"""What the assistant may do after what the user does."""

_FORCED: Mapping[str, str] = {"clarify": "specify", "mistake": "correct"}
"""What the user must do after what the assistant did; and only then."""

_LENGTHS: Mapping[str, int] = {
    "follow_up": 1,
    "clarify": 2,
    "refuse": 1,
    "change": 2,
    "correct": 2,
    "revise": 1,
}
ARCS = tuple(_LENGTHS)
"""What can be weighted."""

_EXCHANGES_A_REPEAT = 6
"""A plan has each arc but follow_up once, and once more for every so many exchanges."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A planned turn of the user and the reply to it.

    Attributes:
        user, assistant: their acts.
        needed: False where it may be left out once the user has reached the goal.
        subject: 0 for the main subject, 1 for the first that it is changed to, and so on.
        item: which fact, forbidden request or other subject it is about, from 0.
    """

    user: str
    assistant: str
    needed: bool = True
    subject: int = 0
    item: int = 0


def least_exchanges(arc: str) -> int:
    """How many exchanges the shortest dialogue with this arc has, opening and close included."""
    return 2 + _LENGTHS[arc] - (arc == "clarify")


def draw_plan(
    roll: Callable[[], float], exchanges: int, weights: Mapping[str, float]
) -> tuple[Exchange, ...]:
    """A plan of so many exchanges.

    Args:
        roll: chance, from 0 to below 1; the same numbers give the same plan.
        exchanges: 2 or more, the opening and the close included.
        weights: how often each arc is drawn, relative to the others; none is negative, and
            what is not named is never drawn. Room that no arc fits is filled by follow_up.
    """
    return _Drawing(roll, exchanges, weights).plan()


class _Drawing:
    def __init__(
        self, roll: Callable[[], float], exchanges: int, weights: Mapping[str, float]
    ) -> None:
        self.roll = roll
        self.weights = weights
        self.room = exchanges - 2
        self.most = 1 + exchanges // _EXCHANGES_A_REPEAT
        self.counts = dict.fromkeys(ARCS, 0)
        self.last = ""

    def plan(self) -> tuple[Exchange, ...]:
        made = self.opening()
        while self.room:
            made += self.arc(self.pick(self.room, inside=False), 0)
        return (*made, Exchange("close", "close"))

    def opening(self) -> list[Exchange]:
        share = self.weights.get("clarify", 0.0) / (math.fsum(self.weights.values()) or 1.0)
        if self.room and self.roll() < share:
            self.counts["clarify"] += 1
            self.last = "clarify"
            self.room -= 1
            return [Exchange("ask", "clarify"), Exchange("specify", "answer")]
        return [Exchange("ask", "answer")]

    def pick(self, room: int, *, inside: bool) -> str:
        """An arc that fits and may stand here."""
        open_ = [
            (arc, weight)
            for arc in ARCS
            if (weight := self.weights.get(arc, 0.0)) > 0
            and _LENGTHS[arc] <= room
            and (arc == "follow_up" or (arc != self.last and self.counts[arc] < self.most))
            and not (inside and arc == "change")
        ]
        at = self.roll() * math.fsum(weight for _, weight in open_)
        for arc, weight in open_:
            at -= weight
            if at < 0:
                return arc
        return open_[-1][0] if open_ else "follow_up"

    def arc(self, name: str, subject: int) -> list[Exchange]:
        number = self.counts[name]
        self.counts[name] += 1
        self.last = name
        self.room -= _LENGTHS[name]
        if name == "follow_up":
            return [Exchange("follow_up", "answer", needed=False, subject=subject)]
        if name == "clarify":
            return [
                Exchange("follow_up", "clarify", subject=subject, item=number),
                Exchange("specify", "answer", subject=subject, item=number),
            ]
        if name == "refuse":
            return [Exchange("overstep", "refuse", subject=subject, item=number)]
        if name == "correct":
            return [
                Exchange("follow_up", "mistake", subject=subject),
                Exchange("correct", "amend", subject=subject),
            ]
        if name == "revise":
            return [Exchange("revise", "amend", subject=subject)]
        made = [Exchange("change", "answer", subject=number + 1, item=number)]
        for _ in range(int(self.roll() * 3)):
            if self.room:
                made += self.arc(self.pick(self.room, inside=True), number + 1)
        self.last = name
        return [*made, Exchange("return", "answer")]


def grammar_fault(acts: Sequence[tuple[str, str]]) -> str | None:
    """What breaks the grammar in a dialogue, as pairs of the user's and the assistant's act; None
    where nothing does. A dialogue may end early: a change of subject then stays without return.
    """
    if not acts:
        return "there is no exchange"
    if acts[0][0] != "ask":
        return f"it begins with {acts[0][0]!r} and not with 'ask'"
    if acts[-1] != ("close", "close"):
        return "it does not end with 'close'"
    changed = False
    previous = ""
    for number, (user, assistant) in enumerate(acts, 1):
        if user not in REPLIES:
            return f"exchange {number}: {user!r} is no act of the user"
        if assistant not in REPLIES[user]:
            return f"exchange {number}: {assistant!r} is no reply to {user!r}"
        forced = _FORCED.get(previous)
        if forced and user != forced:
            return f"exchange {number}: {previous!r} is followed by {user!r} and not by {forced!r}"
        if user in _FORCED.values() and user != forced:
            return f"exchange {number}: {user!r} has nothing before it that calls for it"
        if (user == "ask" and number > 1) or (user == "close" and number < len(acts)):
            return f"exchange {number}: {user!r} does not stand there"
        if user == "return" and not changed:
            return f"exchange {number}: 'return' without a change of subject before it"
        if user == "change" and changed:
            return f"exchange {number}: a second change of subject before the return"
        changed = (changed or user == "change") and user != "return"
        previous = assistant
    return None
