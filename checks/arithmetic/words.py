"""A number and a token of arithmetic, and what the words among the tokens are: operators,
relations, scales, shares, units, or words that end what a number counts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .units import SCALES, unit_word

__all__ = ["Literal", "Token", "resolve_words"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number as it is written.

    Attributes:
        value: its value, a scale word ("million") included and a per cent sign not.
        other: its value where comma and full stop have each other's meaning, or None.
        ulp: one unit of its last written place.
        decimals: how many places it shows after the point.
        percent: True where a per cent sign follows.
        text: what stands there.
        scale: what a word or letter behind it multiplied it by.
        unit: the words behind it that say what it counts, behind "$" for money.
    """

    value: Fraction
    other: Fraction | None
    ulp: Fraction
    decimals: int
    percent: bool
    text: str
    scale: int = 1
    unit: tuple[str, ...] = ()


@dataclass(slots=True)
class Token:
    """One token.

    Attributes:
        kind: number, operator, power, root, fraction, percent, relation, open, shut, word,
            opaque (an operand that cannot be read), cut (an ellipsis), or break.
        text: its one form: an operator is one of + - * / %, a relation "=", "≈" or "is".
        start, end: where it stands.
        value: the number; for a power, that of its superscript.
        odd: True for a number that is no quantity (007, 2nd, 5 pm).
        scale: what a word multiplies the number before it by, or 0.
        money: True for a number behind a currency sign.
        ends: True for a word that ends what a number counts ("and", "so", "is").
        variable: True for a word that stands for a number.
        letter: True for a single letter that may be a unit or a variable.
        tight: True for an operator without spaces around it.
        partner: the place of the other bracket.
        remark: True for brackets that hold no expression.
        digits: True for brackets that hold a number.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Literal | None = None
    odd: bool = False
    scale: int = 0
    money: bool = False
    ends: bool = False
    variable: bool = False
    letter: bool = False
    tight: bool = False
    partner: int | None = None
    remark: bool = False
    digits: bool = False


_ENDING = frozenset((
    "and", "or", "so", "but", "then", "because", "since", "if", "when", "while", "which",
    "that", "who", "where", "as", "we", "she", "he", "they", "it", "i", "you", "there", "was",
    "were", "are", "is", "has", "have", "had", "thus", "hence", "therefore", "means",
    "equals", "equal", "gives", "makes", "leaves", "yields", "totals",
))  # fmt: skip
_WEAK = frozenset(["is", "gives", "makes", "leaves", "yields", "totals"])
_STRONG = frozenset(["equals", "equal"])
_FILLERS = frozenset((
    "to", "a", "an", "total", "of", "only", "exactly", "just", "also", "simply", "us", "you",
    "then", "now",
))  # fmt: skip
_ABOUT = frozenset(
    ["approximately", "about", "roughly", "around", "nearly", "almost", "approx", "circa"]
)
_WORD_OPERATORS = {"times": "*", "plus": "+", "minus": "-", "mod": "%", "modulo": "%"}
_BY = {"multiplied": "*", "divided": "/"}
_ORDINALS = frozenset(("st", "nd", "rd", "th"))
_HOURS = frozenset(("am", "pm", "a.m", "p.m", "o'clock"))
_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
]  # fmt: skip
_NUMBER_WORDS = {word: number for number, word in enumerate(_SMALL)} | {
    word: 10 * ten
    for ten, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
}
_SHARES = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8}
_SHARES |= {"tenth": 10}


def resolve_words(tokens: list[Token]) -> list[Token]:
    """Words that are operators, relations, scales or shares, and what the others are."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        before = kept[-1] if kept else None
        place += 1
        if token.kind == "word" and not token.variable:
            low = token.text.lower()
            if low in ("percent", "per") and before is not None and before.kind == "number":
                cent = following is not None and following.text.lower() == "cent"
                if low == "percent" or cent:
                    token.kind, token.text = "percent", "%"
                    place += cent
            elif low in _BY and following is not None and following.text.lower() == "by":
                after = tokens[place + 1] if place + 1 < len(tokens) else None
                if _is_operand(before) and _is_operand(after):
                    token.kind, token.text = "operator", _BY[low]
                    place += 1
            else:
                _resolve(token, low, before, following, kept)
        elif (token.kind == "break" and token.text == "." and _abbreviates(before, following)) or (
            token.kind == "relation" and before is not None and before.kind == "relation"
        ):
            continue
        kept.append(token)
        if token.kind == "relation":
            place = _past_fillers(tokens, place, token)
    return kept


def _resolve(
    token: Token,
    low: str,
    before: Token | None,
    following: Token | None,
    kept: list[Token],
) -> None:
    """What kind of word it is; changes the token."""
    if _is_operator(token, low, before, following, kept):
        return
    if low == "sqrt":
        token.kind = "root"
    elif low in _STRONG:
        token.kind, token.text = "relation", "="
    elif low in _WEAK:
        token.kind, token.text, token.ends = "relation", "is", True
    elif before is not None and before.kind == "number":
        _resolve_unit(token, low, before)
    elif low in _ENDING:
        token.ends = True
    elif len(low) == 1 and low not in "a¢-":
        token.letter = unit_word(token.text) is not None
        token.variable = not token.letter


def _is_operator(
    token: Token,
    low: str,
    before: Token | None,
    following: Token | None,
    kept: list[Token],
) -> bool:
    """Whether the word is an operator or one of its operands; changes the token if it is."""
    if before is None:
        return False
    if low in _WORD_OPERATORS and _is_operand(following):
        number = before.kind in ("number", "shut", "percent", "vulgar")
        if not number and before.text.lower() not in _NUMBER_WORDS:
            return False
        token.kind, token.text = "operator", _WORD_OPERATORS[low]
        _become_number(before)
        return True
    if low == "of" and following is not None and _is_share(kept):
        if following.kind not in ("number", "vulgar", "open"):
            return False
        token.kind, token.text = "operator", "*"
        _become_share(kept)
        return True
    if low in _NUMBER_WORDS and before.kind == "operator" and before.end - before.start > 1:
        _become_number(token)  # behind an operator in words
        return True
    return False


def _resolve_unit(token: Token, low: str, before: Token) -> None:
    """A word right behind a number: a scale, a unit, a variable, the hour of a day."""
    attached = before.end == token.start
    if low in _HOURS or (attached and low in _ORDINALS):
        before.odd = True
    elif attached and low == "k":
        token.scale = 1_000
    elif low in SCALES:
        token.scale = SCALES[low]
    elif low in _ENDING:
        token.ends = True
    elif len(low) == 1 and low not in "¢-" and (attached or low != "a"):
        token.letter = not attached and unit_word(token.text) is not None
        token.variable = not token.letter
    elif attached and len(low) == 2 and unit_word(token.text) is None:
        token.variable = True


def _is_operand(token: Token | None) -> bool:
    if token is None:
        return False
    kinds = ("number", "vulgar", "open", "root", "fraction", "shut", "percent")
    return token.kind in kinds or token.text.lower() in _NUMBER_WORDS


def _become_number(token: Token) -> None:
    number = _NUMBER_WORDS.get(token.text.lower())
    if token.kind == "word" and number is not None:
        token.kind, token.ends = "number", False
        token.value = Literal(Fraction(number), None, Fraction(1), 0, False, token.text)


def _is_share(kept: list[Token]) -> bool:
    """True behind "20%", "3/4", "½", "half", "a third", "two thirds"."""
    last = kept[-1]
    if last.kind in ("percent", "vulgar"):
        return True
    if last.kind == "number":
        return len(kept) > 2 and kept[-2].text == "/" and kept[-3].kind == "number"
    return last.kind == "word" and _share_of(last) > 0


def _share_of(token: Token) -> int:
    low = token.text.lower()
    return _SHARES.get(low) or _SHARES.get(low.removesuffix("s"), 0)


def _become_share(kept: list[Token]) -> None:
    last = kept[-1]
    if last.kind != "word":
        return
    below, above = _share_of(last), 1
    if len(kept) > 1 and (low := kept[-2].text.lower()) in _NUMBER_WORDS | {"a": 1, "an": 1}:
        above = _NUMBER_WORDS.get(low, 1)
        last.start = kept.pop(-2).start
    last.kind = "vulgar"
    last.value = Literal(Fraction(above, below), None, Fraction(0), 0, False, last.text)


def _abbreviates(before: Token | None, following: Token | None) -> bool:
    """True for the full stop of "5 ft. * 3 ft. = 15 sq. ft."."""
    if before is None or following is None or before.kind != "word":
        return False
    if following.kind in ("operator", "relation"):
        return True
    return before.text.lower() in ("sq", "cu") and following.kind == "word"


def _past_fillers(tokens: list[Token], place: int, relation: Token) -> int:
    """The place behind words such as "approximately" or "a total of" after a relation."""
    for _ in range(5):
        token = tokens[place] if place < len(tokens) else None
        if token is None or token.kind not in ("word", "relation"):
            return place
        low = token.text.lower()
        if low in _ABOUT or token.text == "≈":
            relation.text = "≈"
        elif low in _STRONG or token.kind == "relation":
            relation.text = "≈" if relation.text == "≈" else "="
        elif low not in _FILLERS:
            return place
        place += 1
    return place
