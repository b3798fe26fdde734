"""Which turns of a long dialogue a prompt shows: whole turns, within a budget.

What is left out is left out as a whole and named as such, so that a reader knows of the gap.
Turns are counted as people do: the first message of the user is turn 1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..records import Turn

__all__ = [
    "ShownTurn",
    "estimate_tokens",
    "first_turn",
    "show",
    "shown_turns",
    "turn_number",
]

_CHARACTERS_A_TOKEN = 4
_FRAME_TOKENS = 16
"""What a turn's tag takes."""

_LAST = 2
"""Turns at the end that are always shown."""


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn as a prompt shows it; `gap` names the turns that are left out before it, such as
    "3 to 8", or is ""."""

    number: int
    role: str
    text: str
    gap: str = ""


def first_turn(messages: Sequence[Turn]) -> int:
    """The index of turn 1: 1 where a system message comes first, else 0."""
    return 1 if messages and messages[0].role == "system" else 0


def turn_number(messages: Sequence[Turn], index: int) -> int:
    """The number by which people call the turn at this index."""
    return index - first_turn(messages) + 1


def estimate_tokens(text: str) -> int:
    """Tokens of a text, estimated: four ASCII characters each, or one other."""
    if text.isascii():
        return len(text) // _CHARACTERS_A_TOKEN + 1
    others = sum(sign > "\x7f" for sign in text)
    return (len(text) - others) // _CHARACTERS_A_TOKEN + others + 1


def shown_turns(turns: Sequence[Turn], budget: int, *, needed: Collection[int] = ()) -> list[int]:
    """The indices of the turns to show, in order.

    First come the last two turns and those that are needed, whatever they take; then, while the
    budget lasts, what these depend on, the nearest first; then the other turns from the last one
    back.

    Args:
        turns: the dialogue so far; `depends_on` holds indices into it.
        budget: tokens for the turns that are shown, as `estimate_tokens` counts them.
        needed: indices of turns that the next one is going to depend on.
    """
    count = len(turns)
    chosen = {*range(max(0, count - _LAST), count), *needed}
    room = budget - sum(_cost(turns[index]) for index in chosen)
    waiting = sorted(chosen, reverse=True)
    while waiting:
        for index in sorted(turns[waiting.pop(0)].depends_on, reverse=True):
            if index not in chosen and _cost(turns[index]) <= room:
                chosen.add(index)
                waiting.append(index)
                room -= _cost(turns[index])
    for index in reversed(range(count)):
        if index not in chosen:
            room -= _cost(turns[index])
            if room < 0:
                break
            chosen.add(index)
    return sorted(chosen)


def show(messages: Sequence[Turn], indices: Sequence[int]) -> list[ShownTurn]:
    """The turns at these indices, which ascend; a system message is none of them."""
    shown = []
    next_ = first_turn(messages)
    for index in indices:
        first, last = turn_number(messages, next_), turn_number(messages, index - 1)
        gap = "" if last < first else str(first) if first == last else f"{first} to {last}"
        turn = messages[index]
        shown.append(ShownTurn(turn_number(messages, index), turn.role, turn.content, gap))
        next_ = index + 1
    return shown


def _cost(turn: Turn) -> int:
    return estimate_tokens(turn.content) + _FRAME_TOKENS
