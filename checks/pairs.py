"""Are the two halves of a preference pair alike in what should not set them apart?

A model that is trained on pairs learns whatever tells the chosen half from the rejected one, and
length tells them apart in most pairs that models write: refusals are short, good answers long
(Singhal et al., "A Long Way to Go: Investigating Length Correlations in RLHF", arXiv 2310.03716).
To bound the ratio of lengths is not enough for that: halves of which one is always a little
shorter are told apart by it in every single pair. So for each pair it is drawn which half is to be
the longer one, each as often as the other, and the ratio is bounded besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from ..records import Check
from .sentences import split_sentences
from .texts import count_words, normalise, split_words

__all__ = ["ALIKE", "EVEN", "Likeness", "lengths_differ", "shared_sentence"]

ALIKE = "halves alike in length"
"""The name of the check of lengths; where it is undecided, they differ by the flaw itself."""

EVEN = 1.03
"""Halves of which the longer one has at most 3 % more characters are equally long: nobody learns
from less."""

_LEAST_WORDS = 6
"""Shorter sentences, such as a greeting or a signature, may stand in both halves."""

A_TENTH = 1.1  # seen by whoever writes, and too little to be learnt from
_FEW = 20  # characters, by which short halves may differ whatever the ratio
_SPACED = 12  # characters a word; scripts without spaces have one or two, base64 hundreds


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike in length the halves of a pair are to be.

    Attributes:
        most: how many times as long as the shorter half the longer one may be, above 1.
        longer: the half that is to be the longer one; "" where edits settle it.
        fields: what the halves are called in a draft.
        by: how many times as long the longer half is to be.
    """

    most: float
    longer: Literal["chosen", "rejected", ""] = ""
    fields: tuple[str, str] = ("chosen", "rejected")
    by: float = A_TENTH

    @classmethod
    def drawn(
        cls,
        most: float,
        key: str,
        fields: tuple[str, str] = ("chosen", "rejected"),
        by: float = A_TENTH,
    ) -> Likeness:
        """With a longer half that is drawn by a key; each is the longer one as often."""
        odd = blake2b(f"{key}/longer".encode(), digest_size=1).digest()[0] & 1
        return cls(most, "rejected" if odd else "chosen", fields, by)

    def words(self, chosen: str = "", *, edited: bool = False) -> str:
        """What is demanded of the rejected half, as it is said to the model.

        Args:
            chosen: the chosen half where it is written already; its length is said then.
            edited: whether the rejected half is told by edits.
        """
        by = f"by about {self.by - 1:.0%}"
        aim = {
            "rejected": f"{by} longer, not shorter, and at most {self.most:g} times as long",
            "chosen": f"{by} shorter, not longer, and at least {1 / self.most:.2f} times as long",
            "": f"between {1 / self.most:.2f} and {self.most:g} times as long",
        }[self.longer]
        one, other = self.fields
        subject = f"make of {one} a response that is" if edited else "is"
        said = f"{subject} about as long as {one}, so that their lengths tell nothing: {aim}"
        if not chosen:
            return said
        return f"{said}. As {one} has {_size(chosen)}, {other} {self._wanted(chosen)}"

    def check(self, chosen: str, rejected: str) -> Check:
        """Whether the halves are as alike as that; the detail gives both lengths."""
        low, high = self._bounds(len(chosen))
        found = f"{len(chosen)} and {len(rejected)} characters"
        return Check(ALIKE, low <= len(rejected) <= high, found)

    def fault(self, chosen: str, rejected: str) -> str | None:
        """What is wrong with the lengths, in words that can be sent back to the model, or None."""
        if self.check(chosen, rejected).passed:
            return None
        one, other = self.fields
        return (
            f"'{other}' has {_size(rejected)}, and '{one}' has {_size(chosen)}: leave '{one}' as"
            f" it is; '{other}' {self._wanted(chosen)}, so that the length does not tell the one"
            " from the other"
        )

    def _bounds(self, chosen: int) -> tuple[int, int]:
        """The least and the greatest length of the rejected half, in characters."""
        least, most = min(chosen / self.most, chosen - _FEW), max(chosen * self.most, chosen + _FEW)
        if self.longer == "rejected":
            least = chosen / EVEN
        elif self.longer == "chosen":
            most = chosen * EVEN
        return max(1, round(least)), round(most)

    def _wanted(self, chosen: str) -> str:
        factor = {"rejected": self.by, "chosen": 1 / self.by, "": 1.0}[self.longer]
        low, high = self._bounds(len(chosen))
        words = round(count_words(chosen) * factor)
        return f"must have {low} to {high} characters, best about {round(len(chosen) * factor)}" + (
            f" ({words} words)" if _spaced(chosen) else ""
        )


def lengths_differ(why: str) -> Check:
    """The check of lengths where they differ by the flaw itself, for the reason that is given."""
    return Check(ALIKE, None, f"not demanded: {why}")


def shared_sentence(one: str, other: str) -> str | None:
    """The first sentence of the one text, of six words or more, that stands in the other as well,
    or None: of a refusal and an answer it shows that the refusal answers all the same."""
    there = normalise(other)
    for line in one.splitlines():
        for sentence in split_sentences(line):
            if len(split_words(sentence)) >= _LEAST_WORDS and normalise(sentence) in there:
                return sentence
    return None


def _spaced(text: str) -> bool:
    return 3 < len(text) / max(1, count_words(text)) < _SPACED


def _size(text: str) -> str:
    words = f" ({count_words(text)} words)" if _spaced(text) else ""
    return f"{len(text)} characters{words}"
