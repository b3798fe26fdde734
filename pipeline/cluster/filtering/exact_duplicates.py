"""Exact duplicates on a cluster: digests of texts, sorted in ranges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....filters.exact_duplicates import ExactDuplicates
from .dropping import Dropped
from .equals import Keys, repeats
from .shards import Shards, table_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["drops"]


def drops(rule: ExactDuplicates, shards: Shards, left: NDArray[np.bool_]) -> Iterator[Dropped]:
    """The later samples of each group of equal ones."""
    found = repeats(_keys, shards, left, rule)
    ids = shards.ids(found.first)
    for row, first in zip(found.rows.tolist(), found.first.tolist(), strict=True):
        yield Dropped(row, rule.reason(ids[first]), ids[first])


def _keys(
    packed: NDArray[np.uint8], start: int, left: NDArray[np.bool_], rule: ExactDuplicates
) -> Keys:
    table, rows = table_of(packed, start, left, rule.columns)
    digests = rule.digests(table)
    high, low = digests["high"], digests["low"]
    said = (high != 0) | (low != 0)  # without text nothing is the same
    return Keys(high[said], low[said], rows[said])
