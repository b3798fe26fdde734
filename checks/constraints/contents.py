"""Things that must stand in a response: placeholders, a postscript, a title."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Self

from pydantic import Field

from .base import VerifiableConstraint, compared
from .keywords import Word

__all__ = ["Placeholders", "Postscript", "Title"]

_POSTSCRIPTS = {
    "P.S.": re.compile(r"p\.\s?s\."),
    "P.P.S": re.compile(r"p\.\s?p\.\s?s"),
}


class Placeholders(VerifiableConstraint):
    """At least so many placeholders in square brackets, each on one line."""

    id = "detectable_content:number_placeholders"
    phrasings = (
        "Use at least {num_placeholders} placeholders in square brackets, such as [address].",
        "It must contain {num_placeholders} or more placeholders like [name], in square brackets.",
    )

    num_placeholders: int = Field(ge=1, le=1000)

    def fault(self, text: str) -> str | None:
        count = sum(map(_placeholders, text.split("\n")))
        return compared(count, "at least", self.num_placeholders, "placeholders in brackets")

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(num_placeholders=dice.randint(1, 4))


class Postscript(VerifiableConstraint):
    """A postscript that begins with a marker; as in IFEval it is looked for anywhere."""

    id = "detectable_content:postscript"
    phrasings = (
        "At the end, add a postscript that starts with {postscript_marker}",
        "Close with a postscript, marked {postscript_marker}",
    )

    postscript_marker: Word
    """"P.S.", "P.P.S", or any other marker."""

    def fault(self, text: str) -> str | None:
        marker = self.postscript_marker
        known = _POSTSCRIPTS.get(marker)
        lower = text.lower()
        found = known.search(lower) if known is not None else marker.lower() in lower
        return None if found else f"it has no postscript that starts with {marker}"

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(postscript_marker=dice.choice(("P.S.", "P.S.", "P.P.S")))


class Title(VerifiableConstraint):
    """A title in double angular brackets, on one line."""

    id = "detectable_format:title"
    phrasings = (
        "Give your answer a title in double angular brackets, such as <<poem of joy>>.",
        "It needs a title, wrapped like this: <<a title>>.",
    )

    def fault(self, text: str) -> str | None:
        for line in text.split("\n"):
            start = line.find("<<")
            end = line.rfind(">>")
            if 0 <= start < end and line[start:end].strip("<> \t\r"):
                return None
        return "it has no title in double angular brackets, <<like this>>"


def _placeholders(line: str) -> int:
    """How many pairs of brackets there are, each from its opening to the nearest closing one."""
    count = place = 0
    while (start := line.find("[", place)) >= 0 and (end := line.find("]", start)) >= 0:
        count, place = count + 1, end + 1
    return count
