"""Whether a text that is about an evaluation holds anything of it."""

from __future__ import annotations

from collections.abc import Iterable

from ..checks import normalise, split_words

__all__ = ["Leaks"]

RUN = 8
"""Words in a row that a seed may not share with an item."""

WHOLE_FROM = 3
"""From how many words on an item's text may not stand whole in a seed, where it is shorter."""


class Leaks:
    """The texts of an evaluation, to be found in what is written about it.

    Stricter than the filter `decontaminate`: a run of 8 words is enough, where the filter wants 13,
    and a shorter text of 3 words or more may not be there whole.

    Args:
        texts: the evaluation's, each with the place of its item.
    """

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._runs: dict[int, str] = {}  # by hash: a tenth of the room that the words take
        self._sizes: set[int] = set()
        self._whole: dict[str, str] = {}
        for place, text in texts:
            normal = normalise(text)
            if not normal:
                continue
            self._whole.setdefault(normal, place)
            words = split_words(normal)
            size = min(RUN, len(words))
            if size < WHOLE_FROM:
                continue
            self._sizes.add(size)
            for start in range(len(words) - size + 1):
                self._runs.setdefault(hash(tuple(words[start : start + size])), place)

    def find(self, text: str) -> tuple[str, str] | None:
        """The place of an item that the text holds something of, and the words; None where it
        holds nothing."""
        normal = normalise(text)
        if normal in self._whole:
            return self._whole[normal], normal
        words = split_words(normal)
        for size in sorted(self._sizes, reverse=True):
            for start in range(len(words) - size + 1):
                run = tuple(words[start : start + size])
                place = self._runs.get(hash(run))
                if place is not None:
                    return place, " ".join(run)
        return None
