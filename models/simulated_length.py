"""How long a prompt says that a text is to be, and how the simulated model makes it so: by whole
sentences in the middle of the text, where it can, since what matters stands at its ends."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["cut", "length_asked", "of_length"]

_BEST = re.compile(r"\bbest about (\d+)\b")
_AS_LONG = re.compile(r"\babout as long as (\w+)")
_BY = re.compile(r"\bby about (\d+)% (longer|shorter)\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NEAR = 12
"""Characters that nobody misses."""
_TRIES = 8


def length_asked(demand: str, length_of: Callable[[str], int]) -> int | None:
    """The length in characters that a demand asks for, or None: "about as long as chosen ... by
    about 10% longer", say, or "best about 440".

    Args:
        length_of: the length of what a demand compares with, by its name; 0 where there is none.
    """
    if best := _BEST.search(demand):
        return int(best[1])
    if (like := _AS_LONG.search(demand)) is None or not (length := length_of(like[1])):
        return None
    by = _BY.search(demand)
    if by is None:
        return length
    share = 1 + int(by[1]) / 100
    return round(length * share if by[2] == "longer" else length / share)


def of_length(text: str, wanted: int, filler: Callable[[], str]) -> str:
    """The text with sentences left out or put in before its last one, so that it has about so
    many characters; its first sentence stays, however long it is, and half of the last at least.

    Args:
        filler: makes one more sentence.
    """
    parts = _SENTENCE.split(text)
    size = len(text)
    while len(parts) > 2 and size > wanted + _NEAR:
        # The one without which the length is nearest to what is wanted.
        gone = min(range(1, len(parts) - 1), key=lambda n: abs(size - len(parts[n]) - 1 - wanted))
        size -= len(parts.pop(gone)) + 1
    if size > wanted + _NEAR:
        room = len(parts[-1]) - (size - wanted)
        parts[-1] = cut(parts[-1], max(room, len(parts[-1]) // 2))
        size = len(" ".join(parts))
    while size < wanted - _NEAR:
        room = wanted - size - 1
        more = min((filler() for _ in range(_TRIES)), key=lambda one: abs(len(one) - room))
        if len(more) > room + _NEAR:
            more = cut(more, room)
        parts.insert(max(1, len(parts) - 1), more)
        size += len(more) + 1
    return " ".join(parts)


def cut(sentence: str, room: int) -> str:
    """The first words of a sentence, as one of at most so many characters, where a word fits."""
    words = sentence.rstrip(".").split()
    while len(words) > 1 and len(" ".join(words)) + 1 > room:
        words.pop()
    return f"{' '.join(words).rstrip(',;:')}."
