"""Balancing on a cluster: workers tell the groups and scores of samples, and the driver counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....filters import Finding
from ....filters.balance import Balance, Grouped
from .dropping import Dropped
from .shards import Shards, table_of
from .tasks import in_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64] | None

__all__ = ["drops"]

_COLUMN = {"label": "labels", "strategy": "strategy", "seed": "seed"}


def drops(rule: Balance, shards: Shards, left: NDArray[np.bool_]) -> Iterator[Dropped | Finding]:
    """The samples of which every group is full. The driver keeps some 40 bytes for a sample: the
    numbers of its groups, its score and its place."""
    import numpy as np

    names: dict[str, int] = {}
    codes: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    lengths: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    scores: list[NDArray[np.float64]] = [np.empty(0)]
    for grouped, some in in_order(shards.each(_grouped, left, rule)):
        new = [names.setdefault(name, len(names)) for name in grouped.names]
        codes.append(np.array(new, np.int64)[grouped.codes])
        lengths.append(np.diff(grouped.offsets))
        if some is not None:
            scores.append(some)
    offsets = np.concatenate(([0], np.cumsum(np.concatenate(lengths))))
    whole = Grouped(list(names), np.concatenate(codes), offsets)
    rows = np.flatnonzero(left)
    by_score = np.concatenate(scores) if rule.prefer == "score" else None
    for one in rule.settled(whole, by_score):
        yield one if isinstance(one, Finding) else Dropped(int(rows[one.row]), one.reason)


def _grouped(
    packed: NDArray[np.uint8], start: int, left: NDArray[np.bool_], rule: Balance
) -> tuple[Grouped, Scores]:
    names = ["id", _COLUMN[rule.by], "score"]
    return rule.grouped(table_of(packed, start, left, names)[0])
