"""Keeps one of the samples that say nearly the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
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
_CANDIDATES_AT_ONCE = 16_384
_MISSED = 1e-4  # share of the pairs exactly at the threshold that no band brings together
_LONGEST_SIGNATURE = 208
_SEED = 1
_FACTOR = 0x9E3779B97F4A7C15


class NearDuplicates(DatasetFilter):
    """Drops samples whose text is nearly that of an earlier sample that is kept.

    Likeness is the Jaccard similarity of the sets of word shingles (all runs of `shingle` words,
    without case and punctuation; a shorter text is one shingle; in scripts without spaces each
    character is a word). Rows are walked in the dataset's order, and a row goes if a row kept
    before it is as like as `threshold`; the likest such row, and of equals the earliest, is the
    one that it is dropped because of. A text without words is like no other.

    MinHash signatures (Broder 1997) in bands find the candidates, and the true similarity
    decides: nothing is dropped on an estimate. The bands are chosen from the threshold so that
    1 in 10,000 pairs exactly at it is missed, and far fewer above it.

    Needs about 0.6 kB of memory a row besides the table, and 8 bytes for each shingle of the
    rows that are compared.
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
        bands, rows = _layout(self.threshold)
        signatures, numbers = self._signatures(table, bands * rows)
        buckets = _Buckets(signatures, bands, rows)
        ids = table.column("id")
        # Below this estimate the true similarity is not at the threshold, by five deviations.
        t = self.threshold
        likely = t - 5 * math.sqrt(t * (1 - t) / (bands * rows))
        sets: dict[int, NDArray[np.uint64]] = {}

        def shingles(place: int) -> NDArray[np.uint64]:
            found = sets.get(place)
            if found is None:
                found = sets[place] = self._shingles(table, int(numbers[place]))
            return found

        for place in buckets.shared:
            likeness, kept = 0.0, -1
            for other in _alike(signatures, place, buckets.kept_with(place), likely):
                value = _jaccard(shingles(place), shingles(other))
                if value > likeness:
                    likeness, kept = value, other
            if likeness >= t:
                row = int(numbers[kept])
                # Rounded down, so that 1.00 says that the shingles are the same.
                shown = math.floor(likeness * 100 + 1e-9) / 100
                yield Drop(int(numbers[place]), f"{shown:.2f} with {ids[row].as_py()[:8]}", row)
                sets.pop(place, None)
            else:
                buckets.keep(place)

    def _signatures(
        self, table: pa.Table, length: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The MinHash signatures of the rows that have words, and the numbers of these rows."""
        import numpy as np
        import rensa

        signatures = np.empty((table.num_rows, length), np.uint32)
        numbers = np.empty(table.num_rows, np.int64)
        done = 0
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            texts = self._texts(table, start, _ROWS_AT_ONCE)
            hashes, offsets = shingle_hashes(texts, self.shingle)
            filled = np.flatnonzero(np.diff(offsets))
            matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
                hashes, offsets[np.append(filled, len(texts))].astype(np.uint64), length, _SEED
            )
            signatures[done : done + len(filled)] = np.reshape(matrix.to_rows(), (-1, length))
            numbers[done : done + len(filled)] = filled + start
            done += len(filled)
        return signatures[:done], numbers[:done]

    def _shingles(self, table: pa.Table, row: int) -> NDArray[np.uint64]:
        import numpy as np

        return np.unique(shingle_hashes(self._texts(table, row, 1), self.shingle)[0])

    def _texts(self, table: pa.Table, start: int, count: int) -> list[list[str]]:
        names = ["prompt", "response"] if self.on == "both" else [self.on]
        columns = [table.column(name).slice(start, count).to_pylist() for name in names]
        return [
            split_words(normalise("\n".join([part or "" for part in parts])))
            for parts in zip(*columns, strict=True)
        ]


class _Buckets:
    """The rows that agree in a band of their signatures, and which of these have been kept.

    Flat arrays: a bucket's members lie together in row order, and the kept ones are moved to
    its front as the walk goes on, so that a row meets kept rows only.
    """

    def __init__(self, signatures: NDArray[np.uint32], bands: int, rows: int) -> None:
        import numpy as np

        members, sizes = [], []
        for start in range(0, bands * rows, rows):
            keys = np.zeros(len(signatures), np.uint64)
            for column in range(start, start + rows):
                keys = keys * _FACTOR + signatures[:, column]
            order = np.argsort(keys, kind="stable")
            ranked = keys[order]
            size = np.diff(
                np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1], [True])))
            )
            members.append(order[np.repeat(size > 1, size)].astype(np.int32))
            sizes.append(size[size > 1])
        self._members = np.concatenate(members)
        size = np.concatenate(sizes)
        self._starts = np.cumsum(size) - size
        self._kept = np.zeros(len(size), np.int64)
        by_place = np.argsort(self._members, kind="stable")
        self._buckets = np.repeat(np.arange(len(size), dtype=np.int32), size)[by_place]
        count = np.bincount(self._members, minlength=len(signatures))
        self._ends = np.cumsum(count)
        self._last = np.zeros(len(signatures), np.int64)
        self.shared: list[int] = np.flatnonzero(count).tolist()

    def kept_with(self, place: int) -> NDArray[np.int32]:
        """The kept rows that share a bucket with the row, each once, in no order."""
        import numpy as np

        own = self._of(place)
        filled = own[self._kept[own] > 0]
        spans = zip(self._starts[filled].tolist(), self._kept[filled].tolist(), strict=True)
        found = [self._members[start : start + count] for start, count in spans]
        if not found:
            return self._members[:0]
        met = np.concatenate(found)
        turn = np.arange(len(met))
        self._last[met] = turn
        return met[self._last[met] == turn]

    def keep(self, place: int) -> None:
        """Notes that the row is kept."""
        own = self._of(place)
        self._members[self._starts[own] + self._kept[own]] = place
        self._kept[own] += 1

    def _of(self, place: int) -> NDArray[np.int32]:
        start = self._ends[place - 1] if place else 0
        return self._buckets[start : self._ends[place]]


def _layout(threshold: float) -> tuple[int, int]:
    """How many bands of how many MinHash values: the longest bands, which bring the fewest
    unlike rows together, that still find the pairs at the threshold within a short signature."""
    best = (1, 16)
    if threshold < 1:
        for rows in range(1, 17):
            bands = math.ceil(math.log(_MISSED) / math.log1p(-(threshold**rows)))
            if rows == 1 or bands * rows <= _LONGEST_SIGNATURE:
                best = (bands, rows)
    return best


def _alike(
    signatures: NDArray[np.uint32], place: int, candidates: NDArray[np.int32], likely: float
) -> list[int]:
    """The candidates whose estimated similarity is high enough to be worth a look, in order."""
    import numpy as np

    found: list[int] = []
    for start in range(0, len(candidates), _CANDIDATES_AT_ONCE):
        some = candidates[start : start + _CANDIDATES_AT_ONCE]
        agree = np.count_nonzero(signatures[some] == signatures[place], axis=1)
        found.extend(some[agree >= likely * signatures.shape[1]].tolist())
    return sorted(found)


def _jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    import numpy as np

    both = np.concatenate((one, other))
    both.sort()
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared)
