"""Verdicts that a mark sets apart: JSON keys, double brackets, tags, \\boxed, a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from .places import Candidate, exemplary, quoted_object
from .values import NUMBER, Value, read_stars, read_start, read_value

__all__ = [
    "boxed",
    "bracketed",
    "json_keys",
    "label",
    "signs",
    "tagged",
]

_LABELS = (
    r"(?:scores?|ratings?|grade|verdict|judge?ment|decision|winner|preference|preferred[ ]\w{1,12}"
    r"|better[ ](?:response|answer|output|assistant)|best[ ](?:response|answer|output|assistant)"
    r"|overall(?:[ ](?:quality|assessment|evaluation|impression))?|final[ ]choice|preferred"
    r"|my[ ](?:choice|pick|vote)|points[ ](?:awarded|given)"
    r"|评分结果|評分結果|採点結果|評価結果|评分|評分|得分|分数|打分|评级|总分|總分|评价"
    r"|结论|判定|判断|胜者|獲勝者|获胜者|优胜者"
    r"|評価|スコア|点数|採点|評点|総合評価|結論|勝者)"
)
_CONCLUSION = re.compile(
    r"final|overall|total|corrected|revised|therefore|conclusion|verdict|in sum|最终|最終"
    r"|综上|总|總|総|したがって"
    r"|よって|結論",
    re.IGNORECASE,
)
_SUM = re.compile(r"[ *_)]{0,3}(?:\([^()\n]{1,24}\))?[ ]?(?:[+×÷=]|<<)")
_UTMOST = re.compile(r"(?:possible|max(?:imum)?|highest|best|满分|最高)[ ]?$", re.IGNORECASE)
_OWN = re.compile(r"\b(?:my|final|overall)[ ]$", re.IGNORECASE)
_KEY = re.compile(
    r"(?<!\\)[\"']?(?<![\w-])(?P<key>[A-Za-z][A-Za-z _-]{0,30}[A-Za-z0-9]"
    r"|[AB])[\"'][ \t\n]{0,4}:\s{0,4}"
    r"(?:(?P<number>[-+]?\d{1,4}(?:\.\d{1,4})?)(?=\s{0,8}(?:[,}\]\n]|$))"
    r"|(?P<quote>[\"'])(?P<text>[^\"'\n\\]{1,60})(?P=quote)"
    r"|(?P<other>null|true|false|None|\[|\{|\"))"
)
_VERDICT_KEY = re.compile(
    r"(?:(?P<whole>overall|final|total|aggregate)[ _-]?)?"
    r"(?:score|rating|grade|points|verdict|winner|preference|preferred|choice|decision|judge?ment"
    r"|better|best|overall)(?:[ _-](?:score|rating|answer|response|output|assistant|model"
    r"|choice))?",
    re.IGNORECASE,
)
_OVERALL = re.compile(r"(?:overall|final|total)(?:[ _-]\w{1,12})?", re.IGNORECASE)
_PAIR_KEY = re.compile(
    r"(?:(?:assistant|model|response|answer|output|score|rating)[ _-]?){1,2}(?P<s1>[ab12])"
    r"(?:[ _-]?(?:score|rating))?|(?P<s2>[AB])|(?P<s3>[ab])_(?:score|rating)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(
    r"\[\[[ ]?(?:(?P<word>[^\[\]\n:]{1,24}):[ ]?)?(?P<inner>[^\[\]\n]{1,60}?)[ ]?\]\]"
    rf"(?:\"?[ ]?:[ ]?(?P<after>{NUMBER}))?"
)
_TAGS = re.compile(
    r"<(?P<tag>(?i:score|rating|verdict|winner|judge?ment|decision|choice|grade))>"
    r"(?P<inner>[^<>]{1,60})</(?P=tag)>"
    r"|\[(?i:result|score|verdict|rating)\][ ]?:?[ ]?(?P<rest>[^\n\[\]<>]{1,40})"
)
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?(?P<inner>[^{}\n]{1,60})\}")
_LABEL = re.compile(
    rf"(?P<label>(?<![A-Za-z]){_LABELS})(?:\]\]|[*_`\"'\])])*"
    r"(?:[ ]?[(\[](?:out of |/|0|1)[^)\]\n]{1,40}[)\]]|[ ]out of \d{1,3})?"
    r"(?:[ ](?:for|of|on)[ ](?:[\w']{1,14}[ ]){0,3}(?:response|answer|output|reply|one))?"
    r"[*_ ]{0,3}"
    r"(?P<mark>:|(?<=\w)[ ]?=(?!=)|[ ]-(?=[ ])|[ ]?(?:→|[-=]>)|[ ]?\||\n|is:?(?=[ ]))"
    r"(?P<gap>[ ]?[*_`\"'\s$\\⭐★☆\ufe0f]{0,24})[\[(<]{0,2}",
    re.IGNORECASE,
)
_MARK_LEFT = re.compile(r"\[\[[^\[\]\n]{0,20}$")


def json_keys(text: str) -> Iterator[Candidate]:
    """Values of keys such as "score", "verdict", "winner"; strict JSON or not, in a fence or not.

    Keys are looked for instead of parsing, since judges break strings and forget brackets. Keys
    that name the two answers ("score_a", "B") with a number each make two scores.
    """
    text = _without_quotes(text)
    sides: dict[str, list[tuple[float, int, int]]] = {"a": [], "b": []}
    overall = 0  # to where the object of an "overall" goes
    for found in _KEY.finditer(text) if _has_key(text) else ():
        key = found["key"]
        if found["other"] == "{" and found.start() >= overall and _OVERALL.fullmatch(key):
            close = text.find("}", found.end())
            overall = len(text) if close < 0 else close
        if known := _VERDICT_KEY.fullmatch(key):
            value = read_value(found["number"] or found["text"] or "", tie_letter="C")
            if value is not None and not quoted_object(text, found.start()):
                at = found.span("number" if found["number"] else "text")
                whole = known["whole"] is not None or key.lower() == "overall"
                whole = whole or found.start() < overall
                yield Candidate(value, *at, concluding=whole)
        elif side := _PAIR_KEY.fullmatch(key):
            value = read_value(found["number"] or found["text"] or "")
            if value is not None and value.kind == "score":
                name = (side["s1"] or side["s2"] or side["s3"]).lower()
                at = found.span("number" if found["number"] else "text")
                sides["a" if name in "a1" else "b"].append((value.values[0], *at))
    if len(sides["a"]) == len(sides["b"]) == 1:
        (a, start, first_end), (b, other_start, end) = sides["a"][0], sides["b"][0]
        pair = Value("scores", (a, b))
        yield Candidate(pair, min(start, other_start), max(first_end, end), concluding=True)


def bracketed(text: str) -> Iterator[Candidate]:
    """`[[7]]`, `[[A]]`, `[[A>>B]]`, `[[rating: 3]]`, `"[[rating]]": 10`, as asked in MT-Bench."""
    for found in _BRACKETS.finditer(text) if "[[" in text else ():
        inner = found["inner"]
        value = read_value(inner, tie_letter="C")
        if value is None and found["after"] and found["word"] is None:
            value = read_value(found["after"])
        if value is None or exemplary(text, found.start()):
            continue
        yield Candidate(value, *found.span(), concluding=_concluding(text, found.start()))


def tagged(text: str) -> Iterator[Candidate]:
    """`<score>7</score>`, and `[RESULT] 4` as Prometheus writes."""
    for found in _TAGS.finditer(text):
        value: Value | None
        if found["inner"] is not None:
            value, end = read_value(found["inner"]), found.end()
        else:
            read = read_start(text, found.start("rest"))
            value, end = (read[0], read[2]) if read else (None, -1)
        if value is not None and not exemplary(text, found.start()):
            yield Candidate(value, found.start(), end)


def boxed(text: str) -> Iterator[Candidate]:
    r"""`\boxed{7}`, as reasoning models write."""
    for found in _BOXED.finditer(text) if "\\boxed" in text else ():
        value = read_value(found["inner"])
        if value is not None:
            yield Candidate(value, *found.span())


def label(text: str) -> Iterator[Candidate]:
    """A label and a colon: `Score: 4/5`, `**Rating:** 8`, `评分：8分`, `Winner: Assistant B`."""
    for found in _LABEL.finditer(text):
        read = read_start(text, found.end()) or read_stars(text, found.start("gap"))
        if read is None or exemplary(text, found.start()):
            continue
        value, _, end = read
        if not _marked(text, found):
            continue
        if _SUM.match(text, end) or _UTMOST.search(
            text[max(0, found.start() - 24) : found.start()]
        ):
            continue
        if "\n" in found["mark"] + found["gap"] and text[end : end + 12].split("\n")[0].strip(
            " *_`\"')].。"
        ):
            continue
        concluding = _concluding(text, found.start(), found.end())
        yield Candidate(value, found.start(), end, concluding=concluding)


def signs(text: str) -> Iterator[tuple[int, int]]:
    """Places at which a verdict was meant to stand: a mark, and something behind it."""
    for found in _BRACKETS.finditer(text):
        word = found["word"] or ""
        if re.search(r"rat|scor|grade|评|評", word, re.IGNORECASE) or len(found["inner"]) <= 2:
            yield found.span()
    tail = max(0, len(text) - 30)
    if (left := _MARK_LEFT.search(text[tail:].rstrip())) is not None:
        yield tail + left.start(), len(text)
    for found in _TAGS.finditer(text):
        yield found.span()
    for found in _LABEL.finditer(text):
        if found["mark"] not in ":=":
            continue
        line = text.rfind("\n", max(0, found.start() - 40), found.start())
        head = text[max(0, found.start() - 40, line + 1) : found.start()]
        if not re.search(r"[a-z]{2,}[^.!?]*$", head.replace("final", "").replace("overall", "")):
            yield found.start(), min(len(text), found.end() + 30)
    for found in _KEY.finditer(text) if _has_key(text) else ():
        key = _VERDICT_KEY.fullmatch(found["key"])
        if key is not None and found["other"] != "{":
            yield found.span()


def _marked(text: str, found: re.Match[str]) -> bool:
    """Whether what stands between a label and a value says that it is the label's value."""
    before = text[max(0, found.start() - 24) : found.start()]
    if found["mark"].startswith("is"):
        return _OWN.search(before) is not None
    if found["mark"] == "\n":
        return (
            re.fullmatch(r"[\s#*_]*(?:(?:final|overall)[ ])?", before.rsplit("\n", 1)[-1], re.I)
            is not None
        )
    return True


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _without_quotes(text: str) -> str:
    """The text, blank where a string of strict JSON holds something like a key itself: a rationale
    that quotes the answer. Places stay."""
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0:
        return text
    try:
        orjson.loads(text[start:end])
    except ValueError:
        return text
    inner = _STRING.sub(lambda s: s[0] if ":" not in s[0] else _blank(s[0]), text[start:end])
    return text[:start] + inner + text[end:]


def _blank(string: str) -> str:
    return f'"{" " * (len(string) - 2)}"'


def _has_key(text: str) -> bool:
    return '":' in text or "':" in text or '" :' in text


def _concluding(text: str, start: int, end: int | None = None) -> bool:
    """Whether the words just before, in the same line, say that this is the conclusion."""
    head = text[max(0, start - 60) : start if end is None else end]
    line = head[: len(head) - ((end or start) - start)].rfind("\n")
    return _CONCLUSION.search(head, line + 1) is not None
