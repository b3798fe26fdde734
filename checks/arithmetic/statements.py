"""Arithmetic statements in natural text, found and recomputed.

"12 boxes * 4 = 48 jars", "<<12*4=48>>" (the calculator notes of GSM8K, arXiv 2110.14168), "20% of
$1,500 is $300", "\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}", "A = (7 - 28) = -21". A statement is
right, wrong, or neither can be told; nothing is evaluated as code, and values are exact fractions.

What counts as right
- Both sides are equal. A per cent sign may be read as 1/100 or as part of the unit, the same on
  both sides or not, and "100 + 20%" as a mark-up.
- The right side shows places after the point and is the left side rounded to them (or, of more
  than 8 places, equal to 12 digits, as binary fractions are); for "≈", or a
  number that ends in "...", it may also be cut off there, and a whole number may be rounded to its
  last digit that is not 0.
- The units convert ("2 * 30 minutes = 1 hour").

What cannot be told
- A whole number, or one that is cut off, where the exact value lies less than one unit of its
  last place away: it may be rounded, or counted up or down.
- A result within what the rounding of an earlier result, used again here, can make of it.
- Different units of measure that do not simply convert, a running total ("3 * 4 = 12 + 5 = 17"), a
  range ("3-4 hours"), a bullet's dash, an unknown operand, a value beyond the bounds.

Everything else is wrong. It takes an operator on one side at least: "1 hour = 60 minutes" is no
arithmetic.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .equalities import Equality, Verdict
from .reader import read_runs
from .tokens import Token, tokenise

__all__ = ["Statement", "Verdict", "find_statements", "step_verdicts"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One equality.

    Attributes:
        text: what stands there.
        start, end: its character offsets.
        verdict: "right", "wrong", or "" where it cannot be told.
        value: what the left side comes to, in digits, or "".
        claimed: the right side as it stands.
    """

    text: str
    start: int
    end: int
    verdict: Verdict
    value: str = ""
    claimed: str = ""


def find_statements(text: str) -> list[Statement]:
    """All arithmetic statements of a text, in their order."""
    return list(_Recomputed().statements(text))


def step_verdicts(steps: Sequence[str]) -> list[tuple[Verdict, list[Statement]]]:
    """The verdict on each step, with its statements: wrong where any is wrong, right where any
    is right and none wrong. A result that an earlier step rounded may be used on."""
    recomputed = _Recomputed()
    found = []
    for step in steps:
        statements = list(recomputed.statements(step))
        told = {each.verdict for each in statements}
        verdict: Verdict = "wrong" if "wrong" in told else "right" if "right" in told else ""
        found.append((verdict, statements))
    return found


_NOTE = re.compile(r"<<([^<>\n]{1,400})>>")
_GATE = re.compile(r"[=≈≅≃∼]|\\approx|\\simeq|\b(?:is|equals?|gives|makes|leaves|yields|totals)\b")
_DIGIT = re.compile("[0-9]")

_REFUSED = re.compile(
    r"\b(?:not (?:true|equal|correct|possible|right|the)|false|contradict|incorrect|impossible"
    r"|wrong|mistake|does(?: not|n't) (?:hold|work|match|equal))"
)
_SENTENCE_END = re.compile(r"[.;]\s|\n")
_SUPPOSED = re.compile(r"\b(?:if|suppose|assum\w+|instead of)\s[^.,;:\n]{0,40}$")


class _Recomputed:
    """Finds statements in one text after another, and remembers what was rounded."""

    def __init__(self) -> None:
        self.rounded: dict[Fraction, Fraction] = {}  # a rounded result, and its last place

    def statements(self, text: str) -> Iterator[Statement]:
        if _DIGIT.search(text) is None or _GATE.search(text) is None:
            return
        if "<<" in text:
            for note in _NOTE.finditer(text):
                yield from self._plain(note[1], note.start(1))
            text = _NOTE.sub(lambda note: " " * len(note[0]), text)
        yield from self._plain(text, 0)

    def _plain(self, text: str, offset: int) -> Iterator[Statement]:
        tokens = tokenise(text)
        for clause in _clauses(tokens):
            for made in self._chain(text, tokens, *clause):
                yield replace(made, start=made.start + offset, end=made.end + offset)

    def _chain(self, text: str, tokens: list[Token], first: int, end: int) -> Iterator[Statement]:
        """The statements of one clause; each relation joins what stands on its two sides."""
        relations = _outer(tokens, first, end, "relation")
        if not relations:
            return
        bounds = [first - 1, *relations, end]
        segments = [
            read_runs(tokens, left + 1, right) for left, right in itertools.pairwise(bounds)
        ]
        for place, relation in enumerate(relations):
            left, right = segments[place], segments[place + 1]
            if not left or not right:
                continue
            one, two = left[-1], right[0]
            if one.end != relation or two.first != relation + 1:
                continue  # something that is no arithmetic stands between
            if one.tree is None or two.tree is None or not (one.operators or two.operators):
                continue
            pair = Equality(tokens, relation, one, two, opens=place == 0, rounded=self.rounded)
            if place + 1 < len(relations) and two.end != relations[place + 1]:
                pair.followed = True
            pair.followed |= two.end < end and place + 1 == len(relations)
            start, stop = tokens[one.first].start, tokens[two.end - 1].end
            verdict = pair.verdict()
            if verdict == "wrong" and _is_denied(text, start, stop):
                verdict = ""
            yield Statement(
                " ".join(text[start:stop].split()),
                start,
                stop,
                verdict,
                pair.value,
                " ".join(text[tokens[two.first].start : stop].split()),
            )


def _clauses(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Ranges of tokens between breaks, brackets counting as one."""
    start = 0
    for place in _outer(tokens, 0, len(tokens), "break"):
        if place > start:
            yield start, place
        start = place + 1
    if start < len(tokens):
        yield start, len(tokens)


def _outer(tokens: list[Token], first: int, end: int, kind: str) -> list[int]:
    """The places of the tokens of a kind outside of brackets."""
    found, place = [], first
    while place < end:
        token = tokens[place]
        if token.kind == "open" and token.partner is not None:
            place = token.partner
        elif token.kind == kind:
            found.append(place)
        place += 1
    return found


def _is_denied(text: str, start: int, stop: int) -> bool:
    """Whether the text does not claim the statement: "if 3 + 4 = 8", "7 = 16, which is false"."""
    before = text[max(0, start - 60) : start].lower()
    after = _SENTENCE_END.split(text[stop : stop + 80].lower(), maxsplit=1)[0]
    return bool(_REFUSED.search(after) or _SUPPOSED.search(before))
