"""The words of many texts at once, found and compared in the bytes of an Arrow column.

Words are what stands between white space, as in the rules for web text that count them; of the
scripts from kana to Han each character is a word. What is ASCII or not is never made into Python
strings, so that a thousand texts take milliseconds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .text_bytes import TextBytes
from .word_hashes import eights, first_eight, hashes_of_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LETTERS_AND_DIGITS", "WordTable", "codes", "marked"]


class WordTable:
    """The words of some texts.

    Attributes:
        count: how many texts there are.
        raw: the UTF-8 bytes of all texts, a line end behind each.
        ends: where each text ends in `raw`: at that line end.
        starts, stops: where each word begins and ends in `raw`.
        owner: the number of the text that each word is in.
        words: how many words each text has.
        hashes: a 64-bit hash of each word; case counts.
    """

    def __init__(self, texts: TextBytes) -> None:
        import numpy as np

        self.count, self.raw, self.ends = texts.count, texts.raw, texts.ends
        self.starts, self.stops = self._edges()
        self.words = np.diff(np.searchsorted(self.starts, self.ends), prepend=0)
        self.owner = np.repeat(np.arange(self.count), self.words)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The bytes of each text."""
        import numpy as np

        sizes: NDArray[np.int64] = np.diff(self.ends, prepend=-1) - 1
        return sizes

    @functools.cached_property
    def hashes(self) -> NDArray[np.uint64]:
        return hashes_of_words(self.raw, self.starts, self.stops)

    @property
    def spoken_words(self) -> NDArray[np.int64]:
        """How many words with a letter or digit each text has."""
        import numpy as np

        ends = np.cumsum(self.words)
        counts: NDArray[np.int64] = np.diff(self._spoken_sums[ends].astype(np.int64), prepend=0)
        return counts

    @functools.cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """Whether each word holds a letter or digit."""
        import numpy as np

        signs = np.frombuffer(LETTERS_AND_DIGITS, np.bool_)
        spoken = signs[self.raw[self.starts]]
        # Most words begin with one; the others are looked at whole.
        others = np.flatnonzero(~spoken)
        if len(others):
            lengths = self.stops[others] - self.starts[others]
            ends = np.cumsum(lengths)
            places = np.repeat(self.starts[others] - ends + lengths, lengths) + np.arange(ends[-1])
            spoken[others] = np.logical_or.reduceat(signs[self.raw[places]], ends - lengths)
        return spoken

    def count_in_words(self, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
        """How many of the bytes that are marked lie in each word."""
        sums = _sums(mask)
        counts: NDArray[np.int32] = sums[self.stops] - sums[self.starts]
        return counts

    def lengths(self, first: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of runs of words, with no more than one space between words."""
        import numpy as np

        spaced = self._bytes_of_words[after] - self._bytes_of_words[first] + after - first - 1
        least: NDArray[np.int64] = np.minimum(spaced, self.stops[after - 1] - self.starts[first])
        return least

    @functools.cached_property
    def _bytes_of_words(self) -> NDArray[np.int64]:
        import numpy as np

        return np.concatenate(([0], np.cumsum(self.stops - self.starts)))

    def says_something(
        self, first: NDArray[np.int64], after: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether runs of words hold a letter or digit."""
        sums = self._spoken_sums
        found: NDArray[np.bool_] = sums[after] > sums[first]
        return found

    @functools.cached_property
    def _spoken_sums(self) -> NDArray[np.int32]:
        return _sums(self.spoken)

    def words_without(self, table: bytes, length: int) -> NDArray[np.int64]:
        """The numbers of the words of at least `length` bytes that have none of the bytes in a
        table of `codes` among their first eight."""
        import numpy as np

        sizes = self.stops - self.starts
        long = np.flatnonzero(sizes >= length)
        windows = eights(marked(self.raw, table).view(np.uint8))
        without: NDArray[np.int64] = long[first_eight(windows, self.starts[long], sizes[long]) == 0]
        return without

    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        import numpy as np

        raw = self.raw
        gap = marked(raw, _SPACES)
        edges = np.flatnonzero(gap[1:] != gap[:-1]) + 1
        if len(gap) and not gap[0]:
            edges = np.concatenate((np.zeros(1, np.int64), edges))
        starts, stops = edges[0::2].copy(), edges[1::2].copy()
        # Han and kana in UTF-8: three bytes, of which the first is one of these.
        alone = np.flatnonzero((raw - np.uint8(0xE3)) <= 0xE9 - 0xE3)
        if len(alone):
            cuts = np.union1d(alone, alone + 3)
            cuts = cuts[~gap[cuts] & ~gap[cuts - 1] & (cuts > 0)]
            starts, stops = (
                np.insert(each, np.searchsorted(each, cuts), cuts) for each in (starts, stops)
            )
        return starts, stops


def codes(wanted: Iterable[int]) -> bytes:
    """A table for `marked`: 1 for each of these bytes, 0 for the others."""
    table = bytearray(256)
    for code in wanted:
        table[code] = 1
    return bytes(table)


def marked(raw: NDArray[np.uint8], table: bytes) -> NDArray[np.bool_]:
    """Which bytes are in a table of `codes`."""
    import numpy as np

    return np.frombuffer(raw.tobytes().translate(table), np.bool_)


LETTERS_AND_DIGITS = codes(code for code in range(256) if code >= 0x80 or chr(code).isalnum())
"""Letters and digits of ASCII, and parts of any other character."""

_SPACES = codes(code for code in range(128) if chr(code).isspace())


def _sums(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    import numpy as np

    sums = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, out=sums[1:])
    return sums
