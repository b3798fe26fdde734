"""Why is there no verdict in a reply: did the judge give none, or can we not read it?"""

from __future__ import annotations

import re

from ..refusals import find_refusal
from .marked import signs
from .values import SHORT_LINE
from .verdict import Problem, Verdict

__all__ = ["thinking_ends", "why_none"]

_ERROR = re.compile(
    r"\s*(?:\$ERROR\$|(?:api |internal |server )?(?:error|exception|timeout)\b.{0,200}"
    r"|\{\s*\"error\"\s*:.{0,400})\s*",
    re.IGNORECASE | re.DOTALL,
)
_DECLINED = re.compile(
    r"\b(?:can(?:no|')t|cannot|can not|unable to|not able to|not possible to|impossible to"
    r"|do(?:es)? not allow me to|won't|will not)[ ](?:\w+[ ]){0,4}?"
    r"(?:judge|rate|score|evaluat\w+|assess\w*|grade|compare|determine|choose|decide|verdict)\b"
    r"|无法(?:对|给|进行|做出)?[^。\n]{0,16}(?:评分|评价|评估|判断|打分)"
    r"|(?:評価|採点|判断)(?:する|を行う)?ことは?できま",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?。！？…)\]}>\"'`*_~|」』】）;:：]$")
_BEGUN = re.compile(r"(?:\[\[[^\[\]]{0,20}|:[*_ ]{0,3})$")
_OPENED = re.compile(r"\s*<(think(?:ing)?|thought)>")
_CLOSED = ("</think>", "</thinking>", "</thought>", "<|channel|>final<|message|>")
_NEARLY = re.compile(
    r"[ *_#>|-]{0,6}(?:\w[\w'-]*[ ]){0,5}\w[\w'-]*[*_]{0,3}[ ]?(?:[:=|→]|is\b|[-=]>)"
    r"[ *_]{0,4}\d[\d.,/ ]{0,8}[*_|. ]{0,6}"
)
"""A short line that names something, and a number behind it."""


def thinking_ends(text: str) -> int:
    """Where a reply goes on behind what the model thought before it; 0 where it thought nothing,
    and the end of the text where that was cut off."""
    closed = max(text.rfind(mark) + len(mark) if mark in text else 0 for mark in _CLOSED)
    return closed or (len(text) if _OPENED.match(text) else 0)


def why_none(text: str) -> Verdict:
    """The problem of a reply in which no verdict was found, with the place that shows it."""
    bare = text.strip()
    if not bare:
        return _none("empty", "the reply is empty")
    if len(bare) <= 500 and _ERROR.fullmatch(bare):
        return _none("error", "the service's message of an error stands for the reply")
    cut = _cut(bare)
    if sign := next(signs(text), None):
        if (cut or _BEGUN.search(bare[-30:])) and sign[1] >= len(text.rstrip()) - 2:
            return _none("cut_off", "the text ends where the verdict begins", sign)
        quoted = " ".join(text[sign[0] : sign[1]].split())[:60]
        return _none("unreadable", f"{quoted!r} looks like a verdict that cannot be read", sign)
    declined = _DECLINED.search(text)
    if declined or find_refusal(bare) is not None:
        place = declined.span() if declined else (-1, -1)
        return _none("refused", "the judge declines to judge", place)
    if cut:
        return _none("cut_off", f"the text ends in the middle: {bare[-40:]!r}")
    for line in (bare[bare.rfind("\n") + 1 :], bare.partition("\n")[0]):
        if len(line) <= SHORT_LINE and _NEARLY.fullmatch(line):
            place = (text.find(line), text.find(line) + len(line))
            return _none("unreadable", f"{line!r} may be a verdict, and does not say so", place)
    return _none("absent", "the reply says no verdict")


def _cut(text: str) -> bool:
    """Whether a text ends before it was complete."""
    if text.count("```") % 2 == 1 or (text.startswith("{") and not text.endswith("}")):
        return True
    last = text[text.rfind("\n") + 1 :]
    return len(last) > SHORT_LINE and _END.search(text[-1:]) is None


def _none(problem: Problem, reason: str, place: tuple[int, int] = (-1, -1)) -> Verdict:
    return Verdict(problem=problem, reason=reason, start=place[0], end=place[1])
