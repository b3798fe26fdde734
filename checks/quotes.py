"""Quotes: where the words that were quoted stand in the text, character for character.

A quote that is not in the text is repaired where it differs from it in nothing but white space
(with the marks in the margins of boxes, comments and quoted mail), the shape of quotation marks
and dashes, invisible characters and case, and where only one place of the text is meant. What
comes out is always what the text says; words are never guessed.
"""

from __future__ import annotations

import functools
import re
from array import array
from typing import NamedTuple

__all__ = ["Place", "find_quote", "find_quotes"]

_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_MARKS = "'‘’‚‛′´`\"“”„‟″«»"
_DASHES = "-‐‑‒–—―−"
_MARGIN = r"(?:[*#>|/]+(?=\s|\Z)[ \t]*)?"
_SPACE = rf"[{_INVISIBLE}]*\s[\s{_INVISIBLE}]*"
_PIECES = {
    margins: re.compile(
        rf"(?P<gap>(?:{gap})+)|(?P<mark>[{re.escape(_MARKS)}]+)|(?P<dash>[{re.escape(_DASHES)}]+)"
        rf"|(?P<invisible>[{_INVISIBLE}]+)|[^\s{re.escape(_MARKS + _DASHES)}{_INVISIBLE}]+"
    )
    for margins, gap in (
        (False, _SPACE),
        (True, rf"[ \t]*{_MARGIN}\n[ \t]*{_MARGIN}|{_SPACE}"),
    )
}
_STANDS_FOR = {"gap": " ", "mark": "'", "dash": "-", "invisible": ""}
_SHOWN = 60
_MOST_PLACES = 50


class Place(NamedTuple):
    """Where a quote stands: character offsets into the text, the end exclusive, and whether the
    quote had to be repaired."""

    start: int
    end: int
    repaired: bool = False


def find_quote(quote: str, text: str, within: str = "", *, any_place: bool = False) -> Place | str:
    """The place of a quote in a text, or what is wrong with the quote, in words for who gave it.

    Places at the borders of words count before those inside of words.

    Args:
        quote: the words that are said to stand in the text.
        text: the text.
        within: where the quote stands in several places, a longer quote around the one that is
            meant, or "".
        any_place: whether the first of several places will do, as for evidence.
    """
    wanted = quote.strip()
    if not wanted:
        return "a quote is empty; copy the words from the text"
    places, repaired = _places(wanted, text)
    if not places:
        return (
            f"the quote {_short(wanted)} is not in the text; copy the words exactly,"
            " character for character, without leaving any out"
        )
    if len(places) > 1 and within.strip() and not any_place:
        around = find_quote(within, text)
        if isinstance(around, Place):
            inside = [
                (start, end) for start, end in places if around.start <= start <= end <= around.end
            ]
            places = inside or places
    if len(places) > 1 and not any_place:
        number = f"{len(places)}{' or more' if len(places) == _MOST_PLACES else ''}"
        return (
            f"the quote {_short(wanted)} stands in {number} places of the text; quote more of the"
            " words around the place that is meant"
        )
    return Place(*places[0], repaired)


def find_quotes(quotes: list[tuple[str, str]], text: str) -> list[Place | str]:
    """The places of several quotes, each with its `within`, or what is wrong with them.

    The same quote that is given as often as it stands in the text means each of its places in
    turn.
    """
    found = [find_quote(quote, text, within) for quote, within in quotes]
    alike: dict[str, list[int]] = {}
    for number, ((quote, _), place) in enumerate(zip(quotes, found, strict=True)):
        if isinstance(place, str):
            alike.setdefault(quote.strip(), []).append(number)
    for quote, numbers in alike.items():
        places, repaired = _places(quote, text) if quote else ([], False)
        if len(places) == len(numbers) > 1:
            for number, (start, end) in zip(numbers, places, strict=True):
                found[number] = Place(start, end, repaired)
    return found


def _places(quote: str, text: str) -> tuple[list[tuple[int, int]], bool]:
    """Where a quote stands, and whether it had to be repaired for that."""
    exact = [(start, start + len(quote)) for start in _occurrences(quote, text)]
    whole = _whole_words(exact, text)
    if whole:
        return whole, False
    repaired: list[tuple[int, int]] = []
    for words in (quote, _unquoted(quote)):
        for margins in (False, True):
            wanted = _plain(f"\n{words}", margins)[0].strip()
            if not any(char.isalnum() for char in wanted):
                continue
            plain, starts, ends = _plain(text, margins)
            found = [(starts[at], ends[at + len(wanted) - 1]) for at in _occurrences(wanted, plain)]
            if whole := _whole_words(found, text):
                return whole, True
            repaired = repaired or found
    # Inside of words only, as where a script has no spaces.
    return (exact, False) if exact else (repaired, True)


def _occurrences(words: str, text: str) -> list[int]:
    found: list[int] = []
    start = text.find(words)
    while start >= 0 and len(found) < _MOST_PLACES:
        found.append(start)
        start = text.find(words, start + 1)
    return found


@functools.lru_cache(maxsize=64)
def _plain(text: str, margins: bool) -> tuple[str, array[int], array[int]]:
    """The text without what a quote may differ in, and for each character of it where in the text
    it starts and ends; `margins` says whether marks at the ends of lines are white space."""
    plain: list[str] = []
    starts, ends = array("q"), array("q")
    for piece in _PIECES[margins].finditer(text):
        start, end = piece.span()
        kind = piece.lastgroup
        if kind is not None:
            plain.append(_STANDS_FOR[kind])
            if _STANDS_FOR[kind]:
                starts.append(start)
                ends.append(end)
            continue
        word = piece.group()
        folded = word.casefold()
        plain.append(folded)
        if len(folded) == len(word):
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        else:
            for place, char in enumerate(word, start):
                starts.extend([place] * len(char.casefold()))
                ends.extend([place + 1] * len(char.casefold()))
    return "".join(plain), starts, ends


def _whole_words(places: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Those of the places that begin and end at the border of a word."""
    return [p for p in places if not (_inside_word(text, p[0]) or _inside_word(text, p[1]))]


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _unquoted(quote: str) -> str:
    """The quote without the quotation marks around it that models like to add."""
    return quote[1:-1].strip() if quote[0] in _MARKS and quote[-1] in _MARKS else ""


def _short(quote: str) -> str:
    flat = " ".join(quote.split())
    return repr(flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…")
