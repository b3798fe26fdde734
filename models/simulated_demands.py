"""Demands on single fields that stand in a prompt, and how the simulated model meets them.

They are lines such as `- chosen: contains "HALYARD-4827"` under "A program will check this:", as
`checks/demands.py` words them. What is not understood is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import partial

from .simulated_length import length_asked, of_length
from .simulated_phrases import AGREES, DECLINE, DECLINE_IN_LANGUAGES, IN_LANGUAGES, UNANSWERED
from .simulated_prompt import Prompt

__all__ = ["Demands"]

_HEADING = "A program will check this:"
_LINE = re.compile(r"^- (\w+): (.+)$", re.MULTILINE)
_CONTAINS = re.compile(r'contains "(.+)"$')
_ENDS = re.compile(r'ends with "(.+)"$')
_WITHOUT = re.compile(r'does not contain "(.+)"$')
_QUOTE = re.compile(r"is a quote from (\w+), word for word$")
_APART = re.compile(r"does not occur in (\w+)$")
_HOLDS = re.compile(r"contains (\w+), word for word$")
_LACKS = re.compile(r"does not contain (\w+)$")
_LANGUAGE = re.compile(r"is written in (\w+)$")
_AT_MOST = re.compile(r"has at most (\d+) words$")
_OVER = re.compile(r"has more than (\d+) words$")
_NUMBER = re.compile(r"\d+")
_PIECE = re.compile(r"[^.!?\n。！？]{3,160}(?![A-Za-z0-9])[.!?。！？]?")


class Demands:
    """The demands of one prompt.

    Args:
        prompt: what was asked.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._by_field: dict[str, list[str]] = {}
        self._written: dict[str, str] = {}
        self._prompt = prompt
        for text in prompt.user[:1]:
            for field, demand in _LINE.findall(text.partition(_HEADING)[2]):
                self._by_field.setdefault(field, []).append(demand.strip())

    def __bool__(self) -> bool:
        return bool(self._by_field)

    def met(self, field: str, text: str, filler: Callable[[], str], *, spoilt: bool) -> str:
        """The text of a field, changed so that it meets what is demanded of it.

        Args:
            field: the field's name.
            text: what would be written without demands.
            filler: makes one more sentence.
            spoilt: whether the draft is flawed on purpose, so that its answer stays as it is.
        """
        demands = self._by_field.get(field, ())
        if not (spoilt and field in ("chosen", "response", "answer")):
            for demand in demands:
                text = self._said(demand, text, filler)
            if (wanted := self.length(field)) is None:
                text = self._finished(text, demands, filler)
            else:
                text = self._as_long(text, wanted, demands, filler)
        self._written[field] = text
        return text

    def _as_long(
        self, text: str, wanted: int, demands: Sequence[str], filler: Callable[[], str]
    ) -> str:
        # Who is told a length keeps to that, and not to a limit that is far above it.
        demands = [demand for demand in demands if not _AT_MOST.match(demand)]
        more = filler
        if text == AGREES or any(_LANGUAGE.match(demand) for demand in demands):
            # It knows no more words that agree, or of another language: so it says them again.
            more = partial(str, text)
        # What is put around the text counts as well.
        around = len(self._finished(text, demands, filler)) - len(text)
        return self._finished(of_length(text, wanted - around, more), demands, filler)

    def length(self, field: str, **written: str) -> int | None:
        """How many characters the field is to have, or None where nothing is said of that.

        Args:
            written: fields that it may be compared with, beside those that have been met.
        """

        def length(name: str) -> int:
            return len(written.get(name) or self._source(name))

        lengths = (length_asked(demand, length) for demand in self._by_field.get(field, ()))
        return next((length for length in lengths if length is not None), None)

    def _said(self, demand: str, text: str, filler: Callable[[], str]) -> str:
        """What is said where a demand is about that."""
        if found := _LANGUAGE.match(demand):
            return _in_language(text, found[1])
        if demand == "declines":
            # Whoever declines says a little more than that; it is cut where a length is asked for.
            return f"{DECLINE} {filler()} {filler()}"
        if demand.startswith("agrees to help"):
            return AGREES
        if demand == "has no digit":
            return _NUMBER.sub("several", text)
        if demand.startswith("says that the text does not say it"):
            return UNANSWERED
        return text

    def _finished(self, text: str, demands: Sequence[str], filler: Callable[[], str]) -> str:
        """What is said with all that is demanded of its form and of single words in it."""
        for demand in demands:
            text = self._formed(demand, text, filler, demands)
        for demand in demands:
            if found := _ENDS.match(demand):
                text = f"{text}\n{found[1]}"
        return text

    def _formed(
        self, demand: str, text: str, filler: Callable[[], str], others: Sequence[str]
    ) -> str:
        if found := _CONTAINS.match(demand):
            return _with(text, found[1])
        if found := _AT_MOST.match(demand):
            return _shortened(text, int(found[1]))
        if found := _OVER.match(demand):
            return _lengthened(text, int(found[1]), filler)
        if demand.startswith("is one JSON object"):
            return json.dumps({"reply": text}, ensure_ascii=False)
        if demand.startswith("has a bulleted"):
            return "\n".join(f"- {piece.strip()}" for piece in _PIECE.findall(text))
        if found := _HOLDS.match(demand):
            return _with(text, self._written.get(found[1], ""))
        if found := _LACKS.match(demand):
            return text.replace(self._written.get(found[1], "") or "\0", "something else")
        if found := _QUOTE.match(demand):
            return self._quote(found[1], text, others)
        return text

    def _quote(self, field: str, text: str, others: Sequence[str]) -> str:
        source = self._source(field)
        apart = [found[1] for other in others if (found := _APART.match(other))]
        without = [found[1] for other in others if (found := _WITHOUT.match(other))]
        least = max((int(found[1]) for other in others if (found := _OVER.match(other))), default=0)
        pieces: list[str] = [piece.strip() for piece in _PIECE.findall(source)]
        for piece in reversed(pieces):
            if len(piece.split()) <= least:
                continue
            if any(piece in self._source(name) for name in apart):
                continue
            if not any(words in piece for words in without) and "sorry" not in piece:
                return piece
        return pieces[-1] if pieces else text

    def _source(self, name: str) -> str:
        given = self._prompt.tagged(name) or (name == "chosen" and self._prompt.tagged("response"))
        return self._written.get(name) or given or ""


def _with(text: str, words: str) -> str:
    return text if words in text else f"{text} Note: {words}."


def _in_language(text: str, language: str) -> str:
    if language == "English":
        return text
    said = DECLINE_IN_LANGUAGES if text.startswith(DECLINE) else IN_LANGUAGES
    return said.get(language, text)


def _shortened(text: str, most: int) -> str:
    # Room is left for what other demands add.
    words = text.split()
    return text if len(words) <= most else " ".join(words[: most * 2 // 3])


def _lengthened(text: str, least: int, filler: Callable[[], str]) -> str:
    while len(text.split()) <= least + 5:
        text = f"{text} {filler()}"
    return text
