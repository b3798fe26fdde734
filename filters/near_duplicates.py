"""Keeps one of the samples that say nearly the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ..checks import normalise, shingle_hashes, split_words
from .base import DatasetFilter, Drop

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["NearDuplicates"]

_ROWS_AT_ONCE = 512
_COUNTERS = 1 << 20  # of how often shingles occur; shared ones only make the order less sharp
_MISSED = 1e-4  # share of the pairs exactly at the threshold that agree in no band
_LONGEST_SIGNATURE = 208  # MinHash values
_SEED = 1
_FACTOR = 0x9E3779B97F4A7C15


class NearDuplicates(DatasetFilter):
    """Drops samples whose text is nearly that of an earlier sample that is kept.

    Likeness is the Jaccard similarity of the sets of word shingles (all runs of `shingle` words,
    without case and punctuation; a shorter text is one shingle; in scripts without spaces each
    character is a word). Rows are walked in the dataset's order, and a row goes if a row kept
    before it is as like as `threshold`; the likest such row, and of equals the earliest, is the
    one that it is dropped because of. A text without words is like no other.

    Nothing is dropped on an estimate. MinHash signatures in bands (Broder 1997; Leskovec,
    Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) tell which rows can have a
    partner at all: of the pairs exactly at the threshold 1 in 10,000 is missed, above it far
    fewer. Among these rows, partners share one of their rarest shingles (prefix filter:
    Chaudhuri et al. 2006, Bayardo et al. 2007), so that text which all rows have in common costs
    nothing; and the true similarity decides.

    Needs about 1 kB of memory a row besides the table, and 1.5 bytes for each character of the rows
    that are compared.
    """

    kind: ClassVar[str] = "near_duplicates"
    scalar: ClassVar[str] = "threshold"

    threshold: Annotated[float, Field(ge=0.3, le=1)] = 0.7
    """Least Jaccard similarity of duplicates, 0.3 to 1."""

    on: Literal["prompt", "response", "both"] = "both"
    """Which text: all before the last assistant message, that message, or both as one."""

    shingle: Annotated[int, Field(ge=1, le=50)] = 5
    """Words in a shingle."""

    def drops(self, table: pa.Table) -> Iterable[Drop]:
        """Rows with an earlier, kept row that is as like as the threshold, in row order."""
        import numpy as np

        wanted, frequency = self._with_partners(table)
        buckets = _Buckets(self._rarest(table, wanted, frequency), table.num_rows)
        ids = table.column("id")
        sets: dict[int, NDArray[np.uint64]] = {}

        def shingles(row: int) -> NDArray[np.uint64]:
            if row not in sets:
                words = self._words(table, row, np.array([0]))
                sets[row] = np.unique(shingle_hashes(words, self.shingle)[0])
            return sets[row]

        for row in buckets.shared:
            likeness, kept = 0.0, -1
            for other in buckets.kept_with(row):
                value = _jaccard(shingles(row), shingles(other))
                if value > likeness:
                    likeness, kept = value, other
            if likeness < self.threshold:
                buckets.keep(row)
            else:
                # Rounded down, so that 1.00 says that the shingles are the same.
                shown = math.floor(likeness * 100 + 1e-9) / 100
                yield Drop(row, f"{shown:.2f} with {ids[kept].as_py()[:8]}", kept)
                del sets[row]

    def bytes_per_row(self, characters: float) -> float:
        """A signature, and the shingles as if all rows had a partner (measured)."""
        return 900 + 1.5 * characters

    def _with_partners(self, table: pa.Table) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Which rows agree with another in a band of their signatures, and how often shingles
        occur, by their last bits."""
        import numpy as np
        import rensa

        bands, width = _layout(self.threshold)
        signatures = np.empty((table.num_rows, bands * width), np.uint32)
        numbers = np.empty(table.num_rows, np.int64)
        frequency = np.zeros(_COUNTERS, np.int32)
        done = 0
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            here = np.arange(min(_ROWS_AT_ONCE, table.num_rows - start))
            hashes, offsets = shingle_hashes(self._words(table, start, here), self.shingle)
            np.add.at(frequency, hashes % _COUNTERS, 1)
            filled = np.flatnonzero(np.diff(offsets))
            matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
                hashes,
                offsets[np.append(filled, len(here))].astype(np.uint64),
                bands * width,
                _SEED,
            )
            end = done + len(filled)
            signatures[done:end] = np.reshape(matrix.to_rows(), (-1, bands * width))
            numbers[done:end] = filled + start
            done = end
        found = np.zeros(table.num_rows, bool)
        found[numbers[:done][_agreeing(signatures[:done], width)]] = True
        return found, frequency

    def _rarest(
        self, table: pa.Table, wanted: NDArray[np.bool_], frequency: NDArray[np.int32]
    ) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.bool_]]]:
        """The rarest shingles of the wanted rows: each with its row, and whether it is among the
        fewer ones (`short`) that do where the partner is not smaller.

        Two sets of x <= y shingles at the threshold t share at least t / (1 + t) * (x + y) of
        them, which is no less than 2t / (1 + t) * x and than t * y. So, with all shingles in one
        order, one of the first x - 2t / (1 + t) * x + 1 of the smaller set is among the first
        y - t * y + 1 of the larger.
        """
        import numpy as np

        t = self.threshold
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            here = np.flatnonzero(wanted[start : start + _ROWS_AT_ONCE])
            if not len(here):
                continue
            hashes, offsets = shingle_hashes(self._words(table, start, here), self.shingle)
            place = np.repeat(np.arange(len(here)), np.diff(offsets))
            order = np.lexsort((hashes, frequency[hashes % _COUNTERS], place))
            hashes, place = hashes[order], place[order]
            new = np.ones(len(hashes), bool)
            new[1:] = (hashes[1:] != hashes[:-1]) | (place[1:] != place[:-1])
            hashes, place = hashes[new], place[new]
            size = np.bincount(place, minlength=len(here))
            left = size[place] - (np.arange(len(hashes)) - (np.cumsum(size) - size)[place])
            rare = left >= t * size[place] - 1e-9
            short = left >= 2 * t / (1 + t) * size[place] - 1e-9
            yield hashes[rare], (here[place[rare]] + start).astype(np.int32), short[rare]

    def _words(self, table: pa.Table, start: int, rows: NDArray[np.int64]) -> list[list[str]]:
        """The words of some rows, counted from `start`."""
        names = ["prompt", "response"] if self.on == "both" else [self.on]
        length = int(rows[-1]) + 1
        columns = [table.column(name).slice(start, length).to_pylist() for name in names]
        texts = ["\n".join([column[row] or "" for column in columns]) for row in rows.tolist()]
        return [split_words(normalise(text)) for text in texts]


class _Buckets:
    """The rows that share a rare shingle, and which of these have been kept so far.

    A row meets kept rows only. Those of them for which the shingle is a `short` one are listed a
    second time, since rows for which it is not need to meet only these.
    """

    def __init__(
        self,
        parts: Iterable[tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.bool_]]],
        rows: int,
    ) -> None:
        import numpy as np

        empty = (np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, bool))
        keys, owners, short = map(np.concatenate, zip(empty, *parts, strict=True))
        order = np.argsort(keys, kind="stable")
        keys, owners, short = keys[order], owners[order], short[order]
        new = np.ones(len(keys), bool)
        new[1:] = keys[1:] != keys[:-1]
        bucket = np.cumsum(new) - 1
        size = np.bincount(bucket)
        met = ((size > 1) & (np.bincount(bucket, short) > 0))[bucket]
        bucket = np.cumsum(new[met]) - 1
        owners, short = owners[met], short[met]
        self._all = _Lists(owners, bucket)
        self._short = _Lists(owners[short], bucket[short])
        order = np.argsort(owners, kind="stable")
        self._bucket, self._is_short = bucket[order].astype(np.int32), short[order]
        count = np.bincount(owners, minlength=rows)
        self._ends = np.cumsum(count)
        self.shared: list[int] = np.flatnonzero(count).tolist()

    def kept_with(self, row: int) -> list[int]:
        """The kept rows that may be as like as the threshold, in order."""
        import numpy as np

        own, short = self._of(row)
        found = [*self._all.kept(own[short]), *self._short.kept(own[~short])]
        return np.unique(np.concatenate(found)).tolist() if found else []

    def keep(self, row: int) -> None:
        """Notes that the row is kept."""
        own, short = self._of(row)
        self._all.append(own, row)
        self._short.append(own[short], row)

    def _of(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        own = slice(self._ends[row - 1] if row else 0, self._ends[row])
        return self._bucket[own], self._is_short[own]


class _Lists:
    """One list of rows per bucket, empty at first, with room for the members of the bucket."""

    def __init__(self, members: NDArray[np.int32], bucket: NDArray[np.int64]) -> None:
        import numpy as np

        size = np.bincount(bucket)
        self._rows = np.empty_like(members)
        self._starts = np.cumsum(size) - size
        self._lengths = np.zeros(len(size), np.int64)

    def kept(self, buckets: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        filled = buckets[self._lengths[buckets] > 0]
        spans = zip(self._starts[filled].tolist(), self._lengths[filled].tolist(), strict=True)
        return [self._rows[start : start + length] for start, length in spans]

    def append(self, buckets: NDArray[np.int32], row: int) -> None:
        self._rows[self._starts[buckets] + self._lengths[buckets]] = row
        self._lengths[buckets] += 1


def _layout(threshold: float) -> tuple[int, int]:
    """How many bands of how many MinHash values: the widest bands, which bring the fewest unlike
    rows together, that still miss only 1 in 10,000 of the pairs at the threshold within a short
    signature."""
    best = (1, 16)
    if threshold < 1:
        for width in range(1, 17):
            bands = math.ceil(math.log(_MISSED) / math.log1p(-(threshold**width)))
            if width == 1 or bands * width <= _LONGEST_SIGNATURE:
                best = (bands, width)
    return best


def _agreeing(signatures: NDArray[np.uint32], width: int) -> NDArray[np.bool_]:
    """Which signatures agree with another in all values of a band of `width` values."""
    import numpy as np

    found = np.zeros(len(signatures), bool)
    for start in range(0, signatures.shape[1], width):
        keys = np.zeros(len(signatures), np.uint64)
        for column in range(start, start + width):
            keys = keys * _FACTOR + signatures[:, column]
        order = np.argsort(keys)
        same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        found[order[same]] = True
        found[order[same + 1]] = True
    return found


def _jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    import numpy as np

    both = np.concatenate((one, other))
    both.sort()
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared)
