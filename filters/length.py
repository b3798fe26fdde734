"""Keeps texts of the right length."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import NonNegativeInt, model_validator

from ..checks import count_words
from ..records import Sample
from .base import Filter

__all__ = ["Length"]


class Length(Filter):
    """Drops samples whose response (or another text) is too short or too long.

    Words are counted as a word processor does: a piece between white space that holds a letter
    or digit is one word, and each character of a script without spaces (Chinese, Japanese, Thai,
    Lao, Burmese, Khmer) is one. Characters are Unicode code points, white space included.
    """

    kind: ClassVar[str] = "length"

    of: Literal["response", "instruction", "prompt", "rejected"] = "response"
    """Which text: the last assistant message, the last user message, all before the last
    assistant message, or the last assistant message of the rejected half. A sample without a
    rejected half is kept under `rejected`."""

    min_words: NonNegativeInt | None = None
    """Least number of words."""

    max_words: NonNegativeInt | None = None
    """Greatest number of words."""

    min_chars: NonNegativeInt | None = None
    """Least number of characters."""

    max_chars: NonNegativeInt | None = None
    """Greatest number of characters."""

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        words, chars = (self.min_words, self.max_words), (self.min_chars, self.max_chars)
        if words == chars == (None, None):
            raise ValueError(
                "no bound: give at least one of `min_words`, `max_words`, `min_chars`, `max_chars`"
            )
        for unit, (least, most) in (("words", words), ("chars", chars)):
            if least is not None and most is not None and least > most:
                raise ValueError(
                    f"`min_{unit}: {least}` is above `max_{unit}: {most}`, so nothing would be kept"
                )
        return self

    def reason_to_drop(self, sample: Sample) -> str | None:
        """The first bound that is broken: of characters, then of words."""
        text = self._text(sample)
        if text is None:
            return None
        if self.min_chars is not None or self.max_chars is not None:
            reason = _outside(len(text), self.min_chars, self.max_chars, "characters")
            if reason is not None:
                return reason
        if self.min_words is not None or self.max_words is not None:
            return _outside(count_words(text), self.min_words, self.max_words, "words")
        return None

    def _text(self, sample: Sample) -> str | None:
        match self.of:
            case "response":
                return sample.response
            case "instruction":
                return sample.instruction
            case "prompt":
                return sample.prompt
            case "rejected":
                return sample.rejected_response if sample.rejected else None


def _outside(count: int, least: int | None, most: int | None, unit: str) -> str | None:
    if least is not None and count < least:
        return f"{count} {unit}, fewer than {least}"
    if most is not None and count > most:
        return f"{count} {unit}, more than {most}"
    return None
