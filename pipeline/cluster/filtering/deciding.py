"""What filters decide about samples on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ....errors import CheckError
from ....filters import DatasetFilter, Filter, Finding
from ....filters.balance import Balance
from ....filters.conflicts import Conflicts
from ....filters.decontaminate import Decontaminate
from ....filters.exact_duplicates import ExactDuplicates
from ....filters.near_duplicates import NearDuplicates
from ....filters.select import Select
from ...batches import Batches
from ...deciding import (
    AnyFilter,
    Decide,
    Decided,
    Verdicts,
    decide_dataset,
    decide_rows,
    groups,
    note,
)
from ...embedding import Embeddings
from ..connect import connect
from . import balance, conflicts, decontaminate, exact_duplicates, near_duplicates, select
from .dropping import Dropped
from .shards import Shards, batches_of
from .tasks import in_order, laid_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...recipe import Recipe

    Mask = NDArray[np.bool_]
    Spread = Callable[[Shards, Mask], Iterable[Dropped | Finding]]

__all__ = ["decide_on_cluster", "deciding_on_cluster", "in_driver"]


def decide_on_cluster(
    batches: Batches, filters: Sequence[AnyFilter], embeddings: Embeddings | None = None
) -> Verdicts:
    """As `pipeline.deciding.decide`, on the cluster with which this process is connected.

    The samples are read once. Filters have been prepared, and travel to the workers with what
    they have read.

    Raises:
        CheckError: a filter cannot decide (a score is missing, say).
        EndpointError, LimitReached: embeddings cannot be had.
        ClusterError: the cluster lost what it cannot do again.
    """
    embeddings = embeddings if embeddings is not None else Embeddings({})
    shards = Shards.of(batches())
    verdicts = Verdicts()
    verdicts.make_room(shards.rows)
    for group in groups(filters):
        if group and isinstance(group[0][1], DatasetFilter):
            number, rule = group[0][0], group[0][1]
            try:
                _dataset_pass(shards, number, rule, verdicts, embeddings)
            except CheckError as error:
                raise CheckError(f"{rule.kind}: {error}") from error
        elif group:
            rules = [(number, one) for number, one in group if isinstance(one, Filter)]
            called = ", ".join(one.kind for _, one in rules)
            laid = laid_out(rules, called)
            for start, decided in in_order(shards.each(_decided, _left(verdicts), laid)):
                verdicts.add(start, decided)
    return verdicts


@contextmanager
def deciding_on_cluster(recipe: Recipe) -> Iterator[Decide]:
    """Connected with the cluster of a recipe, which decides: what `Filtering` takes as `decide`.

    Args:
        recipe: one with an `engine`.

    Raises:
        ClusterError: as `cluster.connect`.
    """
    assert recipe.engine is not None, "the caller knows where it is to be run"
    with connect(recipe.engine.address, recipe.filters, recipe.folder):
        yield decide_on_cluster


def in_driver(filters: Sequence[AnyFilter]) -> list[str]:
    """The kinds of the filters that are decided in the driver process, since they look at all
    samples at once."""
    rules = (one for one in filters if isinstance(one, DatasetFilter))
    return [one.kind for one in rules if _spread(one, Embeddings({})) is None]


def _spread(rule: DatasetFilter, embeddings: Embeddings) -> Spread | None:
    """What does a dataset filter's work on a cluster; None where nothing does."""
    # A class that is derived from one of ours may decide otherwise.
    if type(rule) is ExactDuplicates:
        return partial(exact_duplicates.drops, rule)
    if type(rule) is NearDuplicates:
        return partial(near_duplicates.drops, rule)
    if type(rule) is Decontaminate:
        return partial(decontaminate.drops, rule)
    if type(rule) is Conflicts:
        return partial(conflicts.drops, rule)
    if type(rule) is Balance and rule.by != "cluster":
        return partial(balance.drops, rule)
    if type(rule) is Select and rule.method == "facility_location":
        return partial(select.drops, rule, embeddings)
    return None


def _dataset_pass(
    shards: Shards, number: int, rule: DatasetFilter, verdicts: Verdicts, embeddings: Embeddings
) -> None:
    left = _left(verdicts)
    spread = _spread(rule, embeddings)
    few = isinstance(rule, Select) and left.sum() <= select.IN_DRIVER
    if spread is None or few:
        table, rows = shards.gathered(left, list(dict.fromkeys(("id", *rule.columns))))
        ids = table.column("id")
        table = table.select(list(rule.columns))
        decide_dataset(table, rows.tolist(), ids, number, rule, verdicts, embeddings)
        return
    found = verdicts.findings.setdefault(number, {})
    for one in spread(shards, left):
        if isinstance(one, Finding):
            found[one.name] = one.value
        else:
            note(verdicts, number, rule, one.row, one.reason, one.because_of)


def _left(verdicts: Verdicts) -> Mask:
    import numpy as np

    return np.equal(np.array(verdicts.dropped_by, np.int8), 0)


def _decided(
    packed: NDArray[np.uint8], start: int, left: Mask, rules: Sequence[tuple[int, Filter]]
) -> tuple[int, Decided]:
    """What row filters say of a portion."""
    import numpy as np

    whole = Decided()
    done = 0
    for columns in batches_of(packed):
        gone: Any = np.flatnonzero(~left[done : done + len(columns)]).tolist()
        part = decide_rows(columns, rules, gone)
        whole.verdicts.update({done + row: one for row, one in part.verdicts.items()})
        whole.redactions.update({done + row: one for row, one in part.redactions.items()})
        done += len(columns)
    return start, whole
