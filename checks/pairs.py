"""Are the two halves of a preference pair alike in what should not set them apart?"""

from __future__ import annotations

from ..records import Check
from .sentences import split_sentences
from .texts import normalise, split_words

__all__ = ["alike_in_length", "length_fault", "shared_sentence"]

_LEAST_WORDS = 6
"""Shorter sentences, such as a greeting or a signature, may stand in both halves."""

_RATIO = 2.5
_SHORT = 200  # characters; below it, a ratio of lengths says nothing


def alike_in_length(chosen: str, rejected: str) -> Check:
    """Whether the longer half has at most 2.5 times the characters of the other, or at most 200;
    a reward model would learn the length otherwise. The detail gives both lengths."""
    shorter, longer = sorted((len(chosen), len(rejected)))
    return Check(
        "halves alike in length",
        longer <= max(_SHORT, _RATIO * shorter),
        f"{len(chosen)} and {len(rejected)} characters",
    )


def length_fault(chosen: str, rejected: str) -> str | None:
    """What is wrong with the lengths, in words that can be sent back to the model, or None."""
    if alike_in_length(chosen, rejected).passed:
        return None
    name, other = ("chosen", "rejected") if len(chosen) > len(rejected) else ("rejected", "chosen")
    ratio = max(len(chosen), len(rejected)) / max(1, min(len(chosen), len(rejected)))
    return (
        f"'{name}' is {ratio:.1f} times as long as '{other}'; make them about equally long, so "
        "that they do not differ in length"
    )


def shared_sentence(one: str, other: str) -> str | None:
    """The first sentence of the one text, of six words or more, that stands in the other as well,
    or None: of a refusal and an answer it shows that the refusal answers all the same."""
    there = normalise(other)
    for line in one.splitlines():
        for sentence in split_sentences(line):
            if len(split_words(sentence)) >= _LEAST_WORDS and normalise(sentence) in there:
                return sentence
    return None
