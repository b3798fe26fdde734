"""Near duplicates on a cluster, exactly those of one machine.

1. Samples with the same shingles are found by the sum of these.
2. How often each shingle occurs is counted by ranges of hashes, and each portion is told it of its
   own. A sample with too many shingles that no other has is like none, and is done with.
3. What is left is walked through portion by portion, in the dataset's order: each is compared with
   what the earlier ones have kept, and then walked through itself (`checks.rare_sets`). The first
   portion's walk needs no other, and then all later ones are compared with it side by side.

Samples meet by their rarest shingles, and only those that are kept, so that neither text that all
share nor a million variants of one text bring many together. Hashing into bands (MinHash) would
group samples in one step, but misses some, and does bring those together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....checks.rare_sets import Found, RareSets, compare, distinct, joined, rare_sets, settle
from ....checks.shared_shingles import sums_of
from ....filters.near_duplicates import NearDuplicates
from .dropping import Dropped
from .equals import Keys, Repeats, in_ranges, repeats
from .shards import Shards, table_of
from .tasks import call, call_for_many, in_order

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from ray import ObjectRef

    Bytes = NDArray[np.uint8]
    Hashes = NDArray[np.uint64]
    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]
    Often = NDArray[np.uint32]

__all__ = ["drops"]

BYTES_IN_A_RANGE = 2**26
SHINGLES_IN_A_WALK = 6_000_000
_COUNTED_BYTES = {"words": 2, "characters": 12}
"""What the shingles of a text take with their counts, for each byte of it, about."""


def drops(rule: NearDuplicates, shards: Shards, left: NDArray[np.bool_]) -> Iterator[Dropped]:
    """The samples with an earlier, kept one that is as like as the threshold."""
    same = repeats(_keys, shards, left, rule)
    first = left.copy()
    first[same.rows] = False
    sets = _rare(rule, shards, first)
    rows, kept, likeness = _walked(sets, rule.threshold)
    rows, kept, likeness = _with_repeats(rows, kept, likeness, same)
    ids = shards.ids(kept)
    for row, one, like in zip(rows.tolist(), kept.tolist(), likeness.tolist(), strict=True):
        yield Dropped(row, rule.reason(like, ids[one]), ids[one])


def _rare(rule: NearDuplicates, shards: Shards, left: Mask) -> list[tuple[ObjectRef, int]]:
    """The sets of each portion, and how many shingles they have."""
    if not shards.all:
        return []
    size = _COUNTED_BYTES[rule.unit] * shards.bytes
    ranges = max(1, -(-size // BYTES_IN_A_RANGE))
    given = [
        (one.packed, one.start, left[one.start : one.start + one.rows], rule) for one in shards.all
    ]
    counted = [call_for_many(_counted, ranges, ranges, *mine) for mine in given]
    told = [
        call_for_many(_often, len(given), *(mine[number] for mine in counted))
        for number in range(ranges)
    ]
    del counted
    found = [
        call_for_many(_sets, 2, *mine, *(part[number] for part in told))
        for number, mine in enumerate(given)
    ]
    del told
    sizes = list(in_order([size for _, size in found]))
    return [(sets, size) for (sets, _), size in zip(found, sizes, strict=True)]


def _walked(
    sets: list[tuple[ObjectRef, int]], threshold: float
) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """The rows that are like a kept one, this one, and their likeness."""
    import numpy as np

    portions = _gathered(sets)
    settled: list[ObjectRef] = []
    said: list[ObjectRef] = []
    for place, portion in enumerate(portions):
        known: ObjectRef | None = None
        for earlier, decided in zip(portions[:place], settled, strict=True):
            known = call(_compare, portion, known, earlier, decided, threshold)
        found, copies = call_for_many(_settle, 2, portion, known, threshold)
        settled.append(found)
        said.append(copies)
    nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rows, kept, likeness = map(np.concatenate, zip(nothing, *in_order(said), strict=True))
    return rows, kept, likeness


def _gathered(sets: list[tuple[ObjectRef, int]]) -> list[ObjectRef]:
    """Neighbouring sets, as many together as are walked through at once."""
    portions: list[ObjectRef] = []
    mine: list[ObjectRef] = []
    total = 0
    for ref, size in sets:
        if not size:
            continue
        if mine and total + size > SHINGLES_IN_A_WALK:
            portions.append(call(_join, *mine))
            mine, total = [], 0
        mine.append(ref)
        total += size
    if mine:
        portions.append(call(_join, *mine))
    return portions


def _with_repeats(
    rows: Numbers, kept: Numbers, likeness: NDArray[np.float64], same: Repeats
) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """A row with the shingles of an earlier one goes where that went, or because of it."""
    import numpy as np

    of, like = same.first.copy(), np.ones(len(same.rows))
    if len(rows):
        place = np.minimum(np.searchsorted(rows, same.first), len(rows) - 1)
        went = rows[place] == same.first
        of[went], like[went] = kept[place[went]], likeness[place[went]]
    rows = np.concatenate((rows, same.rows))
    order = np.argsort(rows)
    kept, likeness = np.concatenate((kept, of)), np.concatenate((likeness, like))
    return rows[order], kept[order], likeness[order]


def _keys(packed: Bytes, start: int, left: Mask, rule: NearDuplicates) -> Keys:
    """Of each row the sum of its shingles and how many they are."""
    import numpy as np

    table, rows = table_of(packed, start, left, rule.columns)
    shingles, portions = rule.shingled(table)
    parts = [sums_of(*shingles(some)) for some in portions]
    nothing = (np.empty(0, np.uint64), np.empty(0, np.int64))
    sums, counts = map(np.concatenate, zip(nothing, *parts, strict=True))
    filled = counts > 0
    return Keys(sums[filled], counts[filled].astype(np.uint64), rows[filled])


def _counted(
    ranges: int, packed: Bytes, start: int, left: Mask, rule: NearDuplicates
) -> list[tuple[Hashes, Often]]:
    """The different shingles of a portion by ranges of hashes, with the number of rows of each."""
    import numpy as np

    table, _ = table_of(packed, start, left, rule.columns)
    hashes, often = np.unique(_distinct(rule, table)[0], return_counts=True)
    counts = often.astype(np.uint32)
    parts = in_ranges(hashes, ranges)
    return [(hashes[part].copy(), counts[part].copy()) for part in parts]


def _often(*parts: tuple[Hashes, Often]) -> list[Often]:
    """How often the shingles of each part are in all parts of a range."""
    import numpy as np

    hashes = np.concatenate([hashes for hashes, _ in parts])
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    new = np.ones(len(ranked), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    del ranked, hashes
    starts = np.flatnonzero(new)
    counts = np.concatenate([often for _, often in parts])
    total = np.add.reduceat(counts[order], starts) if len(starts) else counts
    told = np.empty(len(order), np.uint32)
    told[order] = total[np.cumsum(new) - 1]
    cuts = np.cumsum([len(often) for _, often in parts])[:-1]
    return [part.copy() for part in np.split(told, cuts)]


def _sets(
    packed: Bytes, start: int, left: Mask, rule: NearDuplicates, *told: Often
) -> tuple[RareSets, int]:
    """The sets of a portion that may be like another one, and how many shingles they have."""
    import numpy as np

    table, rows = table_of(packed, start, left, rule.columns)
    hashes, sizes = _distinct(rule, table)
    different, place = np.unique(hashes, return_inverse=True)
    del different
    often = np.concatenate(told)[place]
    sets = rare_sets(rows, hashes, sizes, often, rule.threshold)
    return sets, len(sets.hashes)


def _distinct(rule: NearDuplicates, table: pa.Table) -> tuple[Hashes, Numbers]:
    import numpy as np

    shingles, portions = rule.shingled(table)
    parts = [distinct(*shingles(some)) for some in portions]
    nothing = (np.empty(0, np.uint64), np.empty(0, np.int64))
    hashes, sizes = map(np.concatenate, zip(nothing, *parts, strict=True))
    return hashes, sizes


def _join(*parts: RareSets) -> RareSets:
    return joined(parts)


def _compare(
    sets: RareSets, known: Found | None, earlier: RareSets, decided: Found, threshold: float
) -> Found:
    return compare(sets, known or Found.nothing(len(sets.rows)), earlier, decided, threshold)


def _settle(
    sets: RareSets, known: Found | None, threshold: float
) -> tuple[Found, tuple[Numbers, Numbers, NDArray[np.float64]]]:
    """What became of the sets, and of those that go the row, the kept one and the likeness."""
    import numpy as np

    found = settle(sets, known or Found.nothing(len(sets.rows)), threshold)
    copies = np.flatnonzero(found.kept >= 0)
    return found, (sets.rows[copies], found.kept[copies], found.likeness[copies])
