"""Where sentences end, without a model of a language.

It follows the rules of the Punkt splitter (Kiss and Strunk, "Unsupervised Multilingual Sentence
Boundary Detection", Computational Linguistics 32(4), 2006) with a fixed list of abbreviations in
place of learned ones, and ends sentences at the full stops of Chinese and Japanese too. As with
Punkt, the "1." before an item that begins with a capital letter counts as a sentence.
"""

from __future__ import annotations

import re

__all__ = ["split_sentences"]

_TITLES = "mr mrs ms dr prof st gen col lt capt sgt rev hon vs e.g i.e p.s p.p.s no fig vol cf ca"
_SHORTENED = (
    "inc ltd co corp jr sr etc u.s u.k u.n a.m p.m ph.d m.d b.a m.a d.c jan feb mar apr jun jul aug"
    " sep sept oct nov dec al ave blvd rd approx dept est min max"
)
_NEVER_LAST = frozenset(_TITLES.split())
_SOMETIMES_LAST = frozenset(_SHORTENED.split())
_END = re.compile(
    r"(?:(?P<sign>[.?!]+)(?P<close>[\"”’')\]*_»]*)(?=\s+(?P<next>\S)))"
    r"|[。！？]+[」』”’）]*(?=\s*\S)"
)
_LONGEST_WORD = 24


def split_sentences(text: str) -> list[str]:
    """The sentences of the text in order, without the white space between them."""
    sentences = []
    start = 0
    for end in _END.finditer(text):
        if end["sign"] is None or _ends(text, end):
            sentences.append(text[start : end.end()].strip())
            start = end.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _ends(text: str, end: re.Match[str]) -> bool:
    sign, close, following = end["sign"], end["close"], end["next"]
    lower = following.islower()
    if lower and ("”" in close or '"' in close):
        return False  # “Where are you?” he asked.
    if sign != ".":
        return not (lower and sign.startswith(".."))
    word = _word_before(text, end.start())
    if word in _NEVER_LAST or (word in _SOMETIMES_LAST and not following.isupper()):
        return False
    if len(word) == 1 and word.isalpha():
        return not following.isupper()  # the initial of a name
    return not (word.isdigit() and lower)


def _word_before(text: str, end: int) -> str:
    """The word that ends at this place, in lower case, without what opens before it."""
    words = text[max(0, end - _LONGEST_WORD) : end].split()
    if not words or text[end - 1].isspace():
        return ""
    return words[-1].rpartition("(")[2].lstrip("\"'*_“‘[").lower()
