"""Whether the two sides of an arithmetic statement are equal, as far as its words allow to say.
`arithmetic.py` states the rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal as OneOf

from .expressions import Expression, Modes, TooLarge
from .tokens import Literal, Token
from .units import Unit, unit_of

__all__ = ["Equality", "Verdict", "show_number"]

Verdict = OneOf["right", "wrong", ""]

# Words that change what the numbers of a statement mean: in front of it, behind it, behind it
# where its sign is the word "is", and anywhere where it has per cents.
_BEFORE = frozenset(["than", "twice", "double", "triple", "half", "third", "quarter", "times"])
_AFTER = frozenset(["remainder", "r", "rem", "mod", "modulo"])
_AFTER_IS = _AFTER | frozenset(["more", "less", "fewer", "times", "than"])
_OF_PERCENT = frozenset((
    "off", "discount", "discounted", "increase", "increased", "decrease", "decreased",
    "reduced", "raised", "more", "less", "tax", "tip", "markup",
))  # fmt: skip
_READINGS = (Modes(), Modes(percent=False), Modes(markup=True))


class Equality:
    """Two sides of one equality."""

    def __init__(
        self,
        tokens: list[Token],
        relation: int,
        left: Expression,
        right: Expression,
        *,
        opens: bool,
        rounded: dict[Fraction, Fraction],
    ) -> None:
        self.tokens = tokens
        self.relation = tokens[relation].text
        sign = tokens[relation]
        self.in_words = sign.ends or sign.end - sign.start > 3
        self.left = left
        self.right = right
        self.opens = opens
        self.rounded = rounded
        self.followed = False
        self.value = ""
        after = tokens[right.end] if right.end < len(tokens) else None
        self.cut = after is not None and after.kind == "cut"

    def verdict(self) -> Verdict:
        try:
            return self._verdict()
        except TooLarge:
            return ""

    def _verdict(self) -> Verdict:
        left, right = self.left, self.right
        self.value = show_number(left.value(Modes()))
        differences: list[Verdict] = []
        for one, two in self._readings():
            verdict = self._compare(left.value(one), right.value(two), two)
            if verdict == "right":
                return "right"
            differences.append(verdict)
        if (converted := self._converted()) is not None:
            return converted
        if "" in differences or self._unclear():
            return ""
        return "wrong"

    def _readings(self) -> Iterator[tuple[Modes, Modes]]:
        literals = (*self.left.literals, *self.right.literals)
        plain = _READINGS[0]
        if not any(each.percent for each in literals):
            yield plain, plain
        else:
            yield from ((one, one) for one in _READINGS)
            yield _READINGS[0], _READINGS[1]
            yield _READINGS[1], _READINGS[0]
        if any(each.scale > 1 for each in literals):
            unscaled = Modes(scaled=False)
            yield unscaled, unscaled
            yield plain, unscaled
            yield unscaled, plain
        if any(each.other is not None for each in literals):
            comma = Modes(comma=True)
            yield comma, comma

    def _compare(self, left: Fraction, right: Fraction, reading: Modes) -> Verdict:
        """One reading of both sides."""
        if left == right:
            return "right"
        shown = self.right.lone
        if shown is None:
            close = abs(left - right) * 1000 <= abs(left)
            return "" if close and not (self.left.exact and self.right.exact) else "wrong"
        scale = Fraction(1, 100) if shown.percent and reading.percent else Fraction(1)
        unit = shown.ulp * scale
        return self._rounding(left, right, unit, shown) if unit else "wrong"

    def _rounding(self, left: Fraction, right: Fraction, unit: Fraction, shown: Literal) -> Verdict:
        """Whether the right side is the left one rounded to `unit`, its last written place."""
        off = abs(left - right)
        if self.relation == "≈" or self.cut:
            if off < max(unit, _last_digit(shown)) and right != 0:
                return self._note(right, unit)
            return "" if off * 20 <= abs(left) and not self.cut else "wrong"
        if shown.decimals > 8 and off * 10**12 <= abs(left):
            return self._note(right, unit)  # a machine's binary fraction
        if shown.decimals and right != 0 and (left / unit).denominator != 1:
            if off * 2 <= unit:
                return self._note(right, unit)
            return "" if off < unit and abs(right) < abs(left) else "wrong"
        if (left / unit).denominator != 1 and off < unit and abs(left) * 2 >= unit:
            self._note(right, unit)
            return ""
        return self._carried(right, unit)

    def _note(self, right: Fraction, unit: Fraction) -> Verdict:
        self.rounded[right] = unit
        return "right"

    def _carried(self, right: Fraction, unit: Fraction) -> Verdict:
        """Whether the rounding of earlier results can make the difference."""
        inexact = {
            each.text: self.rounded[each.value]
            for each in self.left.literals
            if each.value in self.rounded
        }
        if not inexact or len(inexact) > 4:
            return "wrong"
        values = [
            self.left.value(Modes(shifts=dict(zip(inexact, shifts, strict=True))))
            for shifts in itertools.product(*((-ulp, ulp) for ulp in inexact.values()))
        ]
        if min(values) - unit <= right <= max(values) + unit:
            self._note(right, unit)
            return ""
        return "wrong"

    def _converted(self) -> Verdict | None:
        """Whether both sides are equal in their units of measure; None where that is not the
        question, "" where they have several units that do not simply convert."""
        literals = (*self.left.literals, *self.right.literals)
        units = {unit for each in literals if (unit := _measure(each)) is not None}
        money = [unit for unit in units if unit.kind == _DOLLAR.kind]
        if len(money) == 1:
            units.discard(_DOLLAR)  # beside cents alone are dollars a question
        if len(units) < 2:
            return None
        one, two = _in_base_units(self.left), _in_base_units(self.right)
        if one is None or two is None or one[1] != two[1] or self.right.lone is None:
            return ""
        last_place = self.right.lone.ulp * two[2]
        return "right" if abs(one[0] - two[0]) * 2 <= last_place else ""

    def _unclear(self) -> bool:
        """Whether a reading in which nothing is claimed wrongly is likely enough."""
        left, right = self.left, self.right
        if left.doubtful or right.doubtful:
            return True
        if self.opens and left.lone is not None:
            return True  # "5 apples = 5 * 3": what is said of a number, not what it comes to
        if left.lone is not None and left.words:
            return True
        if self.relation == "is" and (right.lone is None or not self._opens_clause()):
            return True
        literals = (*left.literals, *right.literals)
        if any(each.decimals and each.other is not None and "," in each.text for each in literals):
            return True
        if self._modified():
            return True
        if left.value(Modes()) in right.openings() and not self._carries_over():
            return True  # a running total, "3 * 4 = 12 + 5", or "2 * 1/4 = 1/2 of 250"
        if right.value(Modes()) in left.without_opening(Modes()):
            return True
        return _is_share(left) and (self.in_words or bool(left.words or right.words))

    def _carries_over(self) -> bool:
        """Whether what the right side goes on with stands on the left too: "7 - 4 - 1 = (2 - 1)"
        is a line of a calculation, and no running total."""
        there = [each.value for each in self.left.literals]
        return all(each.value in there for each in self.right.literals[1:])

    def _opens_clause(self) -> bool:
        place = self.left.first
        if place == 0 or self.tokens[place - 1].kind in ("break", "relation"):
            return True
        return self.tokens[place - 1].ends

    def _modified(self) -> bool:
        """Whether words around the statement may change what its numbers mean."""
        before = [token.text.lower() for token in self.tokens[: self.left.first][-5:]]
        kinds = [token.kind for token in self.tokens[: self.left.first][-5:]]
        for place in reversed(range(len(before))):
            if kinds[place] in ("break", "relation"):
                break
            if before[place] in _BEFORE:
                return True
            if kinds[place] == "number" and before[-1] == "of":
                return True  # "40 pieces of $1 bills * 2"
        after = _AFTER_IS if self.relation == "is" else _AFTER
        behind = {token.text.lower() for token in self.tokens[self.right.end : self.right.end + 2]}
        behind |= {word.lower() for word in self.right.words[:3]}
        if behind & after:
            return True
        percent = any(each.percent for each in (*self.left.literals, *self.right.literals))
        words = {word.lower() for word in (*self.left.words, *self.right.words)}
        return percent and bool((words | behind) & _OF_PERCENT)


def _last_digit(shown: Literal) -> Fraction:
    """The place of the last digit that is not 0, for a whole number; for others its last place."""
    if shown.decimals or shown.value == 0:
        return shown.ulp
    digits = str(abs(int(shown.value)))
    return Fraction(10) ** (len(digits) - len(digits.rstrip("0")))


def _is_share(left: Expression) -> bool:
    """True for "1/2" alone, which may say how much and ask for no division."""
    if left.operators != 1 or len(left.literals) != 2 or not left.divides:
        return False
    above, below = (each.value for each in left.literals)
    return above < below and above.denominator == below.denominator == 1


def _measure(literal: Literal) -> Unit | None:
    """The unit of measure behind a number; what stands behind "of", "in" or "a" is another's."""
    words = list(literal.unit)
    if words[:1] == ["$"]:
        words = ["$"]
    for place, word in enumerate(words):
        if place and word.lower() in _OF_ANOTHER:
            words = words[:place]
            break
    while words:
        if (unit := unit_of(" ".join(words))) is not None:
            return unit
        words.pop()
    return None


_DOLLAR = Unit((("money", 1),), Fraction(1))
_InBase = tuple[Fraction, tuple[tuple[str, int], ...], Fraction]
_OF_ANOTHER = frozenset((
    "in", "on", "of", "at", "for", "after", "during", "before", "from", "to", "a", "an",
    "each", "every", "with",
))  # fmt: skip


def _in_base_units(
    side: Expression,
) -> tuple[Fraction, tuple[tuple[str, int], ...], Fraction] | None:
    """The value in base units, the kind, and the factor: for a sum whose terms all have units of
    one kind, or one number with a unit, times plain numbers."""
    terms = side.terms()
    if terms is None:
        return None
    total, kind, factor = Fraction(0), None, Fraction(1)
    for value, literal in terms:
        unit = _measure(literal)
        if unit is None or (kind is not None and unit.kind != kind):
            return None
        kind, factor = unit.kind, unit.factor
        total += value * unit.factor
    return None if kind is None else (total, kind, factor)


def show_number(value: Fraction) -> str:
    """A value in digits: all of them, or 6 significant ones."""
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    if value.denominator == 1 or (below == 1 and value.denominator <= 10**9):
        if abs(value) < 10**15:
            return f"{float(value):.12f}".rstrip("0").rstrip(".")
        return str(value) if value.denominator == 1 else f"{float(value):.6g}"
    try:
        return f"{float(value):.6g}"
    except OverflowError:
        return "a very large number"
