"""Keeps texts without unwanted words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from ..checks.patterns import Patterns, in_any_case
from ..errors import RecipeError
from .base import ColumnFilter
from .columns import Columns

__all__ = ["Blocklist"]


class Blocklist(ColumnFilter):
    """Drops samples in which one of some words or phrases stands.

    A word is found where it stands as a word: "ass" is not in "class", and "c++" is found though
    it ends in signs. Letters, digits and the underscore on either side make it another word; in
    scripts without spaces a word is found wherever it stands. White space in a phrase stands for
    any. Case does not count unless `case` says so. `*` at the end of a word stands for more.
    """

    kind: ClassVar[str] = "blocklist"
    scalar: ClassVar[str] = "words"

    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The words and phrases."""

    file: str = ""
    """A file with more of them, one a line; empty lines and those that begin with `#` are passed
    over."""

    on: tuple[Literal["response", "instruction", "prompt", "rejected", "system"], ...] = (
        "prompt",
        "response",
    )
    """In which texts to look: as for `length`, and the system message."""

    case: bool = False
    """Whether case counts."""

    at_least: Annotated[int, Field(ge=1)] = 1
    """How often the words must stand in a text, together, for the sample to go."""

    _search: _Search | None = PrivateAttr(default=None)
    _read: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not any(word.strip() for word in self.words) and not self.file:
            raise ValueError("nothing to look for: give `words`, or a `file` with one a line")
        return self

    def prepare(self, folder: Path) -> None:
        """Read the file."""
        if not self.file:
            return
        path = folder / Path(self.file).expanduser()
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise RecipeError(
                f"blocklist.file: {path} cannot be read ({error.strerror}): name a text file"
                " with a word a line"
            ) from error
        except UnicodeDecodeError as error:
            raise RecipeError(
                f"blocklist.file: {path} is not UTF-8 (byte {error.start})"
            ) from error
        lines = [line.strip() for line in text.splitlines()]
        self._read = tuple(line for line in lines if line and not line.startswith("#"))
        if not self._read:
            raise RecipeError(f"blocklist.file: {path} holds no word")
        self._search = None

    @property
    def contents(self) -> Any:
        return list(self._read) or None

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The first word that is found, as it stands there."""
        if self.file and not self._read:
            self.prepare(Path())
        if self._search is None:
            self._search = _Search((*self.words, *self._read), self.case)
        reasons: dict[int, str] = {}
        for name in self.on:
            texts = columns.text(name)
            for row in self._search.gate.rows_with_any(columns.bytes(name)).tolist():
                found = self._search.pattern.findall(texts[row].as_py())
                if len(found) >= self.at_least:
                    reasons.setdefault(row, f'"{" ".join(found[0].split())}" in the {name}')
        return reasons


class _Search:
    """Finds words where they stand as words.

    Attributes:
        gate: patterns for whole columns, of which one is found wherever `pattern` is.
        pattern: finds the words alone.
    """

    def __init__(self, words: tuple[str, ...], case: bool) -> None:
        longest = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
        exact = "|".join(_one(word, r"(?<!\w)", r"(?!\w)", re.escape) for word in longest)
        any_case = re.escape if case else in_any_case
        self.gate = Patterns([_one(word, "", "", any_case) for word in longest], case=case)
        self.pattern = re.compile(exact, 0 if case else re.IGNORECASE)


def _one(word: str, before: str, after: str, written: Callable[[str], str]) -> str:
    more = word.endswith("*") and len(word) > 1
    word = word[:-1] if more else word
    body = r"\s+".join(map(written, word.split()))
    opening = before if _LETTER.match(word[0]) else ""
    closing = after if _LETTER.match(word[-1]) and not more else ""
    return f"{opening}{body}{closing}"


_LETTER = re.compile(r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""What has to stand alone: a letter or digit of a script that has spaces between words."""
