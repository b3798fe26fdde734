"""The form of a response: bullet points, sections, JSON, one of a few answers, two answers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Self

from pydantic import Field

from .base import VerifiableConstraint, compared
from .keywords import Word

__all__ = ["Bullets", "ConstrainedResponse", "Highlights", "Json", "Sections", "TwoResponses"]

_RULE = re.compile(r"(?:-[ \t]*){3,}")
_FENCED = re.compile(r"```(?:json)?", re.IGNORECASE)
_HIGHLIGHT = re.compile(r"\*[^\n*]*\*")
_STRONG = re.compile(r"\*\*[^\n*]*\*\*")
_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


class Bullets(VerifiableConstraint):
    """Exactly so many bullet points: lines that begin with "-" or with a single "*". A line of
    dashes alone is a rule, no point."""

    id = "detectable_format:number_bullet_lists"
    phrasings = (
        "Your answer must have exactly {num_bullets} bullet points in markdown, such as:\n"
        "* This is point 1.\n* This is point 2.",
        'Give exactly {num_bullets} markdown bullet points, each on a line that starts with "* ".',
    )

    num_bullets: int = Field(ge=1, le=1000)

    def fault(self, text: str) -> str | None:
        count = sum(map(_is_point, text.split("\n")))
        if count == self.num_bullets:
            return None
        return f"it has {count} bullet points; exactly {self.num_bullets} are asked for"

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(num_bullets=dice.randint(2, 7))


class ConstrainedResponse(VerifiableConstraint):
    """One of IFEval's three answers occurs: "My answer is yes.", "… no.", "… maybe."."""

    id = "detectable_format:constrained_response"
    phrasings = (
        "Answer with exactly one of these: 'My answer is yes.', 'My answer is no.', 'My answer is "
        "maybe.'",
        "Choose one of the following answers: 'My answer is yes.', 'My answer is no.', 'My answer "
        "is maybe.'",
    )

    def fault(self, text: str) -> str | None:
        if any(answer in text for answer in _ANSWERS):
            return None
        return f"it has none of the answers {', '.join(_ANSWERS)}"


class Highlights(VerifiableConstraint):
    """At least so many passages between asterisks on one line. As in IFEval, one in double
    asterisks counts once, though empty pairs around it are matched too."""

    id = "detectable_format:number_highlighted_sections"
    phrasings = (
        "Highlight at least {num_highlights} sections of your answer with markdown, like "
        "*this section*.",
        "At least {num_highlights} passages must be *highlighted*, in markdown.",
    )

    num_highlights: int = Field(ge=1, le=1000)

    def fault(self, text: str) -> str | None:
        single = sum(1 for found in _HIGHLIGHT.findall(text) if found.strip("*").strip())
        strong = sum(1 for found in _STRONG.findall(text) if found.strip("*").strip())
        return compared(single + strong, "at least", self.num_highlights, "highlighted passages")

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(num_highlights=dice.randint(1, 4))


class Sections(VerifiableConstraint):
    """At least so many sections, each marked by a word and a number, such as "Section 1"."""

    id = "detectable_format:multiple_sections"
    phrasings = (
        "Your answer must have {num_sections} sections. Mark the beginning of each with "
        "{section_spliter} X, such as:\n{section_spliter} 1\n[content of section 1]\n"
        "{section_spliter} 2\n[content of section 2]",
        "Divide it into {num_sections} sections, headed {section_spliter} 1, {section_spliter} 2 "
        "and so on.",
    )

    section_spliter: Word
    """The word, as it is written; the name of the argument is IFEval's."""
    num_sections: int = Field(ge=1, le=1000)

    def fault(self, text: str) -> str | None:
        count = len(re.findall(rf"{re.escape(self.section_spliter)}\s?\d", text))
        noun = f'sections headed "{self.section_spliter}" with a number'
        return compared(count, "at least", self.num_sections, noun)

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        word = dice.choice(("Section", "SECTION", "Part", "Step"))
        return cls(section_spliter=word, num_sections=dice.randint(2, 4))


class Json(VerifiableConstraint):
    """All of it is JSON (RFC 8259), bare or in one fence of three backticks."""

    id = "detectable_format:json_format"
    phrasings = (
        "Wrap the entire output in JSON. You can use markdown ticks such as ```.",
        "Answer only in JSON.",
        "Give me the whole answer as JSON and nothing beside it.",
    )

    def fault(self, text: str) -> str | None:
        body = text.strip()
        if (fence := _FENCED.match(body)) is not None:
            body = body[fence.end() :].removesuffix("```").strip()
        elif body.endswith("```"):
            body = body.removesuffix("```").strip()
        try:
            json.loads(body)
        except (ValueError, RecursionError) as error:
            return f"it is not JSON ({str(error)[:120]})"
        return None


class TwoResponses(VerifiableConstraint):
    """Two responses that differ, parted by six asterisks."""

    id = "combination:two_responses"
    phrasings = (
        "Give two different responses, separated by six asterisks: ******.",
        "I want two different answers. Put ****** between them and nowhere else.",
    )

    def fault(self, text: str) -> str | None:
        parts = [part.strip() for part in text.split("******")]
        if not all(parts[1:-1]):
            return "two dividers ****** follow each other with nothing between them"
        given = [part for part in parts if part]
        if len(given) != 2:
            return f"it has {len(given)} responses parted by ******; two are asked for"
        return "the two responses are the same" if given[0] == given[1] else None


def _is_point(line: str) -> bool:
    line = line.strip()
    if line.startswith("-"):
        return _RULE.fullmatch(line) is None
    return len(line) > 1 and line[0] == "*" and line[1] != "*"
