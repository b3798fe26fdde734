"""Verdicts that are a line of their own, the first or the last one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .places import Candidate
from .values import SCORE, Value, read_stars, read_value

__all__ = ["first_line", "last_line"]

_ITEM = re.compile(r"[ \t*_]*(\d{1,3})[.)]?[ \t*_]*")
_BEGINS = re.compile(
    rf"[ *_]{{0,4}}{SCORE}[*_]{{0,3}}[ ]?(?:[-–—:]|,)[ ]{{1,2}}(?=\D)", re.IGNORECASE
)
"""A first line that begins with the score and goes on with the reasons: "4 - good but thin"."""

_LISTED = re.compile(r"\n[ *_]{0,4}\d{1,3}[*_]{0,3}[ ]?[-–—:.,)]")
"""Another line that begins so: then they are items of a list, or the points of a scale."""

_ANSWERS = re.compile(
    r"[ *_#]{0,5}(?:(?:final )?(?:answer|choice)|答案|答え|回答"
    r"|选择?)[*_]{0,3}"
    r"[ ]?:?[ *_]{0,4}(?=[(\[]?[AB])",
    re.IGNORECASE,
)


_TAGGED = re.compile(r"[ *_]{0,4}<answer>([^<>\n]{1,60})</answer>[ *_]{0,4}", re.IGNORECASE)
_SYMBOLS = re.compile(
    r"(?:(?![★☆⭐])[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]\ufe0f?[ ]?"
    r"|⭐\ufe0f?[ ](?=[*\d])){0,4}"
)
"""Signs that adorn a line: an arrow, a check mark, one star before a number."""


def first_line(text: str) -> Iterator[Candidate]:
    """A first line that is nothing but the verdict, or begins with a score and gives reasons."""
    begun = len(text) - len(text.lstrip())
    end = text.find("\n", begun)
    yield from _line(text, begun, len(text) if end < 0 else end)
    if (found := _BEGINS.match(text, begun)) and not _LISTED.search(text, found.end()):
        number = float(found["number"])
        out = found["out"] or found["full"] or found["whole"]
        value = Value("score", (number,), out_of=float(out) if out else None)
        yield Candidate(value, found.start("number"), found.end())


def last_line(text: str) -> Iterator[Candidate]:
    """A last line that is nothing but the verdict."""
    end = len(text.rstrip())
    yield from _line(text, text.rfind("\n", 0, end) + 1, end)


def _line(text: str, start: int, end: int) -> Iterator[Candidate]:
    if tagged := _TAGGED.fullmatch(text, start, end):
        start, end = tagged.span(1)
    if end - start > 80 or _numbers_an_item(text, start, end):
        return
    if adorned := _SYMBOLS.match(text, start, end):
        start = adorned.end()
    if answers := _ANSWERS.match(text, start, end):
        start = answers.end()
    value = read_value(text[start:end])
    if answers and value is not None and value.kind != "choice":
        return
    if value is not None:
        yield Candidate(value, start, end)
    elif (read := read_stars(text, start)) and not text[read[2] : end].strip(" *_."):
        yield Candidate(*read)


def _numbers_an_item(text: str, start: int, end: int) -> bool:
    """Whether a line that is a number numbers an item of a list, cut off before its text."""
    found = _ITEM.fullmatch(text, start, end)
    if found is None or not (text[:start].strip() or text[end:].strip()):
        return False
    if found.group().rstrip(" \t*_")[-1] in ".)":
        return True
    above = text[max(0, start - 3_000) : start]
    return (
        re.search(rf"^\s{{0,8}}[*_]{{0,2}}{int(found[1]) - 1}[.)]", above, re.MULTILINE) is not None
    )
