"""What the patterns of refusals are made of: words and turns of phrase.

The patterns are for text in lower case with plain apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

__all__ = [
    "ASIDE",
    "BAD",
    "BAD_WORDS",
    "CANNOT",
    "DECENT",
    "GOOD",
    "IMMORAL",
    "NOT",
    "SERVE",
    "SERVING",
    "WRONGED",
    "Sign",
    "sign",
]


_WORD = r"\b"


@dataclass(frozen=True)
class Sign:
    """A way of refusing.

    Attributes:
        regex: finds it, in lower case.
        gates, beside: it is tried only where one of each occurs, so that a reply that does not
            refuse costs a few substring searches.
        first_look: a pattern for `checks.patterns` that is found wherever this sign is, where the
            gates are in too many texts for it; else "".
    """

    regex: str
    gates: tuple[str, ...]
    beside: tuple[str, ...]
    first_look: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The regex, compiled when it is first needed: all of them take a tenth of a second."""
        return re.compile(self.regex)


def sign(gates: str, *alternatives: str, beside: str = "", first_look: str = "") -> Sign:
    """A sign from the patterns of which any will do.

    Args:
        gates: literals, parted by `|`, of which every match has one.
        beside: the same once more; every text with a match has one.
        first_look: as the attribute.
    """
    # `re` tries one alternative after the other at every place; it need not, amid a word, those
    # that begin where a word does.
    parts = []
    for at_word, some in groupby(alternatives, lambda one: one.startswith(_WORD)):
        either = "|".join(f"(?:{one.removeprefix(_WORD)})" for one in some)
        parts.append(rf"\b(?=\w)(?:{either})" if at_word else either)
    needed = tuple(beside.split("|")) if beside else ()
    return Sign("|".join(parts), tuple(gates.split("|")), needed, first_look)


SERVE = (
    r"(?:provide(?! (?:an? |the )?(?:definitive|more))|offer|give|supply|fulfil+"
    r"|assist|help(?! (?:but|feeling|thinking|wondering))|answer|respond|reply|comply|suggest"
    r"|recommend(?![^.]{0,60}\benough\b)|encourage|endorse|promote|condone|support|advi[sc]e"
    r"|advocate|engage|participate|discuss|disclose|share|reveal|generate|create|produce|write"
    r"|compose|tell (?:you|a|any)|facilitate|describe|explain|define|teach|instruct|show|justify"
    r"|glorify|argue|continue with|process|access|browse|open|view|carry out|grant|accommodate"
    r"|entertain|speculate|confirm|verify|list|guide|aid|satisfy|perform|execute|complete|pretend"
    r"|role-?play|do (?:that|this|it|so)\b|make (?:jokes|fun|statements|claims|an? (?:\w+ )?"
    r"exception)|talk (?:about|you)|speak (?:about|to)|let you|go along|hand (?:over|out|you)"
    r"|give (?:you|out|in)|get into (?:that|this|it)|go into (?:that|this|it)\b|pass (?:on|along)"
    r"|walk you (?:through|into)|be (?:an? )?(?:\w+ )?part(?:y)? (?:of|to)|tolerate|normali[sz]e"
    r"|override|bypass|(?:ignore|drop|break|set aside|step out of) (?:my|the|these|those|this"
    r"|that)\b|follow (?:the|that|this|those|these|any) (?:\w+ )?(?:instruction|order|request"
    r"|command))"
)
SERVING = (
    r"(?:provid|offer|giv|supply|help|assist|answer|respond|reply|comply|suggest|support|engag"
    r"|discuss|disclos|shar|reveal|generat|creat|produc|writ|tell|explain|describ|show|do|go)ing\b"
)
CANNOT = (
    r"(?: cannot| can't| can not| can neither| could not| couldn't| won't| will not"
    r"|(?:'m| am) (?:not able to|unable to|not in a position to|not comfortable(?: with)?"
    r"|not (?:going|willing|allowed|permitted|authori[sz]ed|programmed|designed|equipped|capable"
    r"|qualified|trained|supposed|here) (?:to|of))| (?:would not|wouldn't) be able to"
    r"| (?:do not|don't) have the (?:ability|capability|capacity|authority|permission) to)"
)
ASIDE = (
    r"(?:,? (?:\w+ly|in good conscience|(?:and|or) (?:will not|won't)|even|also|just|be able to"
    r"|help or|in any way|in good faith|and won't|and will not),?){0,2}"
)
GOOD = (
    r"(?:appropriate|ethical|acceptable|okay|ok|right|respectful|safe|legal|fair|moral|responsible"
    r"|kind|humane|constructive|productive|healthy|advisable|condoned|tolerated|emulated"
    r"|celebrated|permissible|excusable|justified|justifiable|the answer|a solution)"
)
DECENT = (
    r"(?:appropriate|ethical|acceptable|moral|humane|respectful|responsible|condoned|tolerated"
    r"|emulated|celebrated|permissible|excusable|justified|justifiable|constructive|the answer)"
)
IMMORAL_WORDS = (
    "unethical", "immoral", "inappropriate", "disrespectful", "discriminatory", "offensive",
    "hurtful", "inhumane", "abhorrent", "reprehensible", "irresponsible", "unacceptable",
    "racist", "sexist", "hateful", "derogatory",
)  # fmt: skip
BAD_WORDS = (*IMMORAL_WORDS, "illegal", "unlawful", "harmful", "dangerous", "wrong")
NOT = (
    r"(?=[abiw'])(?:(?:\b(?:is|are|was|were|be)|'s)(?: \w+ly| also)? (?:not(?! only)|never)"
    r"|\b(?:isn't|aren't|wasn't|weren't))(?: \w+ly| ever)?"
)
WRONGED = (
    r"(?:treated|denied|judged|excluded|discriminated|singled|mistreated|punished|hurt|harmed"
    r"|killed|banned|barred|persecuted)\b"
)
IMMORAL = f"(?:{'|'.join(IMMORAL_WORDS)})"
BAD = f"(?:{'|'.join(BAD_WORDS)})"
