"""Scores that are said in a sentence, and scores of two answers: "I would give it 8 out of 10",
"8.5 9", "Assistant 1: 8/10" with "Assistant 2: 6/10"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .places import Candidate, closing_sentence, concludes, exemplary, of_others
from .values import NUMBER, SCORE, Value, read_value

__all__ = ["fraction", "stated", "two_scores"]

_ANSWER = r"(?:ai[ ])?(?:assistant|output|response|answer|model|option|candidate|system)"
_SIDE = rf"{_ANSWER}[ ]?\#?[(\[]?(?P<side>[12ab])[)\]]?(?![\w])(?:'s)?"
_SCORED = re.compile(
    rf"\b{_SIDE}(?:[ ](?:final |overall |code )?(?:score|rating|submission|code|answer|response))?"
    rf"[*_\]]{{0,3}}(?:[ ]?[:=]|[ ]is|[ ]-)[*_\s]{{0,6}}"
    rf"(?:(?:final |overall )?(?:score|rating)[*_]{{0,2}}(?::|="
    rf"|[ ]is)[*_\s]{{0,6}})?[\[(]{{0,2}}{SCORE}"
    rf"(?=[\s*_)\],.;]|$)(?!\s{{0,2}}(?:[=+×]|\*[ ]\d|\w{{1,20}}[ ](?:ways|tips|steps|points)))",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    rf"\b{_SIDE}(?:[ ](?:code[ ])?(?:submission|code|answer|response|solution))?"
    rf"[ ,]{{1,2}}(?:(?:would|should|will|therefore|also|then)[ ])?"
    rf"(?:(?:receives?|gets?|deserves?|earns?|scores?|is rated|is given|with|would be|at|as)[ ])?"
    rf"(?:(?:a|an|the|slightly|higher|lower|perfect|full|low|high|rating|score|grade|of"
    rf"|as)[ ]){{1,5}}{SCORE}"
    rf"(?=[\s*_)\],.;]|$)(?!\s\w{{1,20}}s\b)",
    re.IGNORECASE,
)
_SCORE_FOR = re.compile(
    rf"\bscore[ ]of[ ]{SCORE}[ ](?:to|for)[ ]{_SIDE}|\b{SCORE.replace('(?P<', '(?P<z')}[ ](?:to"
    rf"|for)[ ]"
    rf"{_SIDE.replace('(?P<', '(?P<z')}",
    re.IGNORECASE,
)
_SIDES_CJK = r"(?:回答|答案|助手|回复|模型|输出|アシスタント|モデル|応答|出力)"
_NAMED_SCORE = re.compile(
    rf"(?:{_SIDES_CJK}[ ]?(?P<side>[12AB一二])(?:的(?:评分|得分|分数)|の(?:評価|スコア|点数))?"
    rf"[ ]?(?::|は|为|是|得)"
    rf"|(?:^|(?<=[,;|])|(?<=[,;|][ ]))(?:\*\*)?(?:(?:score|rating)[ ](?:of[ ]"
    rf"|for[ ])?)?(?P<yside>[AB])"
    rf"(?:\*\*)?[ ]?[:|]"
    rf"|\|[ ]?(?:(?:assistant|output|response|answer|model)[ ])(?P<zside>[12AB])[ ]?\|)"
    rf"[*_\s]{{0,4}}{SCORE}(?=[ ]?[*_|)]{{0,2}}[ ]?(?:[,;|\n。、.)]|$))",
    re.IGNORECASE | re.MULTILINE,
)
_THIRD = re.compile(r"^\W{0,3}C[*_]{0,2}[ ]?[:|.)]", re.MULTILINE)
"""A third letter: they are options, and no answers to be compared."""

_RESPECTIVELY = re.compile(
    rf"(?:assistant|output|response|answer|model)s?[ ](?:1|a|\(a\))[ ]and[ ]"
    rf"(?:(?:assistant|output|response|answer|model)[ ])?(?:2|b|\(b\))[^.\n\d]{{0,60}}?"
    rf"(?P<a>{NUMBER})(?:/\d+)?[ ]and[ ](?P<b>{NUMBER})(?:/\d+)?[^.\n]{{0,12}}respectively",
    re.IGNORECASE,
)
_BOTH = re.compile(
    rf"\b(?:give|rate|assign|award)[ ]both[^.\n\d]{{0,20}}"
    rf"(?:1[ ]and[ ][a-z ]{{0,12}}2[^.\n\d]{{0,40}})?"
    rf"[ ](?:a|an)[ ](?:(?:score|rating)[ ]of[ ])?{SCORE}"
    rf"|\bboth[^.\n\d]{{0,20}}(?:1[ ]and[ ][a-z ]{{0,12}}2[ ])?(?:would[ ])?(?:receive|get"
    rf"|deserve|earn)[ ]"
    rf"(?:a|an)[^.\n\d]{{0,12}}(?:score|rating)[ ]of[ ](?P<znumber>{NUMBER})",
    re.IGNORECASE,
)
_TUPLE = re.compile(
    rf"(?:\b(?:output|tuple|scores?|ratings?)\b[^\n\d()]{{0,40}}|^[ ]{{0,4}})"
    rf"[(\[][ ]?(?P<a>{NUMBER})(?:/\d+)?,[ ]?(?P<b>{NUMBER})(?:/\d+)?[ ]?[)\]][.*]{{0,3}}[ ]{{0,2}}"
    rf"(?=$|\n|[A-Z]|[ ]?[.,;])",
    re.IGNORECASE | re.MULTILINE,
)
_STATED = re.compile(
    rf"(?:\bi(?:'d|'ll|'m| am| would| will| am going to| have to)?[ ](?:therefore |thus |also )?"
    rf"(?:give|giving|rate|score|assign|award|grade)(?:ing)?\b[^.!?\n\d]{{0,70}}?"
    rf"|\bi(?:'d|[ ]would)[ ](?:go[ ]with|say)[ ](?:(?:that|this|the|it)?(?:[ ]is|[ ]?'s)?[ ]?"
    rf"(?:response|answer|output)?(?:[ ]is)?[ ])?(?:an?[ ])?(?:\w{{1,10}}[ ])?"
    rf"|\b(?:response|answer|output|this)[ ](?:is|would[ ]be|should[ ]be|must[ ]be)[ ]rated"
    rf"[ ](?:as[ ])?(?:an?[ ])?"
    rf"|\b(?:deserves|merits|warrants|earns|receives|gets)[ ]an?[ ](?:[\w-]{{1,14}}[ ]){{0,2}}"
    rf"(?:score|rating|grade)[ ]of[ ]|\b(?:deserves|merits|warrants)[ ](?:an?[ ])?"
    rf"|\b(?:response|answer|output|this)[ ](?:earns|gets)[ ]an?[ ]"
    rf"|\bmy[ ](?:overall |final )?(?:score|rating|grade)[ ](?:[^.!?\n\d]{{0,40}}[ ])?(?:is|of"
    rf"|would be)[ ](?:an?[ ])?"
    rf"|(?:打|给|評|评|评为|給|给出|给予)(?![^。！？\n\d]{{0,8}}(?:标准|標準|基準|规则|范围"
    rf"|范圍|尺度))"
    rf"[^。！？\n\d]{{0,16}}?|(?:評価|スコア|点数|得点|評点"
    rf"|評価点|(?:採点|評価)結果)(?:は|を)[^。\n\d]{{0,8}}?"
    rf"|(?:得分|评分|分数|評分|分數)(?:为|是|為)[ ]?"
    rf"|(?:回答|答案|回复|回覆|它)[^。！？，,\n\d]{{0,8}}(?:得|获得|值|打)[ ]?(?=\d{{1,3}}[ ]?分))"
    rf"[*_\[(\"]{{0,3}}{SCORE}(?P<after>[*_\])\"]{{0,3}})",
    re.IGNORECASE,
)
_SCORE_LIKE = re.compile(
    r"スコア|評価|点数|得点|score|rating|grade|rate|out of|/|分|点|stars?|points?", re.IGNORECASE
)
_GIVEN_TO = re.compile(
    r"\b(?:(?:give|giving)[ ](?:it|this|the)(?:[ ](?:response|answer|output|one))?(?:[ ]an?)?"
    r"|rate[ ](?:it|this)(?:[ ](?:response|answer|output))?(?:[ ](?:as|at))?(?:[ ]an?)?"
    r"|(?:deserves|merits|warrants|earns|gets)[ ]an?|i(?:'d|[ ]would)[ ]go[ ]with[ ]an?"
    r"|rated(?:[ ]as)?(?:[ ]an?)?)[ ][*_]{0,3}\d[\d.]*[*_]{0,3}$",
    re.IGNORECASE,
)
_FOR_EACH = re.compile(
    rf"[ ](?:for|in|on)[ ][a-z ]{{2,40}},?[ ](?:and|but|,)[ ][a-z ]{{0,20}}{SCORE}"
    rf"[ ](?:for|in|on)\b",
    re.IGNORECASE,
)
"""A second score for something else, so that the first is not the verdict."""

_IS = re.compile(
    rf"\s*[*_#]{{0,3}}(?:so |thus |therefore,? |overall,? )?(?:the |my )?"
    rf"(?:overall |final |total )?(?:score|rating|grade)"
    rf"(?: for (?:this|the) (?:response|answer|output))? (?:is|would be):? "
    rf"[*_]{{0,3}}{SCORE}[*_]{{0,3}}[.!]?\s*$",
    re.IGNORECASE,
)
"""A last sentence that says the score and nothing else."""

_GIVEN_POINTS = re.compile(
    rf"(?P<number>{NUMBER})点(?:を(?:つけ|付け|与え)|と(?:します|評価|する))"
)
_FRACTION = re.compile(rf"{SCORE}", re.IGNORECASE)


def two_scores(text: str) -> Iterator[Candidate]:
    """A score for each of two answers: a line "8.5 9" (Vicuna), "(10, 4)", "Assistant 1: 8/10"
    with "Assistant 2: 6/10", "the scores for Assistant 1 and Assistant 2 are 4 and 9"."""
    yield from _pair_lines(text)
    for pattern in (_TUPLE, _RESPECTIVELY):
        for found in pattern.finditer(text):
            value = Value("scores", (float(found["a"]), float(found["b"])))
            yield Candidate(value, found.start("a"), found.end("b"), concluding=True)
    for found in _BOTH.finditer(text):
        number = float(found["number"] or found["znumber"])
        yield Candidate(Value("scores", (number, number)), *found.span())
    sides: dict[str, list[tuple[float, int, int]]] = {"a": [], "b": []}
    for found in (*_SCORED.finditer(text), *_GIVEN.finditer(text)):
        if "\n" in found.group() and text.startswith(". ", found.end()):
            continue  # an item of a numbered list
        side = "a" if found["side"] in "1aA" else "b"
        sides[side].append((float(found["number"]), *found.span()))
    options = _THIRD.search(text) is not None
    for found in _NAMED_SCORE.finditer(text):
        if found["yside"] and options:
            continue
        name = found["side"] or found["yside"] or found["zside"]
        sides["a" if name in "1aA一" else "b"].append((float(found["number"]), *found.span()))
    for found in _SCORE_FOR.finditer(text):
        name = found["side"] or found["zside"]
        number = float(found["number"] or found["znumber"])
        sides["a" if name in "1aA" else "b"].append((number, *found.span()))
    for one in sorted({each[0] for each in sides["a"]})[:2]:
        for other in sorted({each[0] for each in sides["b"]})[:2]:
            places = [each for each in sides["a"] if each[0] == one]
            places += [each for each in sides["b"] if each[0] == other]
            start, end = min(each[1] for each in places), max(each[2] for each in places)
            yield Candidate(Value("scores", (one, other)), start, end)


def stated(text: str) -> Iterator[Candidate]:
    """A score in words: `I would rate this 4 out of 5`, `deserves a score of 8`, `打8分`."""
    for found in _STATED.finditer(text):
        if not (_SCORE_LIKE.search(found.group()) or _GIVEN_TO.search(found.group())):
            continue
        before = text[max(0, found.start() - 80) : found.start()]
        if of_others(before) or exemplary(text, found.start("number")):
            continue
        value = read_value(found.group()[found.start("number") - found.start() :].strip('*_[]()" '))
        if value is None or found["whole"]:
            whole = float(found["whole"]) if found["whole"] else None
            value = Value("score", (float(found["number"]),), out_of=whole)
        yield Candidate(value, *found.span(), concluding=concludes(before))
        if other := _FOR_EACH.match(text, found.end()):
            yield Candidate(Value("score", (float(other["number"]),)), *other.span())
    for found in _GIVEN_POINTS.finditer(text):
        value = Value("score", (float(found["number"]),))
        yield Candidate(value, *found.span(), concluding=True)
    closing = closing_sentence(text)
    if own := _IS.match(text, closing):
        value = Value("score", (float(own["number"]),))
        yield Candidate(value, *own.span(), concluding=True)


def fraction(text: str) -> Iterator[Candidate]:
    """What is out of something, wherever it stands: `4/5`, `8 out of 10`, `10点中8点`."""
    for found in _FRACTION.finditer(text):
        if out := found["out"] or found["full"] or found["whole"]:
            value = Value("score", (float(found["number"]),), out_of=float(out))
            yield Candidate(value, *found.span())


def _pair_lines(text: str) -> Iterator[Candidate]:
    begun = len(text) - len(text.lstrip())
    ended = len(text.rstrip())
    stop = text.find("\n", begun, ended)
    first = (begun, ended if stop < 0 else stop)
    last = (text.rfind("\n", 0, ended) + 1, ended)
    for start, end in dict.fromkeys((first, last)):
        value = read_value(text[start:end]) if 0 < end - start <= 40 else None
        if value is not None and value.kind == "scores":
            yield Candidate(value, start, end, concluding=True)
