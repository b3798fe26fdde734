"""Conflicts on a cluster: samples with the same prompt come together on one worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....filters.conflicts import Conflicts, prompt_digests
from .dropping import Dropped
from .equals import Keys, repeats
from .shards import Shards, table_of
from .tasks import call, call_for_many, in_order

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Part = tuple[pa.Table, Numbers]

__all__ = ["drops"]

ROWS_TOGETHER = 20_000
"""How many samples, all that have the same prompt among them, a worker looks at, about."""


def drops(rule: Conflicts, shards: Shards, left: NDArray[np.bool_]) -> Iterator[Dropped]:
    """The samples on a side that is not kept, in the dataset's order."""
    import numpy as np

    found = repeats(_keys, shards, left)
    if not len(found.rows):
        return
    heads = np.unique(found.first)
    rows = np.concatenate((heads, found.rows))
    group = np.concatenate((np.arange(len(heads)), np.searchsorted(heads, found.first)))
    sizes = np.bincount(group)
    bin_of_group = (np.cumsum(sizes) - 1) // ROWS_TOGETHER
    _, bin_of_group = np.unique(bin_of_group, return_inverse=True)
    bins = int(bin_of_group[-1]) + 1
    order = np.argsort(rows)
    rows, bin_of_row = rows[order], bin_of_group[group[order]]
    parts = []
    for one in shards.all:
        from_, to = np.searchsorted(rows, (one.start, one.start + one.rows)).tolist()
        if to > from_:
            where = bin_of_row[from_:to]
            parts.append(
                call_for_many(
                    _dealt, bins, bins, one.packed, one.start, one.rows, rows[from_:to], where, rule
                )
            )
    settled = [call(_settled, rule, *(part[number] for part in parts)) for number in range(bins)]
    del parts
    yield from sorted(drop for some in in_order(settled) for drop in some)


def _keys(packed: NDArray[np.uint8], start: int, left: NDArray[np.bool_]) -> Keys:
    import numpy as np

    table, rows = table_of(packed, start, left, ["prompt"])
    found = list(prompt_digests(table))
    places = np.array([row for row, _ in found], np.int64)
    digests = np.frombuffer(b"".join(digest for _, digest in found), "<u8").reshape(-1, 2)
    return Keys(digests[:, 0], digests[:, 1], rows[places])


def _dealt(
    bins: int,
    packed: NDArray[np.uint8],
    start: int,
    count: int,
    rows: Numbers,
    where: Numbers,
    rule: Conflicts,
) -> list[Part]:
    """The samples of a portion that share their prompt with another one, by bins."""
    import numpy as np
    import pyarrow as pa

    wanted = np.zeros(count, bool)
    wanted[rows - start] = True
    table, _ = table_of(packed, start, wanted, rule.columns)
    return [(table.filter(pa.array(where == n)), rows[where == n]) for n in range(bins)]


def _settled(rule: Conflicts, *parts: Part) -> list[Dropped]:
    """What goes of some samples, which share their prompts with no others."""
    import numpy as np
    import pyarrow as pa

    table = pa.concat_tables([table for table, _ in parts])
    rows = np.concatenate([rows for _, rows in parts])
    ids = table.column("id")
    return [
        Dropped(
            int(rows[drop.row]),
            drop.reason,
            "" if drop.because_of is None else ids[drop.because_of].as_py(),
        )
        for drop in rule.drops(table)
    ]
