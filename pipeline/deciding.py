"""What filters decide about samples: row filters in one pass, dataset filters over all."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks.pairs import ALIKE
from ..errors import CheckError
from ..filters import (
    ColumnFilter,
    Columns,
    DatasetFilter,
    EmbeddedFilter,
    Filter,
    Finding,
)
from ..records import Redaction
from ..records.redaction import redact
from .batches import Batches
from .embedding import Embeddings

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "AnyFilter",
    "Decide",
    "Decided",
    "Verdict",
    "Verdicts",
    "columns_of",
    "decide",
    "decide_dataset",
    "decide_rows",
    "groups",
    "note",
    "schema_of",
]

AnyFilter = Filter | DatasetFilter

_SAID_AGAIN = 10_000
"""Reasons that are remembered, so as to keep them once where many samples go for the same one."""


class Verdict(NamedTuple):
    """Which filter drops a sample, counted from 1, and why."""

    filter_number: int
    reason: str
    because_of: str = ""


@dataclass
class Decided:
    """What was decided about the samples of a batch, by their number in it; nothing is said of
    those that are kept as they are."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    redactions: dict[int, tuple[Redaction, ...]] = field(default_factory=dict)


class Verdicts:
    """What was decided about all samples of a dataset: small arrays, and texts only where there
    is something to say, the same text once."""

    def __init__(self) -> None:
        self.dropped_by = array("b")  # 0: kept so far; n: by the n-th filter
        self._why = array("q")  # the place of what is said of a sample that is dropped
        self._said: list[tuple[str, str]] = []
        self._places: dict[tuple[str, str], int] = {}
        self._redactions: dict[int, tuple[Redaction, ...]] = {}
        self.findings: dict[int, dict[str, Any]] = {}  # by the number of the filter

    def make_room(self, rows: int) -> None:
        """There are at least so many samples."""
        if (more := rows - len(self.dropped_by)) > 0:
            self.dropped_by.frombytes(bytes(more))
            self._why.frombytes(bytes(self._why.itemsize * more))

    def drop(self, row: int, verdict: Verdict) -> None:
        """Note that a sample goes."""
        self.dropped_by[row] = verdict.filter_number
        why = verdict[1:]
        place = self._places.get(why, len(self._said))
        if place == len(self._said):
            self._said.append(why)
            if len(self._places) < _SAID_AGAIN:
                self._places[why] = place
        self._why[row] = place

    def add(self, start: int, decided: Decided) -> None:
        """Note what was decided about a batch that begins with the sample `start`."""
        for row, verdict in decided.verdicts.items():
            self.drop(start + row, verdict)
        for row, redactions in decided.redactions.items():
            self._redactions[start + row] = redactions

    def of(self, start: int, count: int) -> Decided:
        """What was decided about a batch of so many samples that begins with `start`."""
        rows = range(start, start + count)
        return Decided(
            {
                row - start: Verdict(self.dropped_by[row], *self._said[self._why[row]])
                for row in rows
                if self.dropped_by[row]
            },
            {row - start: self._redactions[row] for row in rows if row in self._redactions},
        )


Decide = Callable[[Batches, Sequence[AnyFilter], "Embeddings | None"], Verdicts]
"""Decides about all samples, as `decide` does."""


def decide(
    batches: Batches, filters: Sequence[AnyFilter], embeddings: Embeddings | None = None
) -> Verdicts:
    """What the filters say in their order. Row filters that stand next to each other share a
    pass, and a dataset filter has one of its own.

    Args:
        batches: the samples.
        filters: the user's.
        embeddings: gives those that need them their embeddings; by default such as need no model.

    Raises:
        CheckError: a filter cannot decide (a score is missing, say).
        EndpointError, LimitReached: embeddings cannot be had.
    """
    embeddings = embeddings if embeddings is not None else Embeddings({})
    verdicts = Verdicts()
    for group in groups(filters):
        if group and isinstance(group[0][1], DatasetFilter):
            number, rule = group[0][0], group[0][1]
            try:
                _dataset_pass(batches, number, rule, verdicts, embeddings)
            except CheckError as error:
                raise CheckError(f"{rule.kind}: {error}") from error
        else:
            rules = [(number, one) for number, one in group if isinstance(one, Filter)]
            for start, columns in _numbered(batches(), verdicts):
                gone = _gone(verdicts, start, len(columns))
                verdicts.add(start, decide_rows(columns, rules, gone))
    return verdicts


def decide_rows(
    columns: Columns, rules: Sequence[tuple[int, Filter]], gone: Iterable[int] = ()
) -> Decided:
    """What row filters say about a batch: of each sample the first of them that drops it.

    Args:
        columns: the batch.
        rules: the filters with their numbers.
        gone: samples that have been dropped before.

    Raises:
        CheckError: a filter cannot decide.
    """
    decided = Decided()
    left = dict.fromkeys(range(len(columns)))
    for row in gone:
        del left[row]
    for number, rule in rules:
        try:
            reasons = _reasons(rule, columns, left)
            for row, spans in rule.redactions(columns).items() if left else ():
                if row in left and row not in reasons:
                    sample = columns.sample(row)
                    known = decided.redactions.get(row, sample.redactions)
                    decided.redactions[row] = redact(sample.with_(redactions=known), spans)
        except CheckError as error:
            raise CheckError(f"{rule.kind}: {error}") from error
        for row, reason in reasons.items():
            if row in left:
                decided.verdicts[row] = Verdict(number, f"{rule.kind}: {reason}")
                del left[row]
    return decided


def _reasons(rule: Filter, columns: Columns, left: Collection[int]) -> Mapping[int, str]:
    if isinstance(rule, ColumnFilter):
        return rule.reasons_to_drop(columns)
    if left and (in_question := rule.in_question(columns)) is not None:
        left = [row for row in in_question if row in left]
    said = ((row, rule.reason_to_drop(columns.sample(row))) for row in left)
    return {row: reason for row, reason in said if reason is not None}


def groups(filters: Sequence[AnyFilter]) -> Iterator[list[tuple[int, AnyFilter]]]:
    """Neighbouring row filters together, each dataset filter alone; numbered from 1. Without
    filters one group of none, since all samples are to be read."""
    group: list[tuple[int, AnyFilter]] = []
    for number, one in enumerate(filters, 1):
        if isinstance(one, DatasetFilter):
            if group:
                yield group
            yield [(number, one)]
            group = []
        else:
            group.append((number, one))
    if group or not filters:
        yield group


def _dataset_pass(
    batches: Batches,
    number: int,
    rule: DatasetFilter,
    verdicts: Verdicts,
    embeddings: Embeddings,
) -> None:
    import pyarrow as pa

    rows = array("q")
    schema = schema_of(rule.columns)
    chunks: list[pa.RecordBatch] = []
    ids: list[pa.Array] = []
    for start, columns in _numbered(batches(), verdicts):
        gone = set(_gone(verdicts, start, len(columns)))
        kept = [row for row in range(len(columns)) if row not in gone]
        if not kept:
            continue
        rows.extend(start + row for row in kept)
        ids.append(columns.column("id").take(pa.array(kept)))
        chunks.append(columns_of(columns, schema, kept))
    table = pa.Table.from_batches(chunks, schema=schema)
    decide_dataset(
        table, rows, pa.chunked_array(ids, pa.string()), number, rule, verdicts, embeddings
    )


def decide_dataset(
    table: pa.Table,
    rows: Sequence[int],
    ids: pa.ChunkedArray,
    number: int,
    rule: DatasetFilter,
    verdicts: Verdicts,
    embeddings: Embeddings,
) -> None:
    """Note what a dataset filter says of a table.

    Args:
        table: the columns that it reads.
        rows: which samples of the dataset these are.
        ids: of these samples.
        number: the filter's.
    """
    found = verdicts.findings.setdefault(number, {})
    if isinstance(rule, EmbeddedFilter) and (texts := rule.texts_to_embed(table)) is not None:
        column, found["embeddings"] = embeddings.of(texts, rule.embeddings)
        table = table.append_column("embedding", column)
    for drop in rule.drops(table):
        if isinstance(drop, Finding):
            found[drop.name] = drop.value
            continue
        because_of = "" if drop.because_of is None else ids[drop.because_of].as_py()
        note(verdicts, number, rule, rows[drop.row], drop.reason, because_of)


def note(
    verdicts: Verdicts, number: int, rule: DatasetFilter, row: int, reason: str, because_of: str
) -> None:
    """Note that a dataset filter drops a sample."""
    verdicts.drop(row, Verdict(number, f"{rule.kind}: {reason}", because_of))


def columns_of(columns: Columns, schema: pa.Schema, rows: Sequence[int]) -> pa.RecordBatch:
    """The columns that a dataset filter reads, of some rows of a batch."""
    import pyarrow as pa

    taken = pa.array(rows, pa.int64())
    arrays = [_flat(columns, one.name).take(taken).cast(one.type) for one in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _flat(columns: Columns, name: str) -> pa.Array:
    derived = {"criteria": _criteria, "flaw": _flaws, "flaw_of_length": _flaws_of_length}
    return derived[name](columns) if name in derived else columns.flat(name)


def _flaws(columns: Columns) -> pa.Array:
    from pyarrow import compute

    return compute.fill_null(compute.struct_field(columns.column("flaw"), "kind"), "")


def _flaws_of_length(columns: Columns) -> pa.Array:
    """Whether the check of the halves' lengths is there, and undecided."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    checks = columns.column("checks")
    names, passed = (compute.struct_field(checks.flatten(), one) for one in ("name", "passed"))
    undecided = compute.and_(compute.equal(names, ALIKE), compute.is_null(passed))
    found = np.zeros(len(columns), bool)
    owners = compute.list_parent_indices(checks)
    found[owners.filter(compute.fill_null(undecided, False)).to_numpy()] = True
    return pa.array(found)


def _criteria(columns: Columns) -> pa.Array:
    import pyarrow as pa
    from pyarrow import compute

    judgements = columns.column("judgements")
    parts = [compute.struct_field(judgements.flatten(), one) for one in ("criterion", "score")]
    lengths = compute.fill_null(compute.list_value_length(judgements), 0).cast(pa.int64())
    ends = compute.cumulative_sum(lengths)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends]).cast(pa.int32())
    pairs = pa.StructArray.from_arrays(
        [parts[0].cast(pa.string()), parts[1].cast(pa.float64())], ["criterion", "score"]
    )
    return pa.ListArray.from_arrays(offsets, pairs)


def schema_of(names: Sequence[str]) -> pa.Schema:
    """The types of columns that dataset filters read."""
    import pyarrow as pa

    criterion = pa.struct([("criterion", pa.string()), ("score", pa.float64())])
    types = {
        "score": pa.float64(),
        "labels": pa.list_(pa.string()),
        "criteria": pa.list_(criterion),
        "flaw_of_length": pa.bool_(),
    }
    return pa.schema([(name, types.get(name, pa.large_string())) for name in names])


def _numbered(batches: Iterable[Columns], verdicts: Verdicts) -> Iterator[tuple[int, Columns]]:
    """Each batch with the number of its first sample; on the first pass there is room made for
    what is decided about it."""
    start = 0
    for columns in batches:
        verdicts.make_room(start + len(columns))
        yield start, columns
        start += len(columns)


def _gone(verdicts: Verdicts, start: int, count: int) -> list[int]:
    dropped_by = verdicts.dropped_by[start : start + count]
    return [row for row, number in enumerate(dropped_by) if number]
