"""Lines, paragraphs and runs of words of many texts at once, and how much of a text is repeated."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .word_hashes import mixed
from .word_table import WordTable, codes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Runs", "WordRuns"]

_BASE = 0x9E3779B97F4A7C15
_LINE_END = 10
_SLOTS = 1 << 18
_SLOTS_OF_A_WORD = 4
_HEAPS = 64
_DIGITS, _CLOSING = codes(b"0123456789"), codes(b".):")


class WordRuns:
    """The lines, paragraphs and other runs of words of the texts of a table."""

    def __init__(self, table: WordTable) -> None:
        self._table = table

    @functools.cached_property
    def lines(self) -> Runs:
        """The lines that hold a word, each without the number of a list before it, which makes
        no other line of it."""
        import numpy as np

        table = self._table
        first, after, owner = self._until(table.raw == _LINE_END)
        digits, closing = (np.frombuffer(each, np.bool_) for each in (_DIGITS, _CLOSING))
        numbered = digits[table.raw[table.starts[first]]] & (after - first > 1)
        numbered &= closing[table.raw[table.stops[first] - 1]]
        return self._runs(first + numbered, after, owner)

    @functools.cached_property
    def paragraphs(self) -> Runs:
        """The paragraphs that hold a word; empty lines part them."""
        import numpy as np

        ends = self._table.raw == _LINE_END
        blank = np.zeros(len(ends), bool)
        blank[:-1] = ends[:-1] & ends[1:]
        blank[self._table.ends] = True
        return self._runs(*self._until(blank))

    def of_size(self, size: int, words: NDArray[np.int64]) -> Runs:
        """The runs of so many words that begin with the words of these numbers."""
        table = self._table
        first = words[words <= len(table.owner) - size]
        owner = table.owner[first]
        inside = owner == table.owner[first + (size - 1)]
        return self._runs(first[inside], first[inside] + size, owner[inside])

    def repeated_at_most(self) -> NDArray[np.float64]:
        """No less than the share of each text's bytes in words that stood in it before, with the
        white space between such words; cheaper than to find them."""
        import numpy as np

        table = self._table
        # Of the words that share a slot, the one that is written last stays in it: backwards,
        # that is the first. Like words share one, and some others do by chance.
        room = _SLOTS_OF_A_WORD * table.words
        slot = table.hashes >> np.uint64(32)
        slot *= np.repeat(room.astype(np.uint64), table.words)
        slot >>= np.uint64(32)
        slot += np.repeat((np.cumsum(room) - room).astype(np.uint64), table.words)
        here = np.arange(len(slot), dtype=np.int32)
        first = np.empty(_SLOTS_OF_A_WORD * len(slot), np.int32)
        first[slot[::-1]] = here[::-1]
        again = np.flatnonzero(first[slot] != here)
        begins = table.starts[again]
        joined = 1 + np.flatnonzero((np.diff(again) == 1) & (np.diff(table.owner[again]) == 0))
        begins[joined] = table.stops[again[joined - 1]]
        taken = np.bincount(table.owner[again], table.stops[again] - begins, table.count)
        return _share(taken, table.sizes)

    def heaviest_at_most(self) -> NDArray[np.float64]:
        """No less than the share of each text that one of its words takes, all times that it
        occurs together, with a space after each; no run of n words has a `top_share` above n times
        as much."""
        import numpy as np

        table = self._table
        slot = table.owner * _HEAPS + (table.hashes >> np.uint64(58)).astype(np.int64)
        sizes = table.stops - table.starts + 1
        heaps = np.bincount(slot, sizes, minlength=table.count * _HEAPS)
        heaviest = heaps.reshape(table.count, _HEAPS).max(axis=1, initial=0)
        return _share(heaviest, table.sizes)

    def _until(
        self, ends: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """What lies between these bytes and holds a word: the number of its first word and of the
        first word after it, and its text."""
        import numpy as np

        after = np.searchsorted(self._table.starts, np.flatnonzero(ends))
        first = np.concatenate((np.zeros(1, np.int64), after[:-1]))[: len(after)]
        filled = after > first
        first, after = first[filled], after[filled]
        return first, after, self._table.owner[first]

    def _runs(
        self, first: NDArray[np.int64], after: NDArray[np.int64], owner: NDArray[np.int64]
    ) -> Runs:
        sums, (_, inverse) = self._sums_of_hashes, _powers(len(self._table.hashes) + 1)
        hashes = mixed((sums[after] - sums[first]) * inverse[first])
        return Runs(self._table, hashes, first, after, owner)

    @functools.cached_property
    def _sums_of_hashes(self) -> NDArray[np.uint64]:
        import numpy as np

        hashes = self._table.hashes
        sums = np.zeros(len(hashes) + 1, np.uint64)
        np.cumsum(hashes * _powers(len(hashes))[0], out=sums[1:])
        return sums


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


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    import numpy as np

    return part / np.maximum(whole, 1)


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
