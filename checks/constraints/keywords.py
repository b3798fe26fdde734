"""Words and letters that a response must or must not have."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator

from .base import Relation, VerifiableConstraint, compared, in_quotes, times

__all__ = ["ForbiddenWords", "KeywordFrequency", "Keywords", "LetterFrequency", "Word"]

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Keywords(VerifiableConstraint):
    """All keywords occur, in any case; as in IFEval, also as a part of a longer word."""

    id = "keywords:existence"
    phrasings = (
        "Include the keywords {keywords} in your answer.",
        "Your answer has to mention {keywords}.",
        "Please work {keywords} into the answer.",
    )

    keywords: tuple[Word, ...] = Field(min_length=1, max_length=20)
    """Words or phrases."""

    def spoken(self) -> dict[str, object]:
        return {"keywords": in_quotes(self.keywords)}

    def fault(self, text: str) -> str | None:
        lower = text.lower()
        missing = [word for word in self.keywords if word.lower() not in lower]
        return f"it does not have the keywords {in_quotes(missing)}" if missing else None

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        count = dice.randint(1, 3)
        return cls(keywords=tuple(dice.sample(words, count))) if len(words) >= count else None


class KeywordFrequency(VerifiableConstraint):
    """A word occurs at least, or less than, so many times, in any case; as in IFEval, also as a
    part of a longer word."""

    id = "keywords:frequency"
    phrasings = (
        'The word "{keyword}" should appear {relation} {frequency} in your answer.',
        'Use the word "{keyword}" {relation} {frequency}.',
    )

    relation: Relation
    keyword: Word
    frequency: int = Field(ge=1, le=1000)

    def spoken(self) -> dict[str, object]:
        return {**dict(self), "frequency": times(self.frequency)}

    def fault(self, text: str) -> str | None:
        count = text.lower().count(self.keyword.lower())
        return compared(count, self.relation, self.frequency, f'occurrences of "{self.keyword}"')

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        if not words:
            return None
        relation: Relation = dice.choice(("at least", "at least", "less than"))
        return cls(relation=relation, keyword=dice.choice(words), frequency=dice.randint(2, 4))


class ForbiddenWords(VerifiableConstraint):
    """None of the words occurs as a word of its own, in any case."""

    id = "keywords:forbidden_words"
    phrasings = (
        "Do not use {forbidden_words} in your answer.",
        "Answer without the words {forbidden_words}.",
        "Avoid {forbidden_words} throughout.",
    )

    forbidden_words: tuple[Word, ...] = Field(min_length=1, max_length=50)
    """Words or phrases."""

    def spoken(self) -> dict[str, object]:
        last = "or"
        return {"forbidden_words": in_quotes(self.forbidden_words, last)}

    def fault(self, text: str) -> str | None:
        found = [
            word
            for word in self.forbidden_words
            if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
        ]
        return f"it has the forbidden words {in_quotes(found)}" if found else None

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        count = dice.randint(1, 3)
        if len(words) < count:
            return None
        return cls(forbidden_words=tuple(dice.sample(words, count)))


class LetterFrequency(VerifiableConstraint):
    """A letter (or another character) occurs at least, or less than, so many times, in any
    case."""

    id = "keywords:letter_frequency"
    phrasings = (
        'The letter "{letter}" should appear {let_relation} {let_frequency} in your answer.',
        'Use the letter "{letter}" {let_relation} {let_frequency}.',
    )

    let_relation: Relation
    letter: str
    let_frequency: int = Field(ge=1, le=10_000)

    @field_validator("letter")
    @classmethod
    def _one(cls, letter: str) -> str:
        if len(letter) != 1:
            raise ValueError(f"a single letter is needed, not {letter!r}")
        return letter

    def spoken(self) -> dict[str, object]:
        return {**dict(self), "let_frequency": times(self.let_frequency)}

    def fault(self, text: str) -> str | None:
        count = text.lower().count(self.letter.lower())
        noun = f'letters "{self.letter}"'
        return compared(count, self.let_relation, self.let_frequency, noun)

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        if dice.random() < 0.3:
            # Few words have these, so that an upper limit can be kept.
            relation: Relation = "less than"
            return cls(
                let_relation=relation, letter=dice.choice("jqxz"), let_frequency=dice.randint(2, 4)
            )
        letter = dice.choice("aeilnorstcdmpu")
        return cls(let_relation="at least", letter=letter, let_frequency=dice.randint(5, 25))
