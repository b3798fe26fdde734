"""Arithmetic as people write it inside sentences, parsed and computed exactly.

Numbers with currencies, per cent signs, thousands separators, fractions and units; + - * / ^ in
their typographic and LaTeX forms; parentheses, roots, "of" behind a share. Nothing is evaluated
as code. `expression_reader.py` reads them. Values are bounded by 2,000 bits; beyond that `TooLarge`
is raised, so that time is linear in the length of the text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .tokens import Literal

__all__ = ["Expression", "Modes", "Node", "TooLarge"]

MOST_BITS = 2_000


class TooLarge(ArithmeticError):
    """A value is too large, or has no value at all (a division by zero)."""


@dataclass(frozen=True, slots=True)
class Modes:
    """How to read what is ambiguous.

    Attributes:
        percent: True where 20% is 0.2, False where it is 20.
        markup: True where adding 20% means 20% of what is there so far.
        comma: True where the comma is the decimal mark.
        scaled: False where "dozen" or "million" is a unit, and multiplies nothing.
        shifts: how far the true value of a literal lies from what is written, by its text.
    """

    percent: bool = True
    markup: bool = False
    comma: bool = False
    scaled: bool = True
    shifts: Mapping[str, Fraction] = field(default_factory=dict)


Node = tuple[str, "Literal | list[tuple[str, Node]]"]
"""A number, or a sum, product, power or root of parts, each with its sign."""


@dataclass(slots=True)
class Expression:
    """An expression within a text.

    Attributes:
        first, end: the range of its tokens, units included.
        tree: the parsed form, or None where an operand is unknown.
        literals: the numbers in it.
        operators: how many operators it has.
        words: the words that stand in it as units, in lower case and as written.
        doubtful: True where a reading in which it is something else is likely enough that a
            difference proves nothing.
    """

    first: int
    end: int
    tree: Node | None
    literals: list[Literal]
    operators: int
    words: list[str]
    doubtful: bool

    @property
    def lone(self) -> Literal | None:
        """The number, where it is one number and nothing else."""
        if self.operators or len(self.literals) != 1 or self.tree is None:
            return None
        return self.literals[0]

    @property
    def exact(self) -> bool:
        """True where it has only whole numbers and no division."""
        return all(each.value.denominator == 1 and not each.percent for each in self.literals)

    @property
    def divides(self) -> bool:
        """True where it is a quotient at the top level."""
        return (
            self.tree is not None
            and self.tree[0] == "product"
            and any(sign == "/" for sign, _ in _parts(self.tree))
        )

    def value(self, modes: Modes) -> Fraction:
        """Its value.

        Raises:
            TooLarge: there is none, or none within the bounds.
        """
        assert self.tree is not None
        return _value(self.tree, modes)

    def openings(self) -> list[Fraction]:
        """The values of its first operand, its first two, and so on, at the top level."""
        node, found = self.tree, list[Fraction]()
        while node is not None and node[0] in ("sum", "product"):
            parts = _parts(node)[:8]
            found += [_value((node[0], parts[:count]), Modes()) for count in range(1, len(parts))]
            node = parts[0][1] if parts[0][0] != "-" else None
        return found

    def kinds(self) -> set[str]:
        """The kinds of node in the tree: number, sum, product, power, root."""
        return _kinds(self.tree) if self.tree is not None else set()

    def terms(self) -> list[tuple[Fraction, Literal]] | None:
        """The terms of a sum at the top level, each with the one number in it that has words
        behind it; None where that is not one number."""
        assert self.tree is not None
        kind, parts = self.tree
        several = kind == "sum" and isinstance(parts, list)
        found = []
        for sign, node in parts if several and isinstance(parts, list) else [("+", self.tree)]:
            counted = [each for each in _literals(node) if each.unit]
            if len(counted) != 1:
                return None
            value = _value(node, Modes())
            found.append((value if sign == "+" else -value, counted[0]))
        return found

    def without_opening(self, modes: Modes) -> list[Fraction]:
        """The values of what follows a minus at the top level, as if it were a dash."""
        assert self.tree is not None
        kind, parts = self.tree
        if kind != "sum" or not isinstance(parts, list):
            return []
        found = []
        for place, (sign, node) in enumerate(parts[:12]):
            rest = parts[place + 1 :]
            if sign == "-" and (rest or node[0] == "product"):
                found.append(_value(("sum", [("+", node), *rest]), modes))
        return found


def _value(node: Node, modes: Modes) -> Fraction:
    kind, parts = node
    if kind == "number":
        assert isinstance(parts, Literal)
        value = parts.other if modes.comma and parts.other is not None else parts.value
        value += modes.shifts.get(parts.text, 0)
        if not modes.scaled:
            value /= parts.scale
        return value / 100 if parts.percent and modes.percent else value
    assert isinstance(parts, list)
    if kind == "sum":
        total = Fraction(0)
        for place, (sign, part) in enumerate(parts):
            each = _value(part, modes)
            if modes.markup and place and _is_percent(part):
                each *= total
            total = _bounded(total + each if sign == "+" else total - each)
        return total
    if kind == "product":
        product = Fraction(1)
        for sign, part in parts:
            product = _bounded(_times(product, sign, _value(part, modes)))
        return product
    if kind == "power":
        return _power(_value(parts[0][1], modes), _value(parts[1][1], modes))
    assert kind == "root"
    return _root(_value(parts[0][1], modes))


def _literals(node: Node) -> list[Literal]:
    if isinstance(node[1], Literal):
        return [node[1]]
    return [literal for _, part in node[1] for literal in _literals(part)]


def _parts(node: Node) -> list[tuple[str, Node]]:
    return [] if isinstance(node[1], Literal) else node[1]


def _kinds(node: Node) -> set[str]:
    kind, parts = node
    found = {kind}
    if not isinstance(parts, Literal):
        for _, part in parts:
            found |= _kinds(part)
    return found


def _is_percent(node: Node) -> bool:
    return isinstance(node[1], Literal) and node[1].percent


def _times(left: Fraction, sign: str, right: Fraction) -> Fraction:
    if sign == "*":
        return left * right
    if right == 0:
        raise TooLarge("a division by zero")
    return left / right if sign == "/" else left % right


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent == Fraction(1, 2):
        root = _root(base)
        if root * root == base:
            return root
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) * size > MOST_BITS or abs(exponent) > MOST_BITS:
        raise TooLarge("a power outside the bounds")
    if base == 0 and exponent < 0:
        raise TooLarge("a division by zero")
    return base ** int(exponent)


def _root(value: Fraction) -> Fraction:
    """The square root, exact where there is one, and otherwise to 60 bits."""
    if value < 0:
        raise TooLarge("the square root of a negative number")
    shift = 1 << 120
    root = Fraction(math.isqrt(value.numerator * shift * value.denominator), value.denominator)
    return root / (1 << 60)


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MOST_BITS or value.denominator.bit_length() > MOST_BITS:
        raise TooLarge("a value outside the bounds")
    return value
