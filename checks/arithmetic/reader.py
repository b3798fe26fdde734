"""Reads the expressions in a row of tokens: a grammar for arithmetic inside of sentences.

Numbers with their units and remarks in parentheses; + - * / ^ with the usual precedence, signs,
mixed numbers, LaTeX fractions, roots, "of" behind a share. At most 40 levels of parentheses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .expressions import Expression, Node
from .tokens import Literal, Token

__all__ = ["read_runs"]

DEEPEST = 40


def read_runs(tokens: Sequence[Token], first: int, end: int) -> list[Expression]:
    """The expressions in a range of tokens, in their order."""
    return _Reader(tokens, first, end).runs()


class _Bad(Exception):
    """Here is no operand that can be read."""


@dataclass(slots=True)
class _Notes:
    """What was seen on the way through one expression."""

    literals: list[Literal] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    operators: int = 0
    doubtful: bool = False
    bad: bool = False


class _Reader:
    """Recursive descent over a range of tokens; each token is looked at a bounded number of
    times."""

    def __init__(self, tokens: Sequence[Token], first: int, end: int) -> None:
        self.tokens = tokens
        self.first = first
        self.place = first
        self.end = end
        self.notes = _Notes()

    def runs(self) -> list[Expression]:
        found: list[Expression] = []
        unknown = False  # an operator stands in front, and its other operand cannot be read
        while self.place < self.end:
            token = self.tokens[self.place]
            start, self.notes = self.place, _Notes()
            if not self._opens(token):
                unknown |= token.kind in ("operator", "opaque", "power")
                unknown &= not token.ends
                self.place += 1
                continue
            tree: Node | None
            try:
                tree = self._sum(0)
            except _Bad:
                tree = None
                self.place = max(self.place, start + 1)
            notes = self.notes
            if unknown or notes.bad or self._glued(start):
                tree = None
            unknown = False
            found.append(
                Expression(
                    start, self.place, tree, notes.literals, notes.operators, notes.words,
                    notes.doubtful or self._labelled(start),
                )
            )  # fmt: skip
        return found

    def _opens(self, token: Token) -> bool:
        if token.kind in ("number", "root", "fraction", "vulgar") or token.text in ("(", "[", "{"):
            return True
        if token.kind != "operator" or token.text not in "+-":
            return False
        # A sign in front of a number, with nothing before it.
        before = self._before(self.place)
        return before is None or (before.kind in ("relation", "break") and before.text not in ")]}")

    def _before(self, place: int) -> Token | None:
        return self.tokens[place - 1] if place > 0 else None

    def _glued(self, start: int) -> bool:
        """True where a word or another number stands right in front, as in "f(3)" or "10 000"."""
        before = self._before(start)
        if before is None:
            return False
        if before.kind in ("number", "opaque", "shut"):
            return True
        close = before.end == self.tokens[start].start
        return before.kind == "word" and close and before.text != "-"

    def _labelled(self, start: int) -> bool:
        """True for a dash at the beginning of a line, which may be a bullet."""
        token = self.tokens[start]
        following = self.tokens[start + 1] if start + 1 < self.end else token
        return token.kind == "operator" and following.start > token.end

    # The grammar -----------------------------------------------------------------------------

    def _sum(self, depth: int) -> Node:
        parts: list[tuple[str, Node]] = [("+", self._product(depth))]
        while (sign := self._operator("+-")) is not None:
            mark = self.place
            dash = self.tokens[mark]
            self.place += 1
            if not self._operand_follows():
                # "48 - that is": a dash behind a lone number; behind more, an unknown operand.
                self.place = mark
                self.notes.doubtful = True
                if len(parts) > 1 or sign == "+" or parts[0][1][0] != "number":
                    self.notes.bad = True
                self.place = mark
                break
            self.notes.operators += 1
            parts.append((sign, self._product(depth)))
            if sign == "-" and self._may_be_range(dash, parts):
                self.notes.doubtful = True
        return parts[0][1] if len(parts) == 1 else ("sum", parts)

    def _may_be_range(self, dash: Token, parts: list[tuple[str, Node]]) -> bool:
        """True for "3-4 hours" without spaces, the smaller number first."""
        left, right = parts[-2][1][1], parts[-1][1][1]
        return (
            dash.tight
            and isinstance(left, Literal)
            and isinstance(right, Literal)
            and left.value < right.value
        )

    def _product(self, depth: int) -> Node:
        parts: list[tuple[str, Node]] = [("*", self._signed(depth))]
        while True:
            sign = self._operator("*/%")
            mark = self.place
            if sign is not None:
                self.place += 1
                if not self._operand_follows():
                    self.place = mark
                    self.notes.bad = True
                    break
            elif self._group_follows_close():
                sign = "*"
            else:
                break
            self.notes.operators += 1
            spaced = sign == "/" and not self.tokens[mark].tight
            parts.append((sign, self._fraction() if spaced else self._signed(depth)))
        return parts[0][1] if len(parts) == 1 else ("product", parts)

    def _fraction(self) -> Node:
        """The divisor behind a slash with spaces: in "3 / 1/2" that is one half."""
        following = self.tokens[self.place : min(self.place + 3, self.end)]
        if len(following) == 3 and following[1].text == "/" and following[1].tight:
            above, below = following[0].value, following[2].value
            if above is not None and below is not None and not (above.decimals or below.decimals):
                self.notes.operators += 1
                over = self._atom(0)
                self.place += 1
                return ("product", [("*", over), ("/", self._atom(0))])
        return self._signed(0)

    def _group_follows_close(self) -> bool:
        """True for "2(3 + 4)" and "(2)(3)", without a space between."""
        if not 0 < self.place < self.end or self.tokens[self.place].text not in ("(", "["):
            return False
        before = self.tokens[self.place - 1]
        joined = before.end == self.tokens[self.place].start
        return joined and (before.kind == "number" or before.text in (")", "]"))

    def _operator(self, which: str) -> str | None:
        if self.place >= self.end:
            return None
        token = self.tokens[self.place]
        return token.text if token.kind == "operator" and token.text in which else None

    def _operand_follows(self) -> bool:
        place = self.place
        while place < self.end and self.tokens[place].kind == "operator":
            if self.tokens[place].text not in "+-":
                return False
            place += 1
        if place >= self.end:
            return False
        token = self.tokens[place]
        return token.kind in ("number", "root", "fraction", "vulgar") or token.text in ("(", "[")

    def _signed(self, depth: int) -> Node:
        negative = False
        while (sign := self._operator("+-")) is not None:
            negative ^= sign == "-"
            self.place += 1
        node = self._power(depth)
        return ("sum", [("-", node)]) if negative else node

    def _power(self, depth: int) -> Node:
        base = self._atom(depth)
        if self.place < self.end and self.tokens[self.place].kind == "power":
            token = self.tokens[self.place]
            self.place += 1
            self.notes.operators += 1
            if token.value is not None:  # a superscript
                exponent: Node = ("number", token.value)
            else:
                negative = self._operator("-") is not None
                self.place += negative
                exponent = self._atom(depth + 1)
                exponent = ("sum", [("-", exponent)]) if negative else exponent
            base = ("power", [("", base), ("", exponent)])
            self._units()
        return base

    def _atom(self, depth: int) -> Node:
        if self.place >= self.end or depth > DEEPEST:
            raise _Bad
        token = self.tokens[self.place]
        if token.kind in ("number", "vulgar"):
            return self._number(token)
        if token.kind == "root":
            self.place += 1
            self.notes.operators += 1
            return ("root", [("", self._atom(depth + 1))])
        if token.kind == "fraction":
            self.place += 1
            self.notes.operators += 1
            above = self._group(depth)
            below = self._group(depth)
            self._units()
            return ("product", [("*", above), ("/", below)])
        if token.text in ("(", "[", "{"):
            node = self._group(depth)
            self._units()
            return node
        raise _Bad

    def _group(self, depth: int) -> Node:
        token = self.tokens[self.place] if self.place < self.end else None
        if token is None or token.kind != "open" or token.partner is None:
            raise _Bad
        if token.partner >= self.end or depth > DEEPEST:
            raise _Bad
        self.place += 1
        try:
            node = self._sum(depth + 1)
        finally:
            inside = self.place
            self.place = token.partner + 1
        if inside != token.partner:
            raise _Bad  # something in it is no arithmetic
        return node

    def _number(self, token: Token) -> Node:
        self.place += 1
        literal = token.value
        assert literal is not None
        if self.place < self.end and self.tokens[self.place].kind in ("vulgar", "number"):
            return self._mixed(literal)
        self.notes.bad |= token.odd
        return self._counted(self._scaled(literal), ("$",) if token.money else ())

    def _mixed(self, whole: Literal) -> Node:
        """ "2½", "2 1/2"; two numbers side by side are anything else, and cannot be read."""
        token = self.tokens[self.place]
        part = token.value
        assert part is not None
        if token.kind == "vulgar" and not whole.decimals:
            self.place += 1
            value = whole.value + part.value
        elif self._written_fraction(whole, part):
            below = self.tokens[self.place + 2].value
            assert below is not None
            self.place += 3
            value = whole.value + part.value / below.value
        else:
            self.notes.bad = True
            return ("number", whole)
        literal = Literal(value, None, Fraction(0), 0, False, f"{whole.text} {part.text}")
        return self._counted(self._scaled(literal))

    def _counted(self, literal: Literal, sign: tuple[str, ...] = ()) -> Node:
        """The number with the words behind it that say what it counts."""
        notes = self.notes
        before = len(notes.words)
        self._units()
        literal = replace(literal, unit=(*sign, *notes.words[before:]))
        notes.literals.append(literal)
        return ("number", literal)

    def _written_fraction(self, whole: Literal, part: Literal) -> bool:
        following = self.tokens[self.place + 1 : min(self.place + 3, self.end)]
        if len(following) < 2 or following[0].text != "/" or following[0].kind != "operator":
            return False
        below = following[1].value
        return (
            following[1].kind == "number"
            and below is not None
            and part.value < below.value
            and following[0].start == self.tokens[self.place].end
            and not (whole.decimals or part.decimals or below.decimals)
        )

    def _scaled(self, literal: Literal) -> Literal:
        """With the word behind it that multiplies it, or the per cent sign."""
        from_scale = 1
        percent = False
        if self.place < self.end:
            token = self.tokens[self.place]
            if token.kind == "percent":
                percent = True
                self.place += 1
            elif token.scale:
                from_scale = token.scale
                self.place += 1
        if not percent and from_scale == 1:
            return literal
        other = None if literal.other is None else literal.other * from_scale
        return replace(
            literal,
            value=literal.value * from_scale,
            other=other,
            ulp=literal.ulp * from_scale,
            percent=percent,
            scale=from_scale,
        )

    def _units(self) -> None:
        """Step over the words that say what a number counts, and over remarks in parentheses."""
        notes = self.notes
        while self.place < self.end:
            token = self.tokens[self.place]
            if token.kind == "word":
                if token.ends:
                    return
                if token.variable:
                    notes.bad = True
                notes.doubtful |= token.letter
                notes.words.append(token.text)
                self.place += 1
            elif token.kind == "percent":
                notes.doubtful = True
                self.place += 1
            elif token.kind == "power" and self.tokens[self.place - 1].kind == "word":
                exponent = token.value.text if token.value is not None else ""
                self.place += 1
                if not exponent and self.place < self.end:
                    exponent = self.tokens[self.place].text
                    self.place += 1
                notes.words += ["^", exponent]
            elif token.text == "/" and self._is_word(self.place + 1):
                notes.words.append("/")
                self.place += 1
            elif token.kind == "open" and token.remark and token.partner is not None:
                if token.partner >= self.end:
                    return
                notes.doubtful |= token.digits
                self.place = token.partner + 1
            else:
                return

    def _is_word(self, place: int) -> bool:
        if place >= self.end or self.tokens[place].kind != "word":
            return False
        return not self.tokens[place].ends
