"""Steps that keep book: who holds what after a swap, what lies on a stack of brackets, which word
comes first, who stands where. Each is followed from step to step, as a program can.

A finding is the number of a step, from 0, and what is wrong with it, for the first step that does
not follow from the problem and the steps before it; nothing is said of steps that are written in
any other way than those described here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "Finding", "first_wrong_holding", "first_wrong_order", "first_wrong_position",
    "first_wrong_stack", "first_wrong_step",
]  # fmt: skip


class Finding(NamedTuple):
    """A step's number, from 0, and what is wrong with it."""

    step: int
    reason: str


def first_wrong_step(problem: str, steps: Sequence[str]) -> Finding | None:
    """The first step that any of the four finds wrong."""
    found = [
        finding
        for follow in (
            first_wrong_holding,
            first_wrong_stack,
            first_wrong_order,
            first_wrong_position,
        )
        if (finding := follow(problem, steps)) is not None
    ]
    return min(found, default=None)


# Who holds what --------------------------------------------------------------------------------

_SWAP = re.compile(r"\b([A-Z]\w*) and ([A-Z]\w*) (?:swap|switch|trade|exchange)")
_HOLDS = re.compile(r"\b([A-Z]\w*): (?!\()([^,.;:\n]{1,60})")


def first_wrong_holding(problem: str, steps: Sequence[str]) -> Finding | None:
    """Swaps: the problem says "X and Y swap", one after the other; a step says "X: ball, Y: ring"
    and perhaps whose swap it is. Names may be cut to their first letters."""
    swaps = _SWAP.findall(problem)
    if not swaps:
        return None
    names = sorted({name for swap in swaps for name in swap})
    state: dict[str, str] = {}
    done = 0
    for number, step in enumerate(steps):
        told = {
            name: _plain(value)
            for short, value in _HOLDS.findall(step)
            if (name := _whole_name(short, names)) is not None
        }
        if not told:
            continue
        if not state:
            state = told
            continue
        if done < len(swaps):
            one, two = swaps[done]
            done += 1
            if one not in state or two not in state:
                return None  # who held what at the start was not said
            state[one], state[two] = state[two], state[one]
        for name, value in told.items():
            if name in state and not _agrees(state[name], value):
                return Finding(number, f"{name} has {state[name]}, not {value}")
    return None


def _plain(value: str) -> str:
    value = re.split(r"\b(?:So|and|Then)\b", value, maxsplit=1)[0]
    return " ".join(value.casefold().split())


def _agrees(one: str, two: str) -> bool:
    return one.startswith(two) or two.startswith(one)


def _whole_name(short: str, names: Sequence[str]) -> str | None:
    found = [name for name in names if name.startswith(short)]
    return found[0] if len(found) == 1 else None


# What lies on a stack --------------------------------------------------------------------------

_CLOSE = {"(": ")", "[": "]", "{": "}", "<": ">"}
_STACK = re.compile(r"^\s*(\S)\s*[;:,]\s*stack:\s*(empty|[\[({<\s]*)\s*$", re.IGNORECASE)
_FINAL = re.compile(r"final stack is\s*[\"“']?\s*(empty|[\[({<\s]*)[\"”'.]", re.IGNORECASE)
_ANSWER = re.compile(r"answer is:?\s*([\])}>\s]+)\.?\s*$")


def first_wrong_stack(problem: str, steps: Sequence[str]) -> Finding | None:
    """Brackets: the problem holds a row of them; a step says "] ; stack: ( [", one bracket after
    the other, or the final stack, or the answer with what is missing to close them all."""
    row = [sign for sign in problem if sign in "()[]{}<>"]
    stack: list[str] = []
    taken = 0
    for number, step in enumerate(steps):
        if found := _STACK.match(step):
            sign, shown = found[1], _signs(found[2])
            if taken >= len(row) or row[taken] != sign:
                return Finding(number, f"bracket {taken + 1} of the row is not {sign}")
            taken += 1
            if sign in _CLOSE:
                stack.append(sign)
            elif stack and _CLOSE[stack[-1]] == sign:
                stack.pop()
            if shown != stack:
                return Finding(number, f"the stack is {' '.join(stack) or 'empty'}")
        elif taken and (found := _FINAL.search(step)):
            if taken < len(row):
                return Finding(number, f"{len(row) - taken} brackets of the row are left")
            if _signs(found[1]) != stack:
                return Finding(number, f"the stack is {' '.join(stack) or 'empty'}")
        elif taken and (found := _ANSWER.search(step)):
            wanted = [_CLOSE[sign] for sign in reversed(stack)]
            if found[1].split() != wanted:
                return Finding(number, f"what closes the row is {' '.join(wanted) or 'nothing'}")
    return None


def _signs(shown: str) -> list[str]:
    return [sign for sign in shown if sign in _CLOSE]


# Which word comes first ------------------------------------------------------------------------

_SORTING = re.compile(r"\b(?:sort(?:ed|ing)?|alphabet\w*|order)\b", re.IGNORECASE)
_LETTER = re.compile(r"\"(\w)\" \((\d{1,2})\)")
_NTH = re.compile(r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth)\s+letters?:", re.I)
_SPELT = re.compile(r"\"([a-z]{2,40})\": \"(\w)\"")
_PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
_QUOTED = re.compile(r"\"([^\"<>?\[\]]{1,60})\"")


def first_wrong_order(problem: str, steps: Sequence[str]) -> Finding | None:
    """Sorting by the alphabet: chains such as `"ant" < ["bee" ? "bat"] < "cow"`, where "?" leaves
    open which of a group is first, and claims such as `the second letter: "bee": "e" (5)`."""
    if not any(_SORTING.search(text) for text in (problem, *steps)):
        return None
    longest: list[str] = []  # of the lists of words so far
    for number, step in enumerate(steps):
        reason = _wrong_letter(step) or _wrong_chain(step, longest)
        if reason:
            return Finding(number, reason)
        words = [word for word in dict.fromkeys(_QUOTED.findall(step)) if len(word) > 1]
        longest = words if len(words) > len(longest) else longest
    return None


def _wrong_letter(step: str) -> str | None:
    for letter, place in _LETTER.findall(step):
        if letter.isascii() and letter.isalpha() and ord(letter.lower()) - 96 != int(place):
            return f"{letter!r} is letter {ord(letter.lower()) - 96} of the alphabet"
    if nth := _NTH.search(step):
        place = _PLACES.index(nth[1].lower())
        for word, letter in _SPELT.findall(step, nth.end()):
            right = word[place : place + 1]
            if right and right != letter.lower():
                return f"letter {place + 1} of {word!r} is {right!r}"
    return None


def _wrong_chain(step: str, longest: Sequence[str]) -> str | None:
    chains = [
        [_QUOTED.findall(group) for group in part.split("<")]
        for part in re.split(r"[.;\n]\s", step)
        if "<" in part
    ]
    for groups in chains:
        words = [[word.casefold() for word in group] for group in groups if group]
        for left, right in itertools.pairwise(words):
            if max(left) > min(right):
                return f"{max(left)!r} does not come before {min(right)!r}"
    if chains:
        now = {word for group in chains[-1] for word in group}
        lost = [word for word in longest if word not in now]
        if lost and len(lost) * 4 <= len(longest):  # with more, it is about a part of them
            return f"{lost[0]!r} is lost"
    return None


# Who stands where ------------------------------------------------------------------------------

_COUNT = re.compile(r"\bset of (three|four|five|six|seven|eight|nine)\b")
_ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth",
]  # fmt: skip
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_PLACED = re.compile(
    rf"(?:\bthen |[:,] )({'|'.join(_ORDINALS)}) (?:is|are) (?:the )?([a-z]+(?: [a-z]+)?)(?=[,.]|$)"
)


def first_wrong_position(problem: str, steps: Sequence[str]) -> Finding | None:
    """A row of so many objects: a step says "first is the owl, then second is the hawk", within
    their number, no object in two places, and no place changed without a word."""
    count = _COUNT.search(problem)
    if count is None:
        return None
    most = _NUMBERS.index(count[1]) + 1
    for number, step in enumerate(steps):
        places = dict[str, str]()
        for ordinal, thing in _PLACED.findall(step):
            if _ORDINALS.index(ordinal) >= most:
                return Finding(number, f"there are {most} objects, and no {ordinal} one")
            if thing.startswith(("an unknown", "unknown", "any", "can ")):
                continue
            if thing in places.values():
                return Finding(number, f"{thing} has two places")
            places[ordinal] = thing
    return None
