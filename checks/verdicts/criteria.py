"""Scores that stand behind the name of what is judged: `Accuracy: 4`, `| Clarity | 3 |`,
`{"relevance": 4}`, as G-Eval's form asks for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from .marked import json_keys
from .places import Candidate, exemplary
from .values import SCORE, Value, read_start

__all__ = ["criterion", "named"]

_USUAL = (
    r"(?:(?:factual|overall|general)[ ])?(?:accuracy|correctness|factuality|truthfulness"
    r"|helpfulness|usefulness|relevance|relevancy|coherence|consistency|fluency|completeness"
    r"|clarity|depth|conciseness|informativeness|creativity|faithfulness|groundedness|grounding"
    r"|honesty|harmlessness|safety|quality|reasoning|style|engagement|naturalness|readability"
    r"|instruction[ _-]following|task[ _-]quality|evaluation|assessment)"
    r"|(?:整体|总体|整體)?(?:准确[性度]|準確[性度]|正确性|相关性|有用性|完整性|清晰[性度]|流畅[性度]"
    r"|连贯性|一致性|安全性|忠实[性度]|质量|评估)"
    r"|(?:正確[性さ]|関連性|完全性|網羅性|明瞭[性さ]|流暢[性さ]|一貫性|忠実[性さ]|品質|有益性)"
)
"""What judges are usually asked about, in English, Chinese and Japanese."""

_OUT_OF_ONLY = r"total|points|marks?"
"""Names that head sums as well, so that only what is out of something is a score."""

_BEFORE = r"^[ \t]{0,8}(?:[-*•]|\d{1,2}[.)])?[ |*_#`\"']{0,6}"
_BETWEEN = (
    r"[ ]?(?:scores?|ratings?|得分|评分|分数|スコア)?[*_`\"']{0,3}[ ]?"
    r"(?:[(\[](?:out of |/|0|1)[^)\]\n]{1,40}[)\]])?"
    r"[*_]{0,3}(?::|=|[ ]-(?=[ ])|[ ]?(?:→|[-=]>)|[ ]?\|)[ *_|\[(\"'`]{0,6}"
)
_ENDS = re.compile(
    r"[ *_`\"')\]|]{0,6}(?:$|\n|[.,;:(（。，、—–|]|-[ ]|[ ]-[ ]|です|(?:because|since)\b)"
)


def criterion(text: str) -> Iterator[Candidate]:
    """A line that names something that judges are usually asked about, and its score."""
    yield from _lines(text, _lined(_USUAL))
    for each in _lines(text, _lined(_OUT_OF_ONLY)):
        if each.value.out_of is not None:
            yield each
    yield from _values(text, re.compile(rf"(?:{_USUAL})(?:[ _-](?:score|rating))?", re.IGNORECASE))


def named(text: str, name: str) -> Candidate | None:
    """The score that stands behind one name, or None where there is none, or several differ.

    Args:
        name: as a rubric names its criterion: "plain_words" is also "Plain words".
    """
    if not name:
        return None
    words = re.escape(name).replace("_", "[ _-]").replace(r"\-", "[ _-]").replace(r"\ ", "[ _-]")
    found = [*_lines(text, _lined(words)), *_values(text, re.compile(words, re.IGNORECASE))]
    found += _nested(text, words)
    return found[-1] if len({each.value for each in found}) == 1 else None


@functools.lru_cache(maxsize=256)
def _lined(names: str) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?P<name>{names}){_BETWEEN}", re.IGNORECASE | re.MULTILINE)


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[Candidate]:
    for found in pattern.finditer(text):
        read = read_start(text, found.end())
        if read is None or read[0].kind != "score" or not _ENDS.match(text, read[2]):
            continue
        if not exemplary(text, found.start()):
            yield Candidate(read[0], found.start("name"), read[2])


def _values(text: str, names: re.Pattern[str]) -> Iterator[Candidate]:
    """Numbers behind keys of JSON."""
    for found in _KEY.finditer(text) if '":' in text or '" :' in text else ():
        if names.fullmatch(found["key"]) is not None:
            out = found["out"] or found["full"] or found["whole"]
            value = Value("score", (float(found["number"]),), out_of=float(out) if out else None)
            yield Candidate(value, *found.span("number"))


_KEY = re.compile(
    rf"(?<!\\)\"(?P<key>[^\"\\\n:]{{1,60}})\"[ ]?:\s{{0,4}}\"?{SCORE}\"?"
    rf"(?=\s{{0,8}}(?:[,}}\]\n]|$))"
)


_OBJECT = 3_000
"""Characters of an object that are looked at."""


def _nested(text: str, name: str) -> Iterator[Candidate]:
    """The score within the object that stands behind a key."""
    for found in re.finditer(rf'(?<!\\)"{name}"[ ]?:\s{{0,8}}\{{', text, re.IGNORECASE):
        within = text[found.end() : found.end() + _OBJECT].partition("}")[0]
        for each in json_keys(within):
            if each.value.kind == "score":
                start, end = each.start + found.end(), each.end + found.end()
                yield Candidate(each.value, start, end)
