"""Keeps texts in the wanted languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from ..checks.language_codes import LANGUAGE_NAMES, code_of, likely_language
from ..checks.languages import language_of
from .base import ColumnFilter
from .columns import Columns

__all__ = ["Language"]


class Language(ColumnFilter):
    """Drops samples whose response (or another text) is in another language.

    Told by py3langid, whose model comes with it. Code blocks and addresses are left out; what is
    too short, or not clearly in one language, is kept, since names, numbers and code are in none.
    """

    kind: ClassVar[str] = "language"
    scalar: ClassVar[str] = "keep"

    keep: tuple[str, ...] = ()
    """Which languages to keep, by their ISO 639-1 codes, such as `[en, de]`."""

    same_as: Literal["", "instruction", "prompt"] = ""
    """Drop what is in another language than this text, where both are clear; for sets of many
    languages. Translations would go, so leave this out where there are any."""

    on: Literal["response", "instruction", "prompt", "rejected"] = "response"
    """Which text: as for `length`."""

    min_chars: PositiveInt = 40
    """Texts with fewer letters are kept."""

    min_probability: Annotated[float, Field(gt=0, le=1)] = 0.98
    """How sure py3langid must be of another language for a sample to go."""

    @model_validator(mode="after")
    def _names_languages(self) -> Self:
        if not self.keep and not self.same_as:
            raise ValueError(
                "nothing to keep: give codes such as `[en]`, or `same_as: instruction`"
            )
        if self.same_as == self.on:
            raise ValueError(f"`same_as: {self.same_as}` is the text itself")
        for code in self.keep:
            if code not in LANGUAGE_NAMES:
                known = ", ".join(LANGUAGE_NAMES)
                raise ValueError(f"{code!r} is no code of a language that can be told: {known}")
        return self

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The language, and how likely it is."""
        reasons = {}
        texts = columns.text(self.on).to_pylist()
        others = columns.text(self.same_as).to_pylist() if self.same_as else texts
        for row, (text, other) in enumerate(zip(texts, others, strict=True)):
            code, probability = likely_language(text, self.min_chars)
            if not code or code in self.keep or probability < self.min_probability:
                continue
            # A second opinion, by script and small words: what it calls wanted stays, such as an
            # English text with quotes in another language.
            if code_of(language_of(text) or "") in self.keep:
                continue
            wanted = list(self.keep)
            if self.same_as:
                asked, sure = likely_language(other, self.min_chars)
                if not asked or asked == code or sure < self.min_probability:
                    continue
                wanted = [asked]
            names = " or ".join(LANGUAGE_NAMES[one] for one in wanted)
            reasons[row] = f"{LANGUAGE_NAMES[code]} ({probability:.2f}), not {names}"
        return reasons
