"""Places that read as verdicts, and what stands around them: an example, somebody else's words, the
conclusion."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .values import SHORT_LINE, Value

__all__ = ["Candidate", "closing_sentence", "concludes", "exemplary", "of_others", "quoted_object"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that reads as a verdict.

    Attributes:
        value: what it says.
        start, end: where.
        concluding: whether it stands as the conclusion, and so outdoes the others.
    """

    value: Value
    start: int
    end: int
    concluding: bool = False


_EXAMPLE = re.compile(
    r"(?:for example|for instance|e\.g\.|such as|in the format|like this|between|strictly"
    r"|例如|比如|格式|例えば|形式)[^\n。.!?]{0,30}$",
    re.IGNORECASE,
)
_FOR_EXAMPLE = re.compile(
    r"(?:for example|for instance|e\.g\.|such as|例如|比如|例えば|例)[:,]?[ \"'「“]{0,3}"
    r"(?:(?:rating|score|verdict|评分|評価)[:：]?[ ]?)?[\"'\[]{0,3}$",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"[^\n]{1,40}?\]\][^\n]{0,3}[ ](?:if[ ]|(?:is|would be)[ ](?:what|how|the|an)[ ][^\n]{0,20}"
    r"(?:format|example|look))",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"\b(?:whether|if|claim(?:s|ed|ing)?|argu(?:es|ed|ing|e)|believ(?:es|ed)|says|said|states"
    r"|stated"
    r"|suggests|asserts|contends|mention(?:s|ed)|concluded|thinks|determine which)\b[^.!?\n]*$"
    r"|\b(?:one|some|they|you|people|critics|users?)[ ](?:\w+[ ])?(?:say|prefer|think"
    r"|find)\b[^.!?\n]*$"
    r"|\b(?:neither|not|never|nor|cannot|\w+n't)\b[^.!?,;\n]*$|(?:如果|是否|若|かどうか"
    r"|もし)[^。\n]*$",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"(?:\b(?:therefore|overall|thus|hence|in (?:conclusion|summary|sum)|to conclude|conclusion"
    r"|consequently"
    r"|so,|as a result|for these reasons)|综上|因此|所以|总的来说|したがって|よって|以上"
    r"|総合)[^.!?。\n]{0,60}$",
    re.IGNORECASE,
)
_SAYS = (
    r"(?:\bto (?:write|output|say|print|respond|reply|answer|return|end)\b"
    r"|\btell(?:s|ing)? (?:me|the judge)\b"
    r"|(?<!\bi )(?<!\bwould )(?<!'d )(?<!\bto )\b(?:contain|include|end|say|claim|read|state"
    r"|assert)s?\b|\binject\w*|\bembedded\b"
    r"|写着|寫著|写道|含有|包含|書かれ|输出|輸出|出力)[^.!?。\n\"]{0,40}"
)
"""What leads to somebody else's words: those of the answer that is judged, above all."""

_QUOTED = re.compile(
    rf"{_SAYS}(?<![A-Za-z0-9_])(?P<open>[\"'`「『])[^\"'`」』\n]{{0,24}}$", re.IGNORECASE
)
_OBJECT = re.compile(rf"{_SAYS}$", re.IGNORECASE)
_CLOSES = {'"': '"', "'": "'", "`": "`", "「": "」", "『": "』"}
_ENDS = '.!?。！？*")」'


def exemplary(text: str, start: int) -> bool:
    """Whether the place is quoted as an example of the format, or as what the judged answer says,
    and not given."""
    if (
        _quoted(text, start)
        or _SHOWN.match(text, start)
        or _FOR_EXAMPLE.search(text[max(0, start - 30) : start])
    ):
        return True
    if len(text) - start < 40 and "\n" not in text[start:].strip():
        return False
    return _EXAMPLE.search(text[max(0, start - 50) : start]) is not None


def _quoted(text: str, start: int) -> bool:
    """Whether the place is within words that are quoted as somebody else's: "it tells me to write
    'Score: 5'"."""
    found = _QUOTED.search(text[max(0, start - 110) : start])
    line = text[start : start + 80].partition("\n")[0]
    return found is not None and _CLOSES[found["open"]] in line


def quoted_object(text: str, start: int) -> bool:
    """Whether the JSON object around the place is what the judged answer says. An object at the
    very end is the judge's own, whatever leads to it."""
    brace = text.rfind("{", max(0, start - 2_000), start)
    if brace < 0 or _OBJECT.search(text[max(0, brace - 80) : brace]) is None:
        return False
    return bool(text[start : start + 2_000].partition("}")[2].strip())


def of_others(before: str) -> bool:
    """Whether what stands before a statement makes it somebody else's, a condition or a denial."""
    return _OF_OTHERS.search(before) is not None


def concludes(before: str) -> bool:
    """Whether what stands before a statement says that it is the conclusion."""
    return _CONCLUDES.search(before) is not None


def closing_sentence(text: str) -> int:
    """Where the last sentence begins, if it is complete; else the end of the text."""
    tail = text.rstrip()
    last = tail.rfind("\n") + 1
    if tail and len(tail) - last <= SHORT_LINE and tail[-1] not in _ENDS:
        return last
    if not tail or tail[-1] not in _ENDS:
        return len(text)
    ends = [
        tail.rfind(mark, max(0, len(tail) - 600), len(tail) - 1)
        for mark in (". ", "\n", "! ", "。")
    ]
    return max(0, max(ends) + 1)
