"""Selection on a cluster: each portion names candidates, and the choice is made among these.

Greedy choice in two rounds, as in Mirzasoleiman et al. 2013, Distributed submodular maximization:
each portion picks by the same rule, several times as many as its share of the budget, and the rule
picks again among what all have picked. Beside the candidates the second round has samples drawn by
chance, so that dense regions weigh there what they weigh in the whole; the sets that the choice is
compared with are whole among its samples too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ....checks.hashed_vectors import Frequencies, frequencies, hashed_vectors
from ....filters import Drop, Finding
from ....filters.select import Select
from ....filters.selecting import LOOKED_AT, LOOKED_AT_SEED, groups_of, scores_of
from ....measures.picking import best_first, drawn
from ...embedding import Embeddings, figures_of_hashed
from .dropping import Dropped
from .shards import Shards, table_of
from .tasks import call, in_order, laid_out

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from ray import ObjectRef

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]
    Keyed = tuple[NDArray[Any], Numbers]

__all__ = ["IN_DRIVER", "drops"]

IN_DRIVER = 50_000
"""Up to so many samples the driver chooses by itself, as on one machine."""

CANDIDATES = 4
"""How many candidates there are for each sample that is kept."""

BY_CHANCE = 20_000
"""How many samples by chance the choice has beside them."""


class _Named(NamedTuple):
    """What a portion names; rows are numbers in the dataset.

    Attributes:
        candidates: rows.
        by_chance: as the option `seed` draws.
        looked_at: as those are drawn by which sets are measured.
        best: by the negative score.
        without: rows that have no embedding.
    """

    candidates: Numbers
    by_chance: Keyed
    looked_at: Keyed
    best: Keyed
    without: Numbers


def drops(
    rule: Select, embeddings: Embeddings, shards: Shards, left: NDArray[np.bool_]
) -> Iterator[Dropped | Finding]:
    """All that are not picked, and how the picked ones compare."""
    import numpy as np
    import pyarrow as pa

    vectors, figures = _vectors(rule, embeddings, shards, left)
    yield Finding("embeddings", figures)
    firsts, scored = _groups(rule, shards, left)
    total = int(left.sum())
    budget = min(total, rule.budget_of(sum(name.startswith("strategy ") for name in firsts)))
    named = _named(rule, shards, left, vectors, budget, total, scored)
    wanted = np.zeros(len(left), bool)
    wanted[list(firsts.values())] = True
    for rows in (
        *(one.candidates for one in named),
        _least([one.by_chance for one in named], budget),
        _least([one.looked_at for one in named], max(BY_CHANCE, LOOKED_AT)),
        _least([one.best for one in named], budget),
    ):
        wanted[rows] = True
    rows = np.flatnonzero(wanted)
    table = pa.concat_tables(_taken(rule, shards, left, wanted, vectors))
    picked = wanted.copy()
    for one in rule.drops(table):
        if isinstance(one, Drop):
            picked[rows[one.row]] = False
        else:
            yield one
    reason = rule.reason(int(picked.sum()))
    without = np.zeros(len(left), bool)
    without[np.concatenate([one.without for one in named])] = True
    for row in np.flatnonzero(left & ~picked).tolist():
        yield Dropped(row, "has no embedding" if without[row] else reason)


def _vectors(
    rule: Select, embeddings: Embeddings, shards: Shards, left: Mask
) -> tuple[list[ObjectRef], dict[str, Any]]:
    """The embeddings of each portion, and what there is to say of them."""
    if embeddings.are_hashed(rule.embeddings):
        known: Frequencies | None = None
        for some in in_order(shards.each(_frequencies, left, rule)):
            known = some if known is None else known + some
        laid = laid_out(known, rule.kind)
        refs = shards.each_for_many(_hashed, 2, left, rule, laid)
        empty = sum(in_order(count for _, count in refs))
        return [column for column, _ in refs], figures_of_hashed(int(left.sum()), empty)
    columns: list[ObjectRef] = []
    told: list[dict[str, Any]] = []
    for texts in in_order(shards.each(_texts, left, rule)):
        column, figures = embeddings.of(texts, rule.embeddings)
        columns.append(laid_out(column, rule.kind))
        told.append(figures)
    return columns, _together(told)


def _together(told: list[dict[str, Any]]) -> dict[str, Any]:
    """What there is to say of embeddings that were asked for portion by portion."""
    whole = {**told[0], "simulated": any(one["simulated"] for one in told)}
    for name in ("texts", "asked_for_now", "tokens_now", "missing"):
        whole[name] = sum(one[name] for one in told)
    reasons: dict[str, int] = {}
    for one in told:
        for because in one["missing_because"]:
            reasons[because["reason"]] = reasons.get(because["reason"], 0) + because["texts"]
    ranked = sorted(reasons.items(), key=lambda item: -item[1])[:3]
    whole["missing_because"] = [{"reason": reason, "texts": n} for reason, n in ranked]
    return whole


def _groups(rule: Select, shards: Shards, left: Mask) -> tuple[dict[str, int], bool]:
    """The first sample of each group, and whether scores count."""
    firsts: dict[str, int] = {}
    scored = False
    for mine, are in in_order(shards.each(_grouped, left, rule)):
        firsts = {**mine, **firsts}
        scored |= are
    return firsts, scored


def _named(
    rule: Select,
    shards: Shards,
    left: Mask,
    vectors: list[ObjectRef],
    budget: int,
    total: int,
    scored: bool,
) -> list[_Named]:
    refs = []
    for one, ref in zip(shards.all, vectors, strict=True):
        mine = left[one.start : one.start + one.rows]
        share = math.ceil(budget * int(mine.sum()) / total)
        refs.append(
            call(_candidates, one.packed, one.start, mine, rule, ref, share, budget, scored)
        )
    return list(in_order(refs))


def _least(parts: list[Keyed], count: int) -> Numbers:
    """The rows with the lowest keys; of equals the earlier row."""
    import numpy as np

    keys, rows = (np.concatenate(each) for each in zip(*parts, strict=True))
    return rows[np.argsort(keys, kind="stable")[:count]]


def _taken(
    rule: Select, shards: Shards, left: Mask, wanted: Mask, vectors: list[ObjectRef]
) -> list[pa.Table]:
    refs = []
    for one, ref in zip(shards.all, vectors, strict=True):
        part = slice(one.start, one.start + one.rows)
        refs.append(call(_some, one.packed, one.start, left[part], rule, ref, wanted[part]))
    return list(in_order(refs))


def _read(packed: Bytes, start: int, left: Mask, rule: Select) -> tuple[pa.Table, Numbers]:
    return table_of(packed, start, left, rule.columns)


def _texts(packed: Bytes, start: int, left: Mask, rule: Select) -> pa.ChunkedArray:
    texts = rule.texts_to_embed(_read(packed, start, left, rule)[0])
    assert texts is not None, "a selection always looks at embeddings"
    return texts


def _frequencies(packed: Bytes, start: int, left: Mask, rule: Select) -> Frequencies:
    return frequencies(_texts(packed, start, left, rule))


def _hashed(
    packed: Bytes, start: int, left: Mask, rule: Select, known: Frequencies
) -> tuple[pa.Array, int]:
    import numpy as np
    import pyarrow as pa

    vectors = hashed_vectors(_texts(packed, start, left, rule), known)
    empty = np.asarray(~vectors.any(axis=1))
    flat = pa.array(vectors.reshape(-1))
    mask = pa.array(empty) if empty.any() else None
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=mask)
    return column, int(empty.sum())


def _grouped(packed: Bytes, start: int, left: Mask, rule: Select) -> tuple[dict[str, int], bool]:
    table, rows = _read(packed, start, left, rule)
    firsts: dict[str, int] = {}
    for row, names in zip(rows.tolist(), groups_of(table), strict=True):
        for name in names:
            firsts.setdefault(name, row)
    return firsts, bool(table.num_rows) and rule.scored(table)


def _candidates(
    packed: Bytes,
    start: int,
    left: Mask,
    rule: Select,
    embedding: pa.Array,
    share: int,
    budget: int,
    scored: bool,
) -> _Named:
    import numpy as np

    table, rows = _read(packed, start, left, rule)
    table = table.append_column("embedding", embedding)
    scores = scores_of(table, rule.score) if scored else None
    ids = table.column("id").to_pylist()
    there = rule.vectors(table)[1]
    picked = rule.candidates(table, scores, share, CANDIDATES * share)
    by_chance, looked_at = drawn(ids, rule.seed), drawn(ids, LOOKED_AT_SEED)[there]
    best = np.empty(0, np.int64) if scores is None else best_first(scores, budget)
    return _Named(
        rows[picked],
        _first(by_chance, rows, budget),
        _first(looked_at, rows[there], max(BY_CHANCE, LOOKED_AT)),
        (np.empty(0) if scores is None else -scores[best], rows[best]),
        rows[~there],
    )


def _first(keys: NDArray[np.uint64], rows: Numbers, count: int) -> Keyed:
    import numpy as np

    lowest = np.sort(np.argsort(keys, kind="stable")[:count])
    return keys[lowest], rows[lowest]


def _some(
    packed: Bytes, start: int, left: Mask, rule: Select, embedding: pa.Array, wanted: Mask
) -> pa.Table:
    import pyarrow as pa

    table, rows = _read(packed, start, left, rule)
    return table.append_column("embedding", embedding).filter(pa.array(wanted[rows - start]))
