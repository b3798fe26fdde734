"""A grammar of arithmetic word problems: families of texts, each of which a program can write, read
and solve."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

__all__ = ["FAMILIES", "Family", "Problem", "Step", "made", "read"]

_NAMES = (
    "Ada", "Ben", "Cora", "Dan", "Elsa", "Finn", "Gwen", "Hugo", "Iris", "Jonas", "Kira", "Leo",
    "Mona", "Nils", "Olga", "Paul",
)  # fmt: skip
_THINGS = (
    "apples", "balls", "beads", "books", "buttons", "cards", "coins", "cups", "eggs", "hats",
    "keys", "lemons", "nuts", "pens", "shells", "stones",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One calculation: `left`, the sign and `right`, and what comes out."""

    left: int
    sign: str
    right: int

    @property
    def value(self) -> int:
        """What comes out; divisions have no rest."""
        if self.sign == "+":
            return self.left + self.right
        if self.sign == "-":
            return self.left - self.right
        return self.left * self.right if self.sign == "*" else self.left // self.right

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right} = {self.value}"

    @property
    def words(self) -> str:
        """What is to be done."""
        if self.sign == "-":
            return f"Take {self.right} from {self.left}."
        verb, link = {"+": ("Add", "and"), "*": ("Multiply", "by"), "/": ("Divide", "by")}[
            self.sign
        ]
        return f"{verb} {self.left} {link} {self.right}."


@dataclass(frozen=True)
class Family:
    """Problems that are solved in one way.

    Attributes:
        name: what to call it.
        texts: how its problems are put; {n} and {m} are names, {t} is what is counted, {a}, {b}
            and {c} are numbers.
        draw: numbers for a problem.
        solve: the calculations, from the numbers.
        wrong: calculations that a hasty reader makes of the same numbers, each of them right by
            itself.
    """

    name: str
    texts: tuple[str, ...]
    draw: Callable[[random.Random], Mapping[str, int]]
    solve: Callable[..., list[Step]]
    wrong: Callable[..., list[Step]]

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What reads its texts."""
        return tuple(re.compile(_pattern(text)) for text in self.texts)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of four letters and more of its texts, in lower case, without names and what is
        counted."""
        plain = (re.sub(r"{\w}", " ", text) for text in self.texts)
        return frozenset(re.findall("[a-z]{4,}", " ".join(plain).lower()))


@dataclass(frozen=True)
class Problem:
    """A problem and all that is known of it."""

    text: str
    family: Family
    numbers: Mapping[str, int]

    @property
    def steps(self) -> list[Step]:
        """The calculations that solve it."""
        return self.family.solve(**self.numbers)

    @property
    def answer(self) -> int:
        """The right answer."""
        return self.steps[-1].value

    @property
    def solution(self) -> str:
        """The right reply, in the form of a sample of the strategy `reasoning`."""
        steps = self.steps
        lines = [str(step) for step in steps] if len(steps) > 1 else [steps[0].words, str(steps[0])]
        numbered = "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
        return f"{numbered}\n\nAnswer: {self.answer}"


def made(family: Family, dice: random.Random) -> Problem:
    """A problem of a family."""
    numbers = family.draw(dice)
    name, other = dice.sample(_NAMES, 2)
    text = dice.choice(family.texts)
    return Problem(text.format(n=name, m=other, t=dice.choice(_THINGS), **numbers), family, numbers)


def read(text: str) -> Problem | None:
    """The problem that a text is; None for one that is none of the grammar's."""
    text = " ".join(text.split())
    for family in FAMILIES.values():
        for pattern in family.patterns:
            found = pattern.fullmatch(text)
            if found:
                numbers = {k: int(v) for k, v in found.groupdict().items() if k in "abc"}
                return Problem(text, family, numbers)
    return None


def _pattern(text: str) -> str:
    """What a text matches, the same name in every place of a slot."""
    parts, seen = [], set()
    for before, slot, _, _ in Formatter().parse(text):
        parts.append(re.escape(before))
        if slot in seen:
            parts.append(f"(?P={slot})")
        elif slot:
            seen.add(slot)
            parts.append(rf"(?P<{slot}>{'[0-9]+' if slot in 'abc' else '[A-Za-z]+'})")
    return "".join(parts)


def _sum(dice: random.Random) -> dict[str, int]:
    return {"a": dice.randint(2, 12), "b": dice.randint(2, 12)}


def _difference(dice: random.Random) -> dict[str, int]:
    a = dice.randint(4, 20)
    return {"a": a, "b": dice.randint(2, min(12, a - 2))}


def _product(dice: random.Random) -> dict[str, int]:
    return {"a": dice.randint(2, 6), "b": dice.randint(2, 6)}


def _quotient(dice: random.Random) -> dict[str, int]:
    b = dice.randint(2, 6)
    return {"a": b * dice.randint(2, 6), "b": b}


def _to_and_fro(dice: random.Random) -> dict[str, int]:
    a, b = dice.randint(2, 10), dice.randint(2, 10)
    return {"a": a, "b": b, "c": dice.randint(2, min(12, a + b - 2))}


def _loose(dice: random.Random) -> dict[str, int]:
    a = dice.randint(2, 6)
    return {"a": a, "b": dice.randint(2, 12 // a), "c": dice.randint(2, 12)}


def _purchase(dice: random.Random) -> dict[str, int]:
    a = dice.randint(2, 6)
    b = dice.randint(2, 12 // a)
    return {"a": a, "b": b, "c": dice.randint(a * b + 2, 20)}


def _pairs(dice: random.Random) -> dict[str, int]:
    return {"a": dice.randint(2, 6), "b": dice.randint(2, 12)}


def _together(dice: random.Random) -> dict[str, int]:
    a = dice.randint(2, 10)
    return {"a": a, "b": dice.randint(2, max(2, 12 - a))}


def _whole(dice: random.Random) -> dict[str, int]:
    b = dice.randint(2, 6)
    kept = b * dice.randint(2, max(2, 16 // b))
    return {"a": kept + (broken := dice.randint(2, 20 - kept)), "b": b, "c": broken}


def _then(first: Step, sign: str, right: int) -> list[Step]:
    return [first, Step(first.value, sign, right)]


def _of(*families: Family) -> dict[str, Family]:
    return {family.name: family for family in families}


FAMILIES = _of(
    Family(
        "gain",
        (
            "{n} has {a} {t} and gets {b} more. How many {t} does {n} have now?",
            "{n} had {a} {t}. Then {n} found {b} more {t}. How many {t} are there now?",
            "On Monday {n} collected {a} {t}, on Tuesday {b} more. How many {t} is that?",
        ),
        _sum,
        lambda a, b: [Step(a, "+", b)],
        lambda a, b: [Step(max(a, b), "-", min(a, b))],
    ),
    Family(
        "loss",
        (
            "{n} has {a} {t} and loses {b} of them. How many {t} are left?",
            "{n} had {a} {t} and gave {b} of them to {m}. How many {t} does {n} still have?",
            "There were {a} {t} in a bowl. {n} took {b} of them. How many {t} are still there?",
        ),
        _difference,
        lambda a, b: [Step(a, "-", b)],
        lambda a, b: [Step(a, "+", b)],
    ),
    Family(
        "more",
        (
            "{n} has {a} {t}. {m} has {b} {t} more than {n}. How many {t} does {m} have?",
            "{m} owns {b} {t} more than {n}, who owns {a}. How many {t} does {m} own?",
        ),
        _sum,
        lambda a, b: [Step(a, "+", b)],
        lambda a, b: [Step(max(a, b), "-", min(a, b))],
    ),
    Family(
        "groups",
        (
            "There are {a} boxes with {b} {t} in each. How many {t} are there in all?",
            "{n} fills {a} bags with {b} {t} each. How many {t} does {n} need?",
            "{n} lays {a} rows of {b} {t}. How many {t} is that in all?",
        ),
        _product,
        lambda a, b: [Step(a, "*", b)],
        lambda a, b: [Step(a, "+", b)],
    ),
    Family(
        "sharing",
        (
            "{n} shares {a} {t} equally among {b} children. How many {t} does each child get?",
            "{a} {t} are put equally into {b} jars. How many {t} are in a jar?",
            "{n} packs {a} {t} into bags of {b}. How many bags are full?",
        ),
        _quotient,
        lambda a, b: [Step(a, "/", b)],
        lambda a, b: [Step(a, "-", b)],
    ),
    Family(
        "to and fro",
        (
            "{n} has {a} {t}, gets {b} more and then loses {c}. How many {t} are left?",
            "{n} had {a} {t}, found {b} more and gave {c} to {m}. How many {t} does {n} have now?",
        ),
        _to_and_fro,
        lambda a, b, c: _then(Step(a, "+", b), "-", c),
        lambda a, b, c: _then(Step(a, "+", b), "+", c),
    ),
    Family(
        "loose ones",
        (
            "There are {a} boxes with {b} {t} in each and {c} loose {t}. How many {t} are there?",
            "{n} fills {a} bags with {b} {t} each, and {c} {t} remain. How many {t} are there?",
        ),
        _loose,
        lambda a, b, c: _then(Step(a, "*", b), "+", c),
        lambda a, b, c: _then(Step(a, "+", b), "+", c),
    ),
    Family(
        "fewer",
        (
            "{n} has {a} {t}. {m} has {b} {t} fewer than {n}. How many {t} does {m} have?",
            "{m} owns {b} {t} fewer than {n}, who owns {a}. How many {t} does {m} own?",
        ),
        _difference,
        lambda a, b: [Step(a, "-", b)],
        lambda a, b: [Step(a, "+", b)],
    ),
    Family(
        "purchase",
        (
            "{n} pays with {c} euros and buys {a} {t} at {b} euros each. How many euros come back?",
            "{n} buys {a} {t} at {b} euros each. How many euros are left of {c}?",
            "{n} has {c} euros. {a} {t} cost {b} euros each. How many euros does {n} keep?",
        ),
        _purchase,
        lambda a, b, c: [Step(a, "*", b), Step(c, "-", a * b)],
        lambda a, b, c: [Step(a, "*", b), Step(c, "+", a * b)],
    ),
    Family(
        "pairs",
        (
            "{n} owns {a} pairs of {t} and {b} single {t}. How many {t} does {n} own?",
            "{n} finds {a} pairs of {t} and {b} without a partner. How many {t} are found?",
        ),
        _pairs,
        lambda a, b: _then(Step(a, "*", 2), "+", b),
        lambda a, b: [Step(a, "+", b)],
    ),
    Family(
        "together",
        (
            "{n} has {a} {t}, and {m} has {b} {t} more. How many {t} do {n} and {m} have together?",
            "{m} owns {b} {t} more than {n}, who owns {a}. How many {t} do both own together?",
        ),
        _together,
        lambda a, b: [Step(a, "+", b), Step(a + b, "+", a)],
        lambda a, b: [Step(a, "+", b)],
    ),
    Family(
        "broken ones",
        (
            "Of {a} {t} {c} are broken, and {b} guests share the others. How many {t} has each"
            " guest?",
            "{n} throws {c} of {a} {t} away and deals the others to {b} guests. How many {t} has a"
            " guest?",
        ),
        _whole,
        lambda a, b, c: _then(Step(a, "-", c), "/", b),
        lambda a, b, c: [Step(a, "-", c), Step(a - c, "-", b)],
    ),
)  # fmt: skip
"""The families, by name."""
