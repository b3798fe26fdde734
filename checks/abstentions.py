"""Does a reply say that its source does not hold the answer? Read from its words, without a model.

An abstention names the text, or what was asked for, and says that it is not there ("the notice
does not say when", "no deadline is given", "I cannot tell from this text"). A plain negative answer
("the warranty does not cover theft") is none. English is covered widely; of German, French,
Spanish, Italian, Portuguese and Dutch only the set phrases.
"""

from __future__ import annotations

import re

from .languages import is_english

__all__ = ["find_abstention", "tell_abstention"]

_SPEAK = r"(?:say|state|mention|specif(?:y|ies)|indicate|tell|spell out|disclose|reveal)"
_TELL = (
    rf"(?:{_SPEAK}|give|provide|name|list|include|contain|describe|explain|address|cover|note"
    r"|record|identify|clarify|define|show|detail|set out|go into|report|answer)"
)
_SPOKEN = r"(?:said|stated|mentioned|specified|indicated|disclosed|spelled out|spelt out|told)"
_TOLD = (
    rf"(?:{_SPOKEN}|given|provided|named|listed|included|contained|described|explained|addressed"
    r"|covered|noted|recorded|identified|defined|shown|set out|reported|answered|there)"
)
_SOURCE = (
    r"(?:text|passage|document|page|section|article|notice|excerpt|extract|material|source|guide"
    r"|manual|agreement|contract|licen[cs]e|faq|letter|paragraph|clause|report|documentation"
    r"|what you(?:'ve| have)? (?:sent|given|pasted|shared|posted|quoted)|policy|terms|readme"
    r"|snippet|instructions|description|summary|e-?mail|memo|log|page|handbook|notes|booklet|leaflet"
    r"|brochure|post|chapter|entry|transcript|message|announcement|bulletin|wording|context"
    r"|information (?:provided|given|here)|what (?:is|was) (?:given|provided|quoted|shown))"
)
_NOT = r"(?:does not|doesn't|do not|don't|did not|didn't|never|fails to)"
_HELD = (
    r"(?:information|details?|figures?|numbers?|dates?|names?|answers?|hints?|clues?|indication"
    r"|times?|prices?|amounts?|reasons?|years?|days?|hours?|ages?|address(?:es)?|deadlines?|values?"
    r"|versions?|sizes?|lengths?|durations?|places?|locations?|phone numbers?|rates?|costs?|fees?"
    r"|salar(?:y|ies)|mention|sums?|counts?|percentages?|sources?|examples?|definition)"
)
"""What a text may hold none of."""

_ASKED = r"(?:how|when|where|which|who|whom|whose|what|whether|why|if)\b"
_IS_NOT = r"(?:(?:is|are|was|were) (?:not|never|nowhere)|isn't|aren't|wasn't|weren't)"
_ABSTENTIONS = re.compile(
    "|".join(
        f"(?:{pattern})"
        for pattern in (
            rf"\b{_SOURCE}\b[^.!?\n]{{0,60}}?\b{_NOT}(?: \w+ly| actually| itself| even)? {_TELL}",
            rf"\b(?:it|this|that|here) {_NOT}(?: \w+ly)? {_SPEAK}",
            rf"\b{_IS_NOT}(?: \w+ly| anywhere)? {_SPOKEN}\b(?! (?:until|about|to|before|by))",
            rf"\b{_IS_NOT}(?: \w+ly)? (?:given|provided|named|listed|recorded)(?=[.;:!]| and\b|$)",
            rf"\b{_IS_NOT}(?: \w+ly)? (?:in |part of )?(?:here|this|what you|what is|it\b)",
            r"\b(?:couldn't|could not|can't|cannot|don't|do not|didn't|did not) (?:\w+ )?"
            rf"(?:find|see|spot)\b[^.!?\n]{{0,80}}\b(?:in|on|among)\b[^.!?\n]{{0,40}}\b(?:{_SOURCE}|here)\b",
            r"\bsilent (?:on|about|as to)\b|\b(?:remains|stays|is left) (?:open"
            r"|unsaid|unclear|unknown|unstated|unspecified)\b|\bunstated\b|\bunmentioned\b",
            rf"\b(?:but|and|though|yet),? not (?:for |by |at |in |to |from |on )?{_ASKED}",
            rf"\bnot (?:for |by |at |in |to |from |on )?{_ASKED}",
            rf"\b(?:gives?|states?|names?|mentions?|lists?|specif(?:y|ies)|contains?|includes?|has"
            rf"|provides?|tells?|shows?|quotes?) no (?:\w+ )?{_HELD}\b",
            r"\bno (?:\w+ ){1,5}(?:appears?|comes? up|can be found|is to be found|turns? up)\b",
            rf"\bno (?:\w+ )?{_HELD}(?: (?:for|of|on|about) [^.!?\n]{{1,40}})?"
            r" (?:here\b|in (?:the|this|that|your|what))\b",
            r"\bno (?:reference|allusion) to\b|\bthere(?:'s| is| was) nothing (?:on|about)\b"
            rf"|\bnothing (?:on|about) (?:{_ASKED}|the|its?|this|that)",
            r"^\W*not (?:stated|given|said|mentioned|specified)\b|\bnot among (?:the|those|what)\b",
            rf"\bthere (?:isn't|is not|aren't|are not) (?:an? |any )[^.!?\n]{{0,50}}"
            rf"\b(?:in|on|anywhere)\b[^.!?\n]{{0,20}}\b(?:{_SOURCE}|here|it)\b",
            rf"\bnot (?:something|anything) (?:that |which )?(?:this|the|that|your|it)\b"
            rf"[^.!?\n]{{0,30}}\b{_TELL}",
            rf"\bnothing\b[^.!?\n]{{0,40}}\b{_TELL}s?\b[^.!?\n]{{0,20}}\b{_ASKED}",
            rf"\bwithout (?:\w+ly )?(?:saying|stating|giving|naming|mentioning|specifying"
            rf"|telling|indicating|explaining) (?:{_ASKED}|the|its|their|any|an?\b)",
            r"\b(?:never|not|nowhere) (?:once )?(?:comes? up|come up|appears?|gets? mentioned)\b",
            rf"\b{_SOURCE} (?:stops|ends|breaks off|is cut off) (?:short |just )?before\b",
            rf"\b(?:isn't|is not|not|un)(?: \w+)? ?(?:clear|possible to (?:tell|say))\b"
            rf"[^.!?\n]{{0,40}}\b(?:{_ASKED}|from)",
            rf"\b(?:{_TELL}s?)\b[^.!?\n]{{1,80}}, not (?:the|its|their|a|an|any) ",
            rf"\b(?:based on|from|going by|judging by|with)\b[^.!?\n]{{0,40}}\b{_SOURCE}\b"
            r"[^.!?\n]{0,80}\b(?:can't|cannot|can not|couldn't|could not|isn't|is not)\b",
            rf"\b{_IS_NOT}(?: \w+ly| anywhere)? {_TOLD}\b[^.!?\n]{{0,12}}"
            rf"\b(?:here|anywhere|{_SOURCE})\b",
            r"\bnot (?:in|part of) (?:the|this|that|your) (?:\w+ )?" + _SOURCE,
            rf"\b(?:no|neither|none|nowhere)\b[^.!?\n]{{0,60}}\b(?:is|are|was) {_TOLD}\b",
            rf"\b(?:nothing|none|nowhere|no \w+)\b[^.!?\n]{{0,30}}\b{_SOURCE}\b[^.!?\n]{{0,30}}"
            rf"\b{_TELL}",
            r"\b(?:there(?:'s| is| are)|has|gives?|contains?|offers?|holds?|provides?|includes?"
            r"|says?) (?:no|nothing|not any|not a)\b[^.!?\n]{0,70}\b(?:in|on|about|of|for|from"
            rf"|here)\b[^.!?\n]{{0,40}}\b{_SOURCE}\b",
            rf"\b{_SOURCE} (?:itself |alone )?(?:says?|states?|mentions?|names?|specif(?:y|ies))"
            r" (?:no|nothing)\b",
            rf"\b{_SOURCE} (?:itself |alone )?(?:gives?|contains?|has|offers?|holds?|provides?)"
            r" (?:no (?:\w+ )?(?:information|details?|figures?|numbers?|dates?|names?|answers?"
            r"|hints?|clues?|indication|times?|prices?|amounts?|reasons?)|nothing)\b",
            r"\bi (?:can't|cannot|could not|couldn't|am unable to|'m unable to|can not|don't)"
            r" (?:\w+ )?(?:tell|say|see|find|determine|answer|work out|know|confirm|give|establish"
            rf"|be sure)\b[^.!?\n]{{0,80}}\b(?:from|in|with|on|without)\b[^.!?\n]{{0,40}}"
            rf"\b(?:{_SOURCE}|alone)\b",
            r"\b(?:can't|cannot|can not) be (?:\w+ )?(?:answered|told|determined|worked out|known"
            r"|established|inferred|read)\b[^.!?\n]{0,60}\b(?:from|with|on)\b[^.!?\n]{0,30}"
            rf"\b{_SOURCE}\b",
            rf"\b(?:missing|absent|left out|left open|omitted)\b[^.!?\n]{{0,30}}\b{_SOURCE}\b",
            rf"\b(?:{_SOURCE}|it)\b[^.!?\n]{{0,40}}\b(?:leaves? (?:that |this |it |the \w+ )"
            r"(?:out|open)|omits|is silent)\b",
            rf"\b{_SOURCE} (?:only|just|merely) {_TELL}",
            rf"\b{_SOURCE}\b[^.!?\n]{{0,120}}\b(?:but|and|though)(?: it (?:does|is))? not (?:by )?"
            r"(?:how|when|where|which|who|whom|what|whether|why)\b",
            r"\bnot enough (?:information|detail)|\binsufficient (?:information|detail)",
            r"\bsteht (?:\w+ ){0,6}?(?:nicht|nirgends|nichts|kein\w*)\b|\bkeine angabe",
            r"\b(?:nennt|enthält|erwähnt|sagt|verrät) (?:\w+ ){0,5}?(?:nicht|nichts|kein\w*)\b",
            r"\bgeht (?:\w+ ){1,6}?nicht hervor\b",
            r"\bne (?:le |la |l')?(?:précise|dit|mentionne|donne|contient|figure|fournit|indique)"
            r" (?:pas|rien)\b|\bn'(?:indique|est) (?:pas|rien)\b[^.!?\n]{0,30}\b(?:indiqu|précis"
            r"|mentionn)",
            r"\bno (?:se )?(?:lo )?(?:dice|menciona|indica|especifica|aparece|figura|precisa)\b",
            r"\bnon (?:lo )?(?:dice|menziona|indica|specifica|compare)\b",
            r"\bnão (?:o )?(?:diz|menciona|indica|especifica|consta|informa)\b",
            r"\b(?:staat|vermeldt|noemt|zegt) (?:\w+ ){0,5}?(?:niet|niets|geen|nergens)\b",
        )
    )
)


def find_abstention(text: str) -> str | None:
    """The words in which a reply says that its source does not hold what was asked for, as they
    stand in it (in lower case); None where it does not say so.

    Args:
        text: the reply; its first 800 characters are read.
    """
    found = _ABSTENTIONS.search(text[:800].replace("’", "'").lower())
    return found.group() if found is not None else None


def tell_abstention(text: str) -> tuple[bool | None, str]:
    """Whether a reply says that its source does not hold the answer, and the words in which it
    does; None where it cannot be told, since no such words are found and the reply is in another
    language than English."""
    found = find_abstention(text)
    if found is not None:
        return True, found
    return (False if is_english(text) else None), ""
