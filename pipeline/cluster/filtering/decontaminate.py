"""Decontamination on a cluster: each sample by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....filters import Finding
from ....filters.decontaminate import Decontaminate, Overlaps
from .dropping import Dropped
from .shards import Shards, table_of
from .tasks import in_order, laid_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["drops"]


def drops(
    rule: Decontaminate, shards: Shards, left: NDArray[np.bool_]
) -> Iterator[Dropped | Finding]:
    """The samples that hold an item, and how many hold which."""
    overlaps = laid_out(rule.overlaps(), rule.kind)
    items: Counter[str] = Counter()
    for found in in_order(shards.each(_found, left, rule.columns, overlaps)):
        for row, place, words in found:
            items[place] += 1
            yield Dropped(row, rule.reason(place, words))
    yield from rule.findings(items)


def _found(
    packed: NDArray[np.uint8],
    start: int,
    left: NDArray[np.bool_],
    names: tuple[str, ...],
    overlaps: Overlaps,
) -> list[tuple[int, str, str]]:
    table, rows = table_of(packed, start, left, names)
    return [(int(rows[row]), place, words) for row, place, words in overlaps.of(table)]
