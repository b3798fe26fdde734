"""A seed: what a sample is drafted from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Passage", "Seed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a document.

    Attributes:
        source: the document's path or name.
        start, end: character offsets into the document's text, end exclusive.
        text: what stands between them.
        heading: the headings above it, outermost first, joined by " > ".
    """

    source: str
    start: int
    end: int
    text: str
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """What a sample is drafted from: a task, a passage, or a row of a dataset.

    Attributes:
        source: where it came from, `file#line` or `file:start-end`.
        instruction: a task in words, or "".
        input: what the task is applied to, or "".
        answer: a known answer, or "".
        passage: a piece of a document, or None.
        fields: the row as it was read, for templates that need more.
        licence: the licence of the source, or "".
        failure_group: the group of evaluation failures that it stands for, or "".
    """

    source: str
    instruction: str = ""
    input: str = ""
    answer: str = ""
    passage: Passage | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    failure_group: str = ""

    @property
    def id(self) -> str:
        """Hash of the content (32 hex digits); where the seed lies is no part of it."""
        # Kept by hand: until Python 3.12 `cached_property` takes a lock, and every seed is asked.
        found: str | None = self.__dict__.get("_id")
        if found is None:
            found = self.__dict__["_id"] = self._hash()
        return found

    def _hash(self) -> str:
        passage = self.passage.text if self.passage is not None else None
        content = orjson.dumps(
            [self.instruction, self.input, self.answer, passage, self.fields],
            default=str,
            option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
        )
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    @property
    def text(self) -> str:
        """The words of the seed: the passage, or the instruction with its input."""
        if self.passage is not None:
            return self.passage.text
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction
