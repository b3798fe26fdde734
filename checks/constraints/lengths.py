"""How many sentences, paragraphs and words a response has."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from ..sentences import split_sentences
from .base import Relation, VerifiableConstraint, compared
from .keywords import Word

__all__ = ["FirstWord", "NumberOfParagraphs", "NumberOfSentences", "NumberOfWords"]

_WORD = re.compile(r"\w+")
_STARTERS = ("first", "today", "however", "still", "overall", "finally", "most", "sometimes", "yes")


class NumberOfSentences(VerifiableConstraint):
    """At least, or less than, so many sentences, as `split_sentences` counts them."""

    id = "length_constraints:number_sentences"
    phrasings = (
        "Your answer should have {relation} {num_sentences} sentences.",
        "Use {relation} {num_sentences} sentences.",
    )

    relation: Relation
    num_sentences: int = Field(ge=1, le=10_000)

    def fault(self, text: str) -> str | None:
        count = len(split_sentences(text))
        return compared(count, self.relation, self.num_sentences, "sentences")

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        relation: Relation = dice.choice(("at least", "less than"))
        return cls(relation=relation, num_sentences=dice.randint(3, 12))


class NumberOfWords(VerifiableConstraint):
    """At least, or less than, so many words: runs of letters, digits and underscores, so that
    "don't" counts as two, as in IFEval."""

    id = "length_constraints:number_words"
    phrasings = (
        "Answer with {relation} {num_words} words.",
        "Your answer should have {relation} {num_words} words.",
        "The answer should come to {relation} {num_words} words.",
    )

    relation: Relation
    num_words: int = Field(ge=1, le=100_000)

    def fault(self, text: str) -> str | None:
        return compared(len(_WORD.findall(text)), self.relation, self.num_words, "words")

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        if dice.random() < 0.5:
            return cls(relation="at least", num_words=10 * dice.randint(4, 30))
        return cls(relation="less than", num_words=10 * dice.randint(6, 30))


class NumberOfParagraphs(VerifiableConstraint):
    """Exactly so many paragraphs, parted by three asterisks; an empty one is a fault."""

    id = "length_constraints:number_paragraphs"
    phrasings = (
        "Write {num_paragraphs} paragraphs, separated by the markdown divider ***.",
        "There should be {num_paragraphs} paragraphs, with *** between them.",
    )

    num_paragraphs: int = Field(ge=1, le=1000)

    def fault(self, text: str) -> str | None:
        parts = [part.strip() for part in text.split("***")]
        if not all(parts[1:-1]):
            return "two dividers *** follow each other without a paragraph between them"
        count = sum(map(bool, parts))
        if count == self.num_paragraphs:
            return None
        return f"it has {count} paragraphs parted by ***; {self.num_paragraphs} are asked for"

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(num_paragraphs=dice.randint(2, 5))


class FirstWord(VerifiableConstraint):
    """Exactly so many paragraphs, parted by an empty line, one of which starts with a given
    word."""

    id = "length_constraints:nth_paragraph_first_word"
    phrasings = (
        "Write exactly {num_paragraphs} paragraphs with a blank line between them and nowhere "
        'else. Paragraph {nth_paragraph} must start with the word "{first_word}".',
        "I need {num_paragraphs} paragraphs, parted by one blank line each, and the first word of "
        'paragraph {nth_paragraph} has to be "{first_word}".',
    )

    num_paragraphs: int = Field(ge=1, le=1000)
    nth_paragraph: int = Field(ge=1, le=1000)
    """Which of the paragraphs, from 1."""
    first_word: Word

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.nth_paragraph > self.num_paragraphs:
            raise ValueError(
                f"nth_paragraph is {self.nth_paragraph}, but there are only "
                f"{self.num_paragraphs} paragraphs"
            )
        if len(self.first_word.split()) > 1:
            raise ValueError(f"first_word must be a single word, not {self.first_word!r}")
        return self

    def fault(self, text: str) -> str | None:
        # As in IFEval, empty paragraphs are not counted, but keep their place.
        parts = text.split("\n\n")
        count = sum(1 for part in parts if part.strip())
        if count != self.num_paragraphs:
            return (
                f"it has {count} paragraphs parted by blank lines; {self.num_paragraphs} are "
                "asked for"
            )
        words = parts[self.nth_paragraph - 1].split(None, 1)
        first = re.split(r"[.,?!'\"]", words[0].lstrip("'").lstrip('"'))[0] if words else ""
        if first.lower() == self.first_word.lower():
            return None
        return f'paragraph {self.nth_paragraph} starts with "{first}", not with "{self.first_word}"'

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        count = dice.randint(2, 4)
        return cls(
            num_paragraphs=count,
            nth_paragraph=dice.randint(1, count),
            first_word=dice.choice(_STARTERS),
        )
