"""Verdicts that are said in a sentence: "Output (a) is better", "I would give it 8 out of 10"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .marked import Candidate
from .values import NUMBER, REFERENCE, SCORE, Value, read_reference, read_value

__all__ = ["fraction", "output_ab", "stated", "two_scores"]

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

_BETTER = re.compile(
    rf"{REFERENCE}(?:'s[ ](?:response|answer|output))?[ ]"
    rf"(?:(?i:is|was|would be|should be|can be considered|performs?|performed|does|did|wins?"
    rf"|won)[ ]?)"
    rf"(?i:(?:therefore|clearly|slightly|significantly|much|marginally|overall|generally|also|the"
    rf"|somewhat|considered|a|objectively)[ ]){{0,3}}"
    rf"(?i:(?:more (?:helpful|accurate|appropriate|suitable) and )?"
    rf"(?:better(?:[ ](?:output|response|answer|choice|option|one|overall))?|superior|"
    rf"(?:the )?winner"
    rf"|preferred|preferable|best|stronger))?"
    rf"(?P<tail>[*_\"]{{0,3}}(?:\.|!|,|;|\n|$)|[ ](?i:because|since|as|than|overall|for the|due"
    rf"|here|,))"
)
_BETTER_WORD = re.compile(r"(?i:better|superior|winner|prefer|best|stronger|wins\b|won\b)")
_PREFER = re.compile(
    rf"(?i:\b(?:i|we)(?:[ ](?:would|will|do|must|have to))?[ ](?:prefer|choose|select|pick"
    rf"|favou?r|go with"
    rf"|vote for)|\b(?:better|best|preferred|winning|superior)[ ](?:one|output|response|answer"
    rf"|assistant"
    rf"|option|choice)?[ ]?(?:is|:)|\b(?:winner|verdict|choice|preference"
    rf"|decision)[ ]is:?)[ ][*_\"]{{0,3}}"
    rf"{REFERENCE}"
)
_BETTER_CJK = re.compile(
    rf"(?<!比)(?<!于){REFERENCE}(?:的(?:回答|质量))?(?:比[^。\n,.]{{0,8}}?)?[^。\n,.、，比不よA-Z0-9]{{0,6}}?"
    r"(?:更好|更优|更佳|较好|更胜一筹|胜出|获胜|优于|の(?:方|ほう)が[^。\n]{0,8}(?:良|よ[いく]|優|好)"
    r"|が(?:より)?(?:良|優|勝)|の勝ち)"
)
_TIED = re.compile(
    r"\b(?:it(?:'s| is) a (?:tie|draw)\b|(?:is|are|as|to be|be|call it) (?:a )?(?:tie|tied|draw)"
    r"(?=[*\"]{0,3}(?:[.!,;]|$))"
    r"|(?:both|the two)\b[^.\n]{0,60}\b(?:are|performed|perform|is)[ ](?:overall )?equally"
    r"|neither\b[^.\n]{0,60}\b(?:is|can be considered|are|was)[ ](?:clearly )?better)"
    r"|平局|不相上下|同样好|一样好|引き分け|甲乙つけがたい|同等(?:です|である|だ)",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"\b(?:whether|if|claim(?:s|ed|ing)?|argu(?:es|ed|ing|e)|believ(?:es|ed)|says|said|states"
    r"|stated"
    r"|suggests|asserts|contends|mention(?:s|ed)|concluded|thinks|determine which)\b[^.!?\n]*$"
    r"|\b(?:neither|not|never|nor)\b[^.!?,;\n]*$|(?:如果|是否|若|かどうか|もし)[^。\n]*$",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"(?:\b(?:therefore|overall|thus|hence|in (?:conclusion|summary|sum)|to conclude|conclusion"
    r"|consequently"
    r"|so,|as a result|for these reasons)|综上|因此|所以|总的来说|したがって|よって|以上"
    r"|総合)[^.!?。\n]{0,60}$",
    re.IGNORECASE,
)
_STATED = re.compile(
    rf"(?:\bi(?:'d|'ll| would| will| am going to| have to)?[ ](?:therefore |thus |also )?"
    rf"(?:give|rate|score|assign|award|grade)(?:ing)?[ ]?[^.!?\n\d]{{0,70}}?"
    rf"|\b(?:deserves|merits|warrants|earns|receives|gets)[ ]an?[ ](?:[\w-]{{1,14}}[ ]){{0,2}}"
    rf"(?:score|rating|grade)[ ]of[ ]|\b(?:deserves|merits|warrants)[ ]an?[ ]"
    rf"|\bmy[ ](?:overall |final )?(?:score|rating|grade)[ ](?:[^.!?\n\d]{{0,40}}[ ])?(?:is|of"
    rf"|would be)[ ]"
    rf"|(?:打|给|評|评|评为|給|给出|给予)[^。！？\n\d]{{0,16}}?|(?:評価|スコア|点数|得点)(?:は"
    rf"|を)[^。\n\d]{{0,8}}?"
    rf"|得分(?:为|是)|评分(?:为|是)|分数(?:为|是))"
    rf"[*_\[(\"]{{0,3}}{SCORE}(?P<after>[*_\])\"]{{0,3}})",
    re.IGNORECASE,
)
_SCORE_LIKE = re.compile(r"score|rating|grade|rate|out of|/|分|点|stars?|points?", re.IGNORECASE)
_GIVEN_TO = re.compile(
    r"\bgive[ ](?:it|this|the)(?:[ ](?:response|answer|output|one))?[ ]an?[ ]"
    r"[*_]{0,3}\d[\d.]*[*_]{0,3}$",
    re.IGNORECASE,
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


def output_ab(text: str) -> Iterator[Candidate]:
    """A choice in words: `Output (a) is better`, `I prefer Response 2`, `回答A更好`, `it's a tie`.

    What somebody else is said to think, a question and a denial are none. A statement that
    concludes ("Therefore ...", the last sentence, the first line) outdoes the others; a tie counts
    only there.
    """
    closing = _closing_sentence(text)
    first = text.find("\n", len(text) - len(text.lstrip()))
    first = len(text) if first < 0 else first
    for pattern in (_BETTER, _PREFER, _BETTER_CJK):
        for found in pattern.finditer(text):
            if pattern is _BETTER and not _BETTER_WORD.search(found.group()):
                continue
            before = text[max(0, found.start() - 120) : found.start()]
            if _OF_OTHERS.search(before):
                continue
            start, end = found.span()
            alone = end >= first and not text[:start].strip(' \n*_#"')
            concludes = start >= closing or alone or _CONCLUDES.search(before) is not None
            value = Value("choice", choice=read_reference(found))
            yield Candidate(value, start, end, concluding=concludes)
    for found in _TIED.finditer(text, closing):
        yield Candidate(Value("choice", choice="tie"), *found.span(), concluding=True)


def stated(text: str) -> Iterator[Candidate]:
    """A score in words: `I would rate this 4 out of 5`, `deserves a score of 8`, `打8分`."""
    for found in _STATED.finditer(text):
        if not (_SCORE_LIKE.search(found.group()) or _GIVEN_TO.search(found.group())):
            continue
        before = text[max(0, found.start() - 80) : found.start()]
        if _OF_OTHERS.search(before):
            continue
        value = read_value(found.group()[found.start("number") - found.start() :].strip('*_[]()" '))
        if value is None:
            value = Value("score", (float(found["number"]),))
        yield Candidate(value, *found.span(), concluding=bool(_CONCLUDES.search(before)))


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


def _closing_sentence(text: str) -> int:
    """Where the last sentence begins, if it is complete; else the end of the text."""
    tail = text.rstrip()
    if not tail or tail[-1] not in '.!?。！？*")」':
        return len(text)
    ends = [
        tail.rfind(mark, max(0, len(tail) - 600), len(tail) - 1)
        for mark in (". ", "\n", "! ", "。")
    ]
    return max(0, max(ends) + 1)
