"""The words of many texts at once, found and compared in the bytes of an Arrow column.

Words are what stands between white space, as in the rules for web text that count them; of the
scripts from kana to Han each character is a word. What is ASCII or not is never made into Python
strings, so that a thousand texts take milliseconds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["LETTERS_AND_DIGITS", "Runs", "WordTable", "codes", "marked"]

_BASE = 0x9E3779B97F4A7C15
_LINE_END = 10
_SLOTS = 1 << 18


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

    def __init__(self, texts: pa.Array) -> None:
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        end = pa.scalar("\n", pa.large_string())
        whole = compute.binary_join_element_wise(
            compute.fill_null(texts.cast(pa.large_string()), ""), end, pa.scalar("", end.type)
        )
        offsets = np.frombuffer(whole.buffers()[1], np.int64)
        offsets = offsets[whole.offset : whole.offset + len(whole) + 1]
        data = whole.buffers()[2]
        every = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        self.count = len(whole)
        self.raw = every[offsets[0] : offsets[-1]] if len(offsets) else every[:0]
        self.ends = offsets[1:] - offsets[0] - 1
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
        import numpy as np

        powers, inverse = _powers(len(self.raw) + 1)
        sums = np.zeros(len(self.raw) + 1, np.uint64)
        np.cumsum((self.raw.astype(np.uint64) + np.uint64(1)) * powers[:-1], out=sums[1:])
        found: NDArray[np.uint64] = (sums[self.stops] - sums[self.starts]) * inverse[self.starts]
        return _mixed(found)

    @functools.cached_property
    def line_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The lines that hold a word: the number of the first word of each, that of the first
        word after it, and the text that it is in."""
        return self._pieces(self.raw == _LINE_END)

    @functools.cached_property
    def paragraph_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The same for paragraphs, which empty lines part."""
        import numpy as np

        ends = self.raw == _LINE_END
        blank = np.zeros(len(ends), bool)
        blank[:-1] = ends[:-1] & ends[1:]
        blank[self.ends] = True
        return self._pieces(blank)

    def count_in_words(self, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
        """How many of the bytes that are marked lie in each word."""
        sums = _sums(mask)
        counts: NDArray[np.int32] = sums[self.stops] - sums[self.starts]
        return counts

    def count_in_texts(self, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
        """How many of the bytes that are marked lie in each text."""
        sums = _sums(mask)
        counts: NDArray[np.int32] = sums[self.ends] - sums[self.ends - self.sizes]
        return counts

    def pieces(self, edges: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]) -> Runs:
        """Lines or paragraphs as runs of words."""

        first, after, owner = edges
        sums, (_, inverse) = self._sums_of_hashes, _powers(len(self.hashes) + 1)
        return Runs(self, _mixed((sums[after] - sums[first]) * inverse[first]), first, after, owner)

    @functools.cached_property
    def _sums_of_hashes(self) -> NDArray[np.uint64]:
        import numpy as np

        sums = np.zeros(len(self.hashes) + 1, np.uint64)
        np.cumsum(self.hashes * _powers(len(self.hashes))[0], out=sums[1:])
        return sums

    def grams(self, sizes: Iterable[int], among: NDArray[np.bool_]) -> Iterator[tuple[int, Runs]]:
        """All runs of so many words in the texts `among` all. From the second size on, those of
        texts alone in which a run of the size before occurs twice, since in others no longer one
        does.

        Args:
            sizes: ascending.
        """
        import numpy as np

        words = np.flatnonzero(among[self.owner])
        sums, (_, inverse) = self._sums_of_hashes, _powers(len(self.hashes) + 1)
        for size in sizes:
            first = words[words <= len(self.owner) - size]
            owner = self.owner[first]
            inside = owner == self.owner[first + (size - 1)]
            first, owner = first[inside], owner[inside]
            hashes = _mixed((sums[first + size] - sums[first]) * inverse[first])
            found = Runs(self, hashes, first, first + size, owner)
            yield size, found
            wanted = np.zeros(self.count, bool)
            wanted[owner[found.repeated]] = True
            words = first[wanted[owner]]

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
        found: NDArray[np.bool_] = (
            self._signs[self.stops[after - 1]] > self._signs[self.starts[first]]
        )
        return found

    @functools.cached_property
    def _signs(self) -> NDArray[np.int32]:
        return _sums(marked(self.raw, LETTERS_AND_DIGITS))

    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        import numpy as np

        raw = self.raw
        gap = marked(raw, _SPACES)
        after_gap = np.ones(len(raw), bool)
        after_gap[1:] = gap[:-1]
        begins = ~gap & after_gap
        if len(raw) and raw.max() >= 0x80:
            # Han and kana in UTF-8: three bytes, of which the first is one of these.
            alone = (raw >= 0xE3) & (raw <= 0xE9)
            begins |= alone
            begins[3:] |= alone[:-3] & ~gap[3:]
        edge = begins | (gap & ~after_gap)
        edges = np.flatnonzero(edge)
        at = np.flatnonzero(begins[edges])
        return edges[at], edges[at + 1]

    def _pieces(
        self, ends: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        import numpy as np

        after = np.searchsorted(self.starts, np.flatnonzero(ends))
        first = np.concatenate((np.zeros(1, np.int64), after[:-1]))[: len(after)]
        filled = after > first
        first, after = first[filled], after[filled]
        return first, after, self.owner[first]


class Runs:
    """Runs of words of the texts of a table.

    Attributes:
        hashes: of each run.
        first, after: the numbers of its first word and of the first word after it.
        owner: the text that it is in, ascending.
    """

    def __init__(
        self,
        table: WordTable,
        hashes: NDArray[np.uint64],
        first: NDArray[np.int64],
        after: NDArray[np.int64],
        owner: NDArray[np.int64],
    ) -> None:
        self.hashes, self.first, self.after, self.owner = hashes, first, after, owner
        self._table = table

    @functools.cached_property
    def repeated(self) -> NDArray[np.int64]:
        """The numbers of the runs that occur more than once in their text, like ones together."""
        import numpy as np

        # The text's number beside most of the hash: one sort of plain numbers finds what is
        # repeated, and only that is looked at again.
        keys = (self.owner.astype(np.uint64) << np.uint64(48)) | (self.hashes >> np.uint64(16))
        ranked = np.sort(keys)
        twice = ranked[1:][ranked[1:] == ranked[:-1]]
        if not len(twice):
            return np.empty(0, np.int64)
        slots = np.zeros(_SLOTS, bool)
        slots[twice & np.uint64(_SLOTS - 1)] = True
        some = np.flatnonzero(slots[keys & np.uint64(_SLOTS - 1)])
        order = some[np.argsort(keys[some], kind="stable")]
        same = keys[order[1:]] == keys[order[:-1]]
        found = np.zeros(len(order), bool)
        found[1:] = same
        found[:-1] |= same
        return order[found]

    @functools.cached_property
    def _is_first(self) -> NDArray[np.bool_]:
        """Of the repeated runs, which are the first of their group."""
        import numpy as np

        hashes, owner = self.hashes[self.repeated], self.owner[self.repeated]
        first = np.ones(len(hashes), bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
        return first

    def repeated_count_share(self) -> NDArray[np.float64]:
        """The share of each text's runs that stood in it before."""
        import numpy as np

        again = self.repeated[~self._is_first]
        count = self._table.count
        return _share(
            np.bincount(self.owner[again], minlength=count),
            np.bincount(self.owner, minlength=count),
        )

    def repeated_share(self) -> NDArray[np.float64]:
        """The share of each text's bytes in runs that stood in it before; what lies in several of
        them is counted once."""
        import numpy as np

        table = self._table
        again = self.repeated[~self._is_first]
        if not len(again):
            return np.zeros(table.count)
        lengths = self.after[again] - self.first[again]
        shift = np.repeat(self.first[again] - np.cumsum(lengths) + lengths, lengths)
        covered = np.zeros(len(table.starts), bool)
        covered[shift + np.arange(len(shift))] = True
        words = np.flatnonzero(covered)
        # A covered word counts with the white space before it where the word before is covered.
        begins = table.starts[words]
        joined = np.flatnonzero((np.diff(words) == 1) & (np.diff(table.owner[words]) == 0))
        begins[joined + 1] = table.stops[words[joined]]
        lengths = table.stops[words] - begins
        return _share(np.bincount(table.owner[words], lengths, table.count), table.sizes)

    def heaviest_share(self) -> NDArray[np.float64]:
        """The share of each text that one of its repeated words takes at most, with a space after
        each; no run of n words has a `top_share` above n times as much."""
        import numpy as np

        table = self._table
        begins = np.flatnonzero(self._is_first)
        times = np.diff(np.append(begins, len(self.repeated)))
        one = self.repeated[begins]
        heaviest = np.zeros(table.count, np.int64)
        sizes = table.stops[self.first[one]] - table.starts[self.first[one]] + 1
        np.maximum.at(heaviest, self.owner[one], times * sizes)
        return _share(heaviest, table.sizes)

    def top_share(self) -> NDArray[np.float64]:
        """The share of each text that its most frequent run would take if none overlapped: its
        bytes times how often it occurs; of equally frequent ones, the longest. Runs without a
        letter or digit, such as rules of dashes, do not count; 0 where none occurs twice."""
        import numpy as np

        table = self._table
        begins = np.flatnonzero(self._is_first)
        times = np.diff(np.append(begins, len(self.repeated)))
        one = self.repeated[begins]
        says = table.says_something(self.first[one], self.after[one])
        one, times = one[says], times[says]
        lengths = table.lengths(self.first[one], self.after[one])
        owner = self.owner[one]
        best = np.zeros(table.count, np.int64)
        np.maximum.at(best, owner, times)
        top = times == best[owner]
        taken = np.zeros(table.count, np.int64)
        np.maximum.at(taken, owner[top], times[top] * lengths[top])
        return _share(taken, table.sizes)


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


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    import numpy as np

    return part / np.maximum(whole, 1)


def _sums(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    import numpy as np

    sums = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, out=sums[1:])
    return sums


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads the bits (the finaliser of SplitMix64)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The first powers of an odd number modulo 2^64, and their inverses."""
    powers, inverse = _powers_up_to(max(1 << 20, 1 << (count - 1).bit_length()))
    return powers[:count], inverse[:count]


@functools.lru_cache(maxsize=2)
def _powers_up_to(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    import numpy as np

    def rising(base: int) -> NDArray[np.uint64]:
        steps = np.full(count, base, np.uint64)
        steps[0] = 1
        return np.cumprod(steps, dtype=np.uint64)

    return rising(_BASE), rising(pow(_BASE, -1, 1 << 64))
