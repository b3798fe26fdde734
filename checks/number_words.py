"""Numbers in one form, whether they are written in figures or in English words: "2,500", "2500" and
"two thousand five hundred" are the same number, and so are "12.0" and "twelve", "50%" and "half".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

__all__ = ["NUMBER_WORDS", "in_figures", "numbers_in"]

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_UNITS = {word: number for number, word in enumerate(_SMALL)}
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_SHARES = {"half": "0.5", "quarter": "0.25"}
_OTHERS = frozenset({
    "third", "dozen", "once", "twice", "first", "second", "fourth", "fifth", "sixth", "seventh",
    "eighth", "ninth", "tenth",
})  # fmt: skip

NUMBER_WORDS = frozenset({*_UNITS, *_TENS, *_SCALES, *_SHARES, *_OTHERS})
"""English words that say how many, how much, or the how manieth."""

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+|%")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WHOLE = re.compile(r"(\d+)\.0+")


def in_figures(words: Sequence[str]) -> list[str]:
    """The words in lower case, with numbers that are spelt out as figures: "two", "hundred", "and",
    "five" becomes "205", while "one", "two" stays two numbers."""
    lower = [word.casefold() for word in words]
    made: list[str] = []
    spelt = _Spelt()
    for place, word in enumerate(lower):
        if word == "and" and spelt.last in _SCALES and spelt.takes(*lower[place + 1 : place + 2]):
            continue
        if not spelt.takes(word):
            made += spelt.end()
        if word in _SCALES and not spelt.last and made and made[-1].isdecimal():
            made[-1] = str(int(made[-1]) * _SCALES[word])  # 3 million
        elif word in _UNITS or word in _TENS or word in _SCALES:
            spelt.add(word)
        else:
            made.append(word)
    return made + spelt.end()


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in order, each in its one form: no commas between thousands, no
    decimals that are all zero, per cents as shares of one. Times and versions stay as they are, and
    so do words such as "twice" and "third"."""
    tokens = [_figures(one) if one[0].isdecimal() else one for one in _TOKEN.findall(text)]
    words = in_figures(tokens)
    found: list[str] = []
    for word, *after in zip(words, [*words[1:], ""], [*words[2:], "", ""], strict=False):
        if word in _SHARES or word in _OTHERS:
            found.append(_SHARES.get(word, word))
        elif word[0].isdecimal():
            is_share = after[0] in ("%", "percent") or after == ["per", "cent"]
            found.append(_share(word) if is_share else word)
    return found


class _Spelt:
    """A number that is being read word by word; `last` is its last word, "" before the first."""

    last = ""
    _thousands = 0
    _below = 0

    def takes(self, word: str = "") -> bool:
        """Whether the number that has begun can go on with this word."""
        if not self.last:
            return False
        if word in _SCALES:
            return self.last not in _SCALES or _SCALES[word] > _SCALES[self.last]
        if self.last in _SCALES:
            return word in _TENS or (word in _UNITS and word != "zero")
        return self.last in _TENS and 0 < _UNITS.get(word, 0) < 10

    def add(self, word: str) -> None:
        if word == "hundred":
            self._below = max(1, self._below) * 100
        elif word in _SCALES:
            self._thousands += max(1, self._below) * _SCALES[word]
            self._below = 0
        else:
            self._below += _UNITS.get(word, 0) or _TENS.get(word, 0)
        self.last = word

    def end(self) -> list[str]:
        """The number in figures, if one has begun; the next word begins another one."""
        made = [str(self._thousands + self._below)] if self.last else []
        self.last, self._thousands, self._below = "", 0, 0
        return made


def _figures(number: str) -> str:
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    elif number.count(",") == 1 and not {".", ":"} & set(number):
        number = number.replace(",", ".")
    whole = _WHOLE.fullmatch(number)
    return whole[1] if whole else number


def _share(number: str) -> str:
    try:
        return _figures(f"{(Decimal(number) / 100).normalize():f}")
    except InvalidOperation:  # a time or a version
        return number
