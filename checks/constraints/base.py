"""What a verifiable constraint is."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict

__all__ = ["Relation", "VerifiableConstraint", "compared", "in_quotes", "times"]

Relation = Literal["at least", "less than"]
"""How a count stands to its limit."""


class VerifiableConstraint(BaseModel, ABC):
    """A requirement on a response that can be seen to be met without a model.

    A subclass is one kind: its `id` and the names of its fields are those of IFEval (Zhou et al.,
    arXiv 2311.07911), its fields are its arguments. It says the requirement in words, and finds
    what is wrong with a text.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, str_strip_whitespace=True
    )

    id: ClassVar[str]
    """The kind's name."""

    phrasings: ClassVar[tuple[str, ...]]
    """Ways to ask for it, with the arguments' names in braces."""

    @abstractmethod
    def fault(self, text: str) -> str | None:
        """What is wrong with a response, in words that can be sent back to its author; None where
        the constraint is met. White space alone is no response, and never given."""

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        """The constraint with arguments by chance; None where these words do not suffice.

        Args:
            words: words of the subject, for keywords; all different, in lower case.
        """
        return cls()

    def sentence(self, variant: int = 0) -> str:
        """The requirement in words, as one writes it behind an instruction.

        Args:
            variant: any number; it chooses one of the phrasings.
        """
        return self.phrasings[variant % len(self.phrasings)].format(**self.spoken())

    def spoken(self) -> dict[str, object]:
        """What the phrasings name: the arguments, as words."""
        return dict(self)

    def bound(self, instruction: str) -> Self:
        """The constraint where it depends on the instruction that it is put behind."""
        return self

    def met(self, text: str, *, loose: bool = False) -> bool:
        """Whether a response meets the constraint.

        Args:
            loose: also accept it without its first line, its last line, or both, and each of
                these without asterisks, as IFEval does to forgive a preamble and emphasis.
        """
        if not loose:
            return bool(text.strip()) and self.fault(text) is None
        return any(self.met(form) for form in _loosened(text))


def _loosened(text: str) -> dict[str, None]:
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return dict.fromkeys([*cut, *(form.replace("*", "") for form in cut)])


def compared(count: int, relation: Relation, limit: int, noun: str) -> str | None:
    """The fault of a count, or None where it is as it should be.

    Args:
        noun: what was counted, in the plural.
    """
    if (count < limit) is (relation == "less than"):
        return None
    return f"it has {count} {noun}; {relation} {limit} are asked for"


def times(count: int) -> str:
    """ "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def in_quotes(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence, each in quotation marks."""
    quoted: list[str] = [f'"{word}"' for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
