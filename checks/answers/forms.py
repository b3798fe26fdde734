"""The form of a final answer: a set, a tuple, an interval, an option, or words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ..arithmetic.quantities import Quantity, only_quantity

__all__ = ["Form", "Interval", "Ordered", "Unordered", "Word", "form_of"]


@dataclass(frozen=True, slots=True)
class Unordered:
    """A set, or a list whose order means nothing."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A tuple; of two parts it may also be an open interval."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the real numbers; infinite ends are "inf" and "-inf", and open."""

    ends: tuple[str, str]
    low_closed: bool
    high_closed: bool

    @staticmethod
    def unions_of(form: object) -> tuple[Interval, ...] | None:
        """The intervals that a form is the union of, in their order; None where it is none."""
        if isinstance(form, Interval):
            return (form,)
        if isinstance(form, Union):
            return form.intervals
        if isinstance(form, Ordered) and len(form.parts) == 2:
            return (Interval((form.parts[0], form.parts[1]), False, False),)
        return None


@dataclass(frozen=True, slots=True)
class Union:
    """Several intervals, in the order in which they were written."""

    intervals: tuple[Interval, ...]


@dataclass(frozen=True)
class Word:
    """Anything else.

    Attributes:
        text: the answer.
        option: the letter of a multiple-choice option, or "".
        rest: what follows the letter.
    """

    text: str
    option: str = ""
    rest: str = ""

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its words without case, articles and punctuation."""
        found = _WORD.findall(self.text.casefold().replace("’", "'"))
        return tuple(word for word in found if word not in _ARTICLES)

    @cached_property
    def truth(self) -> bool | None:
        """True for yes and true, False for no and false, None for anything else."""
        first = self.words[0] if self.words else ""
        if first in ("yes", "true"):
            return True
        return False if first in ("no", "false") else None

    @cached_property
    def quantity(self) -> Quantity | None:
        """The one quantity that it names."""
        return only_quantity(self.text)

    @property
    def names(self) -> bool:
        """True for a few words without signs or digits: a name, a day, a term."""
        return 0 < len(self.words) <= 4 and not _MATHEMATICAL.search(self.text)

    def contains(self, other: Word) -> bool:
        """Whether one of the two stands as a whole within the other, which adds little and
        denies nothing."""
        short, long = sorted((self.words, other.words), key=len)
        if not short or len(long) > 12 or len("".join(short)) < 3:
            return False
        if _DENIALS & (set(long) - set(short)) or any(word.endswith("n't") for word in long):
            return False
        size = len(short)
        return any(long[place : place + size] == short for place in range(len(long) - size + 1))


Form = Unordered | Ordered | Interval | Union | Word


def form_of(text: str) -> Form:
    """The form of an answer."""
    plain = _plain(text)
    if found := _union(plain) or _inequalities(plain) or _bracketed(plain):
        return found
    if parts := _listed(plain):
        return Unordered(parts)
    if option := _OPTION.match(text.strip()):
        letter = option[1] or option[2] or option[3]
        return Word(text, letter.upper(), text.strip()[option.end() :].strip(" .):"))
    return Word(text)


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[-+*/=^<>%]")
_ARTICLES = frozenset(("a", "an", "the"))
_DENIALS = frozenset((
    "not", "no", "never", "non", "neither", "nor", "without", "cannot", "un", "except",
    "unless", "than",
))  # fmt: skip
_MATHEMATICAL = re.compile(r"[0-9=^*/+\\√π∞<>≤≥]")
_OPTION = re.compile(
    r"(?:option |choice |answer )?(?:\(([A-Ja-j])\)|([A-J])(?:[.):]|$)|([a-j])\))(?:\s|$)?",
    re.IGNORECASE,
)
_SPACED = (
    ("\\left", ""), ("\\right", ""), ("\\{", "{"), ("\\}", "}"), ("\\lbrace", "{"),
    ("\\rbrace", "}"), ("\\infty", "inf"), ("∞", "inf"), ("infinity", "inf"), ("\\cup", "∪"),
    ("\\leq", "≤"), ("\\geq", "≥"), ("\\le", "≤"), ("\\ge", "≥"), ("<=", "≤"), (">=", "≥"),
    ("−", "-"), ("\\,", " "), ("\\;", " "), ("\\!", ""), ("\\ ", " "), ("\\in ", "∈ "),
    ("\\lt", "<"), ("\\gt", ">"), ("\\text{ or }", " or "), ("\\text{ and }", " and "),
    ("\\emptyset", "{}"), ("∅", "{}"), ("\\mathbb{R}", "(-inf,inf)"), ("ℝ", "(-inf,inf)"),
)  # fmt: skip
_NONE = frozenset(("no solution", "no solutions", "empty set", "the empty set", "none exist"))
_ALL = frozenset(("all real numbers", "all reals", "any real number"))
_BOUND = re.compile(r"^\s*(?P<low>[^<>≤≥=]{1,60}?)\s*(?P<first>[<≤>≥])\s*(?P<x>[a-zA-Z])\s*"
                    r"(?:(?P<second>[<≤>≥])\s*(?P<high>[^<>≤≥=]{1,60}))?$")  # fmt: skip
_HALF = re.compile(r"^\s*(?P<x>[a-zA-Z])\s*(?P<sign>[<≤>≥])\s*(?P<end>[^<>≤≥=]{1,60})$")
_OR = re.compile(r"\s+or\s+|\s*∪\s*|\s+U\s+|\s*\|\|\s*")
_AND = re.compile(r"\s+(?:and|or)\s+|,\s*(?:and|or)\s+|,\s+|;\s*")
_MEMBER_OF = re.compile(r"^[a-zA-Z]\s*∈\s*")
_EQUALS = re.compile(r"^\s*[a-zA-Z]\s*=\s*")


def _plain(text: str) -> str:
    for one, other in _SPACED:
        text = text.replace(one, other)
    text = _MEMBER_OF.sub("", text.strip())
    low = text.casefold()
    return "{}" if low in _NONE else "(-inf,inf)" if low in _ALL else text


def _union(text: str) -> Form | None:
    parts = _OR.split(text)
    if not 1 < len(parts) <= 8:
        return None
    found: list[Interval] = []
    for part in parts:
        each = _inequalities(part) or _bracketed(part)
        inner = Interval.unions_of(each)
        if inner is None:
            return None
        found += inner
    return Union(tuple(sorted(found, key=_first_end)))


def _first_end(interval: Interval) -> float:
    low = interval.ends[0]
    try:
        return float(low)
    except ValueError:
        return 0.0


def _inequalities(text: str) -> Form | None:
    """An inequality in one variable, as the interval that it means."""
    if half := _HALF.match(text):
        end, sign = half["end"].strip(), half["sign"]
        if sign in "<≤":
            return Interval(("-inf", end), False, sign == "≤")
        return Interval((end, "inf"), sign == "≥", False)
    bound = _BOUND.match(text)
    if bound is None:
        return None
    low, first = bound["low"].strip(), bound["first"]
    second, high = bound["second"], (bound["high"] or "").strip()
    if second is None:
        if first in "<≤":
            return Interval((low, "inf"), first == "≤", False)
        return Interval(("-inf", low), False, first == "≥")
    if (first in "<≤") != (second in "<≤"):
        return None
    if first in "<≤":
        return Interval((low, high), first == "≤", second == "≤")
    return Interval((high, low), second == "≥", first == "≥")


def _bracketed(text: str) -> Form | None:
    text = _EQUALS.sub("", text).strip()
    if len(text) < 2 or text[0] not in "([{" or text[-1] not in ")]}":
        return None
    parts = _split(text[1:-1])
    if parts is None:
        return None
    opening, closing = text[0], text[-1]
    if opening == "{" and closing == "}":
        return Unordered(parts)
    if len(parts) < 2 or "{" in (opening, closing) or "}" in (opening, closing):
        return None
    ends = tuple(_infinite(part) for part in parts)
    if len(ends) == 2 and (opening, closing) != ("(", ")"):
        low_closed = opening == "[" and ends[0] != "-inf"
        return Interval((ends[0], ends[1]), low_closed, closing == "]" and ends[1] != "inf")
    return Ordered(ends)


def _infinite(end: str) -> str:
    compact = end.replace(" ", "").lower()
    return {"+inf": "inf", "inf": "inf", "oo": "inf", "-inf": "-inf", "-oo": "-inf"}.get(
        compact, end.strip()
    )


def _split(inside: str) -> tuple[str, ...] | None:
    """Split at the commas outside of brackets; None where brackets do not match."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(inside):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return None
        if sign in ",;" and not depth:
            parts.append(inside[start:place].strip())
            start = place + 1
    if depth:
        return None
    last = inside[start:].strip()
    found = (*parts, last) if last or parts else ()
    return found if all(found) and len(found) <= 50 else None


def _listed(text: str) -> tuple[str, ...]:
    """The parts of "2 and 3", "x = 1 or x = 2", "1, 2, 3"."""
    if len(text) > 300:
        return ()
    parts = [_EQUALS.sub("", part).strip() for part in _AND.split(text)]
    if not 1 < len(parts) <= 20:
        return ()
    short = all(part and len(part.split()) <= 3 for part in parts)
    return tuple(parts) if short and any(_MATHEMATICAL.search(part) for part in parts) else ()
