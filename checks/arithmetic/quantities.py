"""Quantities: one number with its unit, and whether two of them are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .expressions import Expression, Modes, TooLarge
from .reader import read_runs
from .tokens import tokenise
from .units import Unit, unit_of

__all__ = ["Quantity", "only_quantity", "same_quantity", "single_quantity"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what it counts.

    Attributes:
        value: the number; 50% is 50.
        other: its value where comma and full stop have each other's meaning, or None.
        percent: True where a per cent sign follows.
        ulp: one unit of its last written place; 0 for a fraction.
        decimals: how many places it shows after the point.
        unit: the unit of measure, where it is one that is known.
        currency: its sign, or "".
    """

    value: Fraction
    other: Fraction | None
    percent: bool
    ulp: Fraction
    decimals: int
    unit: Unit | None
    currency: str


def single_quantity(text: str) -> Quantity | None:
    """The quantity, where the text is one and nothing else: "$1,500", "-3/4", "x = 5 km/h",
    "2.5 × 10^3"; None for anything else, and for what is no rational number."""
    text = _VARIABLE.sub("", text.strip(), count=1)
    text = _ABOUT.sub("", text, count=1)
    if not text or len(text) > 200 or not _DIGIT.search(text):
        return None
    if text[0] in "([{\\" and "," in text:
        return None  # a tuple, a set or an interval, even where it looks like (1,5)
    tokens = tokenise(text)
    runs = read_runs(tokens, 0, len(tokens))
    if not runs or runs[-1].end != len(tokens):
        return None
    ends = [0, *(run.end for run in runs)]
    gaps = [t for end, run in zip(ends, runs, strict=False) for t in tokens[end : run.first]]
    if any(gap.text.lower() != "and" for gap in gaps):
        return None
    if len(runs) == 1:
        return None if gaps else _quantity(runs[0], text)
    return _compound([_quantity(run, "") for run in runs])


def only_quantity(text: str) -> Quantity | None:
    """The quantity of a sentence that names one and no more, or None."""
    if len(text) > 400:
        return None
    tokens = tokenise(text)
    if any(token.kind == "opaque" for token in tokens):
        return None
    runs = read_runs(tokens, 0, len(tokens))
    if len(runs) != 1:
        return None
    return _quantity(runs[0], text)


def same_quantity(one: Quantity, two: Quantity) -> bool:
    """Whether two quantities are the same; a unit that only one of them has does not count."""
    if one.currency and two.currency and one.currency != two.currency:
        return False
    if one.unit is not None and two.unit is not None:
        if one.unit.kind != two.unit.kind:
            return False
        return _close(one, two, one.unit.factor, two.unit.factor)
    if _close(one, two, Fraction(1), Fraction(1)):
        return True
    if one.percent != two.percent:
        share = Fraction(1, 100)
        return _close(one, two, share if one.percent else Fraction(1),
                      share if two.percent else Fraction(1))  # fmt: skip
    return one.other == two.value or (two.other is not None and two.other == one.value)


_VARIABLE = re.compile(r"^(?:[A-Za-z]|\\[a-z]+)(?:_\w)? ?= ?(?=[^=])")
_ABOUT = re.compile(r"^(?:(?:approximately|about|roughly|exactly|only) |[≈~] ?)", re.IGNORECASE)
_DIGIT = re.compile("[0-9½⅓⅔¼¾]")
_CURRENCIES = re.compile("[$€£¥₹]")
_MONEY = {"$": "dollar", "€": "euro", "£": "gbp"}


def _quantity(run: Expression, text: str) -> Quantity | None:
    if run.tree is None or "root" in run.kinds() or run.operators > 6:
        return None
    try:
        value = run.value(Modes(percent=False))
    except TooLarge:
        return None
    signs = set(_CURRENCIES.findall(text.replace("\\$", "$")))
    currency = signs.pop() if len(signs) == 1 else ""
    if text.startswith("$") and text.endswith("$"):
        currency = ""
    words = [word for word in run.words if word not in ("¢",) or not currency]
    unit = unit_of(" ".join(words)) if words else None
    if unit is None and currency in _MONEY and not words:
        unit = unit_of(_MONEY[currency])
    shown = run.lone
    other = shown.other if shown is not None else None
    return Quantity(
        value,
        -other if other is not None and value < 0 else other,
        any(each.percent for each in run.literals),
        shown.ulp if shown is not None else Fraction(0),
        shown.decimals if shown is not None else 0,
        unit,
        currency,
    )


def _compound(parts: list[Quantity | None]) -> Quantity | None:
    """ "1 hour 30 minutes": quantities of one kind, each of a smaller unit than the one before."""
    total, before = Fraction(0), None
    for part in parts:
        if part is None or part.unit is None or part.percent:
            return None
        smaller = before is None or part.unit.factor < before.factor
        if not smaller or (before is not None and part.unit.kind != before.kind):
            return None
        before = part.unit
        total += part.value * part.unit.factor
    assert before is not None
    return Quantity(total, None, False, Fraction(0), 0, Unit(before.kind, Fraction(1)), "")


def _close(one: Quantity, two: Quantity, first: Fraction, second: Fraction) -> bool:
    """Equal, or one is the other rounded to at least two places after the point."""
    left, right = one.value * first, two.value * second
    if left == right:
        return True
    off = abs(left - right)
    for shown, factor, other in ((one, first, right), (two, second, left)):
        unit = shown.ulp * factor
        if shown.decimals >= 2 and off * 2 <= unit and (other / unit).denominator != 1:
            return True
    return max(one.decimals, two.decimals) > 8 and off * 10**12 <= abs(left)
