"""What a verdict can be written as: "7", "4/5", "8分", "A", "Assistant B", "A>>B", "tie".

Everything is matched on text whose full-width characters were replaced one by one (`plain`), so
that places keep their meaning. Patterns are bounded, so that the time is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .verdict import Choice, Kind

__all__ = [
    "DECORATION",
    "NUMBER",
    "REFERENCE",
    "SCORE",
    "SHORT_LINE",
    "SIDE",
    "Value",
    "plain",
    "read_reference",
    "read_stars",
    "read_start",
    "read_value",
]


@dataclass(frozen=True, slots=True)
class Value:
    """What was said, whatever the form: a number, two numbers, or a choice."""

    kind: Kind
    values: tuple[float, ...] = ()
    choice: Choice | None = None
    out_of: float | None = None


SHORT_LINE = 50
"""Characters up to which a last line without a full stop is whole; a longer one was cut off."""

_WIDE = str.maketrans(
    "０１２３４５６７８９：／（）［］．，；＝＞＜％Ａ\uff22Ｃ\u00a0\u3000“”„‘’＂＊",
    '0123456789:/()[].,;=><%ABC  """\'\'"*',
)

NUMBER = r"(?<![\d.,])[-+]?\d{1,4}(?:\.\d{1,4})?(?!\d|[.,]\d)"
"""A number in digits; "8,5" and "1.2.3" are none, since one cannot tell what they are."""

_OUT_OF = (
    r"[*_]{0,3}[ ]?(?:points?|stars?|分|点)?[ ]?(?:/|out of|of)[ ]?"
    r"(?P<out>\d{1,4}(?:\.0)?)(?!\d|[.,]\d)"
)
_UNIT = r"(?:[ ]?(?:points?\b|stars?\b|分|点|%))?"
_FULL = (
    r"(?:[ ]?[(,、]?[ ]?(?:满分|滿分|満分|/)[ ]?(?:为|は|:)?[ ]?(?P<full>\d{1,4})[ ]?(?:分"
    r"|点)?[ ]?[)]?)?"
)
_NO_RANGE = r"(?![ ]{0,2}(?:->|→|=>|[-–—~〜～/^*+×=]|to|or|至|到|から|and|&|vs\.?)[ ]{0,2}\d)"

SCORE = (
    r"(?:(?P<whole>\d{1,4})[ ]?(?:点|分|段階)(?:(?:満点)?(?:中|のうち)"
    r"|(?:満点|評価)で)[、,]?[ ]?)?"
    rf"(?P<number>{NUMBER})(?:{_OUT_OF})?+{_UNIT}+{_FULL}+{_NO_RANGE}"
)
"""One score, with what it is out of."""

_NAMES = (
    r"(?i:(?:ai[ ])?(?:assistant|output|response|answer|model|option|candidate|system|completion"
    r"|summary|reply|chatbot|choice|translation|solution))"
)
_NAMES_CJK = (
    r"(?:回答|答案|助手|回复|回覆|响应|模型|选项|输出|候选|アシスタント|モデル|応答"
    r"|出力|返答|選択肢)"
)
_LETTER = (
    r"(?:[(\[]{0,2}(?P<l1>[AB12])[)\]]{0,2}|[(\[](?P<l2>[ab])[)\]]|(?<=[_-])(?P<l5>[ab]))"
    r"(?![\w>=<]|'(?!s\b))"
)

REFERENCE = (
    rf"(?:(?i:the[ ])?{_NAMES}(?:[ _-]|[ ]?\#)?{_LETTER}"
    rf"|{_NAMES_CJK}[ ]?(?:[(\[]?(?P<l3>[AB12一二])[)\]]?)"
    rf"|(?i:the[ ])(?i:(?P<l4>first|second)[ ](?:assistant|output|response|answer|model|option)))"
)
"""One of two answers, named: "Output (a)", "model_b", "回答A", "the second response"."""

SIDE = rf"(?:{REFERENCE}|(?<![A-Za-z\d_'(\[])(?P<l6>[AB])(?![A-Za-z\d_)\]>=<]|'(?!s\b)))"
"""The same, or a capital letter alone, for where no article can stand: "A is better"."""

_NAMED = tuple(f"{part}l{number}" for part in ("", "x", "y", "z") for number in range(1, 7))
"""The groups of a pattern; one with several references has a letter before their names."""

_TIES = (
    "tie|tied|a tie|draw|a draw|equal|equally good|both|both good|neither|none|no winner|same"
    "|平局|平手|一样好|不相上下|引き分け|同点|同等|同じ"
)
DECORATION = r"[\s*_`\"'$\\]{0,8}"

_EDGES = " \t\r\n*_`\"'$\\"
_SCORE = re.compile(SCORE, re.IGNORECASE)
_TWO = re.compile(
    rf"[(\[]?[ ]?(?P<a>{NUMBER})(?:/\d{{1,3}})?[ ]{{0,2}}"
    r"(?:[,;|、/&]|[ ]|\band\b|\bvs\.?|:)[ ]{0,2}"
    rf"(?P<b>{NUMBER})(?:/\d{{1,3}})?[ ]?[)\]]?",
    re.IGNORECASE,
)
_REFERENCE = re.compile(REFERENCE)
_TIE = re.compile(_TIES, re.IGNORECASE)
_BARE = re.compile(r"[(\[<]?(?:([AB])|([ab]))[)\]>]?")
_COMPARED = re.compile(
    r"[(\[]?(?:(?i:assistant[ ]|response[ ]|model[ ])([12])|(?i:assistant[ ]|response[ ]"
    r"|model[ ])?([AB]))"
    r"[ ]?(>{1,3}|<{1,3}|={1,2}|≈)[ ]?(?i:assistant[ ]|response[ ]|model[ ])?([AB12])[)\]]?"
)
_STARS = re.compile(
    r"[ *_]{0,4}(?P<full>(?:[★⭐]\ufe0f?[ ]?){1,10})(?P<empty>(?:☆[ ]?){0,10})"
    r"(?=[*_]{0,3}(?:[\s.,;(]|$))"
)
_AFTER_CHOICE = re.compile(
    r"[\s*_`\"')\]]{0,4}(?:$|[.,;:!。、,;(\n—–-]"
    r"|(?i:is|was|has|wins|because|since|as|for|with|by|over)\b|が|は|更|の)"
)
_AFTER_SCORE = re.compile(
    r"[\s*_`\"')\]}>]{0,4}(?:$|[.,;:!。、,;(\[\n—–|<-]"
    r"|(?i:because|since|as|for|due|overall|based|given|points?|stars?|there|the|it|this|i)\b"
    r"|[^\x00-\x7f])"
    r"|[\s]{1,2}[A-Z]"
)


def plain(text: str) -> str:
    """The text with full-width digits, punctuation and letters as narrow ones; same length."""
    return text if text.isascii() else text.translate(_WIDE)


def read_value(written: str, *, tie_letter: str = "") -> Value | None:
    """The value that a short text is, whole; None where it is more than one, or none.

    Args:
        written: at most 80 characters, else it is none.
        tie_letter: the letter that means a tie, such as "C" in MT-Bench.
    """
    if len(written) > 80:
        return None
    core = written.strip(_EDGES).rstrip(".。!").removesuffix("です").strip(_EDGES)
    if not core:
        return None
    if found := _SCORE.fullmatch(core):
        return _as_score(found)
    if found := _TWO.fullmatch(core):
        return Value("scores", (float(found["a"]), float(found["b"])))
    if found := _BARE.fullmatch(core):
        return Value("choice", choice="A" if (found[1] or found[2]).upper() == "A" else "B")
    if tie_letter and core.strip("()[]") == tie_letter:
        return Value("choice", choice="tie")
    if found := _COMPARED.fullmatch(core):
        return _as_comparison(found)
    if found := _REFERENCE.fullmatch(core):
        return Value("choice", choice=read_reference(found))
    if _TIE.fullmatch(core):
        return Value("choice", choice="tie")
    return None


def read_start(text: str, at: int) -> tuple[Value, int, int] | None:
    """The value that begins at a place and ends before punctuation, with its start and end."""
    found: re.Match[str] | None
    if (found := _SCORE.match(text, at)) and _AFTER_SCORE.match(text, found.end()):
        return _as_score(found), found.start(), found.end()
    if found := _COMPARED.match(text, at):
        return _as_comparison(found), found.start(), found.end()
    found = _REFERENCE.match(text, at)
    if found and _AFTER_CHOICE.match(text, found.end()):
        return Value("choice", choice=read_reference(found)), found.start(), found.end()
    found = _BARE.match(text, at)
    if found and found[1] and _AFTER_CHOICE.match(text, found.end()):
        return Value("choice", choice="A" if found[1] == "A" else "B"), found.start(), found.end()
    if (found := _TIE.match(text, at)) and _AFTER_CHOICE.match(text, found.end()):
        return Value("choice", choice="tie"), found.start(), found.end()
    return None


def read_stars(text: str, at: int) -> tuple[Value, int, int] | None:
    """The stars that stand at a place: "★★★★☆" is 4 out of 5, "⭐⭐⭐" is 3."""
    found = _STARS.match(text, at)
    if found is None:
        return None
    full = sum(found["full"].count(star) for star in "★⭐")
    out_of = full + found["empty"].count("☆") if found["empty"] else None
    return Value("score", (float(full),), out_of=out_of), found.start("full"), found.end()


def read_reference(found: re.Match[str]) -> Choice:
    """Which of the two a match of REFERENCE or SIDE names; the first where it holds several."""
    groups = found.groupdict()
    named = next(groups[name] for name in _NAMED if groups.get(name))
    return "A" if named.lower() in {"a", "1", "一", "first"} else "B"


def _as_score(found: re.Match[str]) -> Value:
    out = found["out"] or found["full"] or found["whole"]
    if out is None and found.group().rstrip().endswith("%"):
        out = "100"
    return Value("score", (float(found["number"]),), out_of=float(out) if out else None)


def _as_comparison(found: re.Match[str]) -> Value:
    one, sign, other = found[1] or found[2], found[3], found[4]
    if sign[0] in "=≈":
        return Value("choice", choice="tie")
    better = one if sign[0] == ">" else other
    return Value("choice", choice="A" if better in "A1" else "B")
