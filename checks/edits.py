"""A text with some of its words replaced: told by quotes of what goes and by what comes instead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .quotes import Place, find_quote
from .sentences import split_sentences

__all__ = ["Edited", "apply_edits"]


class Edited(NamedTuple):
    """A text after its edits, and the sentence that the first of them is in."""

    text: str
    where: str


def apply_edits(text: str, edits: Sequence[tuple[str, str]]) -> Edited | str:
    """The edited text, or what is wrong with an edit, in words for who gave it.

    Args:
        text: what is edited.
        edits: what is replaced, each a quote that stands in the text once, and what stands there
            instead. An edit that is given twice counts once.
    """
    placed: list[tuple[Place, str]] = []
    for quote, instead in dict.fromkeys(edits):
        at = text.find(quote) if text.count(quote) == 1 else -1
        place = Place(at, at + len(quote)) if at >= 0 else find_quote(quote, text)
        if isinstance(place, str):
            return place
        if text[place.start : place.end] == instead:
            return f"the edit of {quote!r} changes nothing"
        placed.append((place, instead))
    placed.sort()
    for (one, _), (other, _) in pairwise(placed):
        if other.start < one.end:
            return "two edits are about the same words; make one of them"
    made, at = [], 0
    for place, instead in placed:
        made += [text[at : place.start], instead]
        at = place.end
    edited = "".join([*made, text[at:]])
    return Edited(edited, _sentence_at(edited, placed[0][0].start) if placed else "")


def _sentence_at(text: str, at: int) -> str:
    """The sentence, or the line, that a place of the text is in."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    place = 0
    for sentence in split_sentences(line):
        place = line.find(sentence, place) + len(sentence)
        if at - start < place:
            return sentence
    return line.strip()
