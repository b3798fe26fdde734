"""Choices that are said in a sentence: "Output (a) is better", "I prefer Response 2"."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from .places import Candidate, closing_sentence, concludes, of_others
from .values import REFERENCE, SIDE, Value, read_reference

__all__ = ["output_ab"]

_BETTER = re.compile(
    rf"{SIDE}(?:'s[ ](?:response|answer|output))?[*_\"]{{0,3}}[ ]"
    rf"(?i:(?:clearly|easily|narrowly|slightly)[ ])?"
    rf"(?:(?i:provides|provided|gives|gave|offers|offered|is|was|would be|should be"
    rf"|can be considered|performs?|performed|does|did|wins?"
    rf"|won)[ ]?)"
    rf"(?i:(?:therefore|clearly|slightly|significantly|much|marginally|overall|generally|also|the"
    rf"|somewhat|considered|a|objectively)[ ]){{0,3}}"
    rf"(?i:(?:more (?:helpful|accurate|appropriate|suitable) and"
    rf" (?:therefore |thus |hence |so )?)?"
    rf"(?:better(?:[ ](?:output|response|answer|choice|option|one|overall|job|explanation"
    rf"|solution))?"
    rf"|superior|"
    rf"(?:the )?winner"
    rf"|preferred|preferable|best|stronger))?"
    rf"(?P<tail>[*_\"]{{0,3}}(?:\.|!|,|;|\n|$)|[ ](?i:because|since|as|than|overall|of the|for the"
    rf"|due|here|,))"
)
_MAY_STAND = re.compile(
    r"(?:^|[^\w\s*_\"']|\n|[是为得は此以]|\b(?:so|thus|hence|therefore|that|think|believe|say"
    r"|overall|and|but"
    r"|then|answer|response|is|since|because))[\s*_\"']*$",
    re.IGNORECASE,
)
"""What a letter alone may follow, so that it is an answer's name: "Plan A" is another's."""

_BETTER_WORD = re.compile(r"(?i:better|superior|winner|prefer|best|stronger|wins\b|won\b)")
_PREFER = re.compile(
    rf"(?i:\b(?:i|we)(?:'d|'ll|[ ](?:would|will|do|must|have to))?"
    rf"(?:[ ](?:slightly|strongly|clearly|marginally))?[ ](?:prefer|choose|select|pick"
    rf"|favou?r|go with"
    rf"|vote for)|\b(?:better|best|preferred|winning|superior)[ ](?:one|output|response|answer"
    rf"|assistant"
    rf"|option|choice)?[ ]?(?:is|:)|\b(?:winner|verdict|choice|preference"
    rf"|decision)[ ]is:?)[ ][*_\"]{{0,3}}"
    rf"{SIDE}(?=[*_\"\s.,;:!)]|$)"
    rf"|\b(?i:i|we)[ ](?i:find|found|consider|deem|judge)[ ]{SIDE.replace('(?P<', '(?P<y')}"
    rf"[ ](?i:to be )?(?i:the )?(?i:better|best|superior)\b"
    r"|(?:选择?|選ぶのは|更(?:好|优|佳)的(?:一个)?(?:回答|答案)?是|胜者是|倾向于?|偏好|勝者は)[ ]?"
    rf"{SIDE.replace('(?P<', '(?P<z')}"
    rf"|{SIDE.replace('(?P<', '(?P<x')}(?:の(?:回答|答え|方|ほう))?を(?:選|支持)"
)
_WORSE = re.compile(
    rf"{SIDE}[ ](?i:is|was)[ ]"
    rf"(?i:(?:clearly|slightly|significantly|much|somewhat|overall"
    rf"|the)[ ]){{0,2}}"
    rf"(?i:worse|inferior|weaker)(?:[*_\"]{{0,3}}(?:[.!,;\n]|$)|[ ](?:than|to)[ ]"
    rf"{SIDE.replace('(?P<', '(?P<z')})"
    rf"|{REFERENCE.replace('(?P<', '(?P<y')}[^。\n,.、，]{{0,4}}不如"
)
_BETTER_CJK = re.compile(
    rf"(?<!比)(?<!于)(?<!如){SIDE}(?:的(?:回答|质量)|の(?:回答|答え"
    rf"|出力))?(?:比[^。\n,.]{{0,8}}?)?[^。\n,.、，比不よA-Z0-9]{{0,6}}?"
    r"(?:(?<=[A-Z0-9])(?:更|要)?(?:好|优|强)(?=[。！\n,，]|$)|更好|更优|更佳|较好|更胜一筹"
    r"|胜出|获胜|优于|の(?:方|ほう)が[^。\n]{0,8}(?:良|よ[いく]|優|好)"
    r"|が(?:より)?(?:良|優|勝)|の勝ち)"
)
_TIED = re.compile(
    r"\b(?:it(?:'s| is) a (?:tie|draw)\b|(?:is|are|as|to be|be|call it) (?:a )?(?:tie|tied|draw)"
    r"(?=[*\"]{0,3}(?:[.!,;]|$))"
    r"|(?:both|they|the two|(?:responses|answers|outputs))\b[^.\n]{0,60}\b(?:are|performed"
    r"|perform|is)[ ](?:overall )?equally"
    r"|neither\b[^.\n]{0,60}\b(?:is|can be considered|are|was)[ ](?:clearly )?better)"
    r"|平局|不相上下|同样好|一样好|引き分け|甲乙つけがたい|同じくらい良|同等(?:です|である|だ)",
    re.IGNORECASE,
)


_STATEMENTS = (
    (_BETTER, _BETTER_WORD),
    (
        _PREFER,
        re.compile(
            r"(?i:prefer|choos|choice|select|pick|favou?r|go with|vote|better|best|winn|superior"
            r"|verdict|decision)|选|選|支持|更|胜|倾向|偏好|勝"
        ),
    ),
    (_WORSE, re.compile(r"(?i:worse|inferior|weaker)|不如")),
    (_BETTER_CJK, re.compile("[好优強强佳胜獲获良よ優勝]")),
)
"""Patterns of statements, each with a word that it holds."""


def output_ab(text: str) -> Iterator[Candidate]:
    """A choice in words: `Output (a) is better`, `I prefer Response 2`, `回答A更好`, `it's a tie`.

    What somebody else is said to think, a question and a denial are none. A statement that
    concludes ("Therefore ...", the last sentence, the first line) outdoes the others; a tie counts
    only there.
    """
    closing = closing_sentence(text)
    found_here: list[tuple[Candidate, bool]] = []
    first = text.find("\n", len(text) - len(text.lstrip()))
    first = len(text) if first < 0 else first
    for pattern, word in _STATEMENTS:
        # Looking for the word first is a tenth of the time, and most texts hold none.
        for found in pattern.finditer(text) if word.search(text) else ():
            if pattern is _BETTER and not _BETTER_WORD.search(found.group()):
                continue
            before = text[max(0, found.start() - 120) : found.start()]
            if of_others(before) or (
                pattern is not _PREFER and found["l6"] and not _MAY_STAND.search(before)
            ):
                continue
            start, end = found.span()
            alone = end >= first and not text[:start].strip(' \n*_#"')
            said_so = concludes(before)
            choice = read_reference(found)
            if pattern is _WORSE:
                choice = "B" if choice == "A" else "A"
            place = start >= closing or alone or said_so
            found_here.append(
                (Candidate(Value("choice", choice=choice), start, end, place), said_so)
            )
    # "A is better in style, but overall B is": one sentence, and one of the two concludes.
    outdone = any(said_so and each.start >= closing for each, said_so in found_here)
    for each, said_so in found_here:
        late = each.concluding and (said_so or not outdone or each.start < closing)
        yield dataclasses.replace(each, concluding=late)
    for found in _TIED.finditer(text, closing):
        yield Candidate(Value("choice", choice="tie"), *found.span(), concluding=True)
