"""Filters over a dataset: which samples are kept, and why the others are not.

The samples are streamed, as often as needed, and never held all at once; only the columns that
a dataset filter asks for are. Row filters that stand next to each other share one pass.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from ..filters import DatasetFilter, Filter
from ..records import Sample, sample_from_json, table_from_json
from ..store import ParquetParts, RunFolder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FunnelStep", "Outcome", "count_kept", "filter_samples"]

ROWS_AT_A_TIME = 2_000

Stream = Callable[[], Iterable[bytes]]
"""Samples as JSON, in the dataset's order; called once for each pass."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many samples went into a filter, and how many it dropped."""

    filter: str
    samples_in: int
    dropped: int


@dataclass
class Outcome:
    """What filtering left."""

    kept: int = 0
    dropped: int = 0
    failed: int = 0
    simulated: int = 0
    funnel: list[FunnelStep] = field(default_factory=list)


class _Verdicts:
    """For each sample which filter dropped it, and why: small arrays, and texts only for what
    is dropped."""

    def __init__(self) -> None:
        self.dropped_by = array("b")  # 0: kept so far; n: by the n-th filter
        self.why: dict[int, tuple[str, str]] = {}

    def drop(self, row: int, filter_number: int, reason: str, because_of: str = "") -> None:
        self.dropped_by[row] = filter_number
        self.why[row] = (reason, because_of)


def filter_samples(
    stream: Stream,
    filters: Sequence[Filter | DatasetFilter],
    folder: RunFolder,
    *,
    failed: Stream = tuple,
    target: int | None = None,
) -> Outcome:
    """Run the filters in their order and write `kept/`, `dropped/` and `failed/`.

    Args:
        stream: the samples.
        filters: the user's, in the user's order.
        folder: where to write; the three sub-folders are replaced together.
        failed: samples that never got as far as the filters.
        target: keep only the first so many of those that pass.

    Raises:
        CheckError: a filter cannot decide (a score is missing, say).
        RunFolderError: the files cannot be written.
    """
    verdicts = _decide(stream, filters)
    names = [one.kind for one in filters]
    if target is not None:
        names.append("target")
        _drop_beyond(target, len(names), verdicts)
    outcome = Outcome()
    with folder.replacing("kept", "dropped", "failed") as new:
        _write(stream, names, verdicts, new, outcome)
        with ParquetParts(new / "failed") as parts:
            for rows in _batches(failed()):
                parts.write(table_from_json(rows))
            outcome.failed = parts.rows
    outcome.funnel = _funnel(names, verdicts, outcome)
    return outcome


def count_kept(stream: Stream, filters: Sequence[Filter | DatasetFilter]) -> int:
    """How many samples the filters would keep; nothing is written."""
    return _decide(stream, filters).dropped_by.count(0)


def _decide(stream: Stream, filters: Sequence[Filter | DatasetFilter]) -> _Verdicts:
    verdicts = _Verdicts()
    for group in _groups(filters):
        if isinstance(group[0][1], DatasetFilter):
            _dataset_pass(stream, group[0][0], group[0][1], verdicts)
        else:
            _row_pass(stream, group, verdicts)
    if not filters:
        verdicts.dropped_by.extend(0 for _ in stream())
    return verdicts


def _drop_beyond(target: int, number: int, verdicts: _Verdicts) -> None:
    kept = 0
    for row, dropped_by in enumerate(verdicts.dropped_by):
        kept += not dropped_by
        if not dropped_by and kept > target:
            verdicts.drop(row, number, f"target: {target:,} samples that come before are kept")


def _groups(
    filters: Sequence[Filter | DatasetFilter],
) -> Iterator[list[tuple[int, Filter | DatasetFilter]]]:
    """Neighbouring row filters together, each dataset filter alone; numbered from 1."""
    group: list[tuple[int, Filter | DatasetFilter]] = []
    for number, one in enumerate(filters, 1):
        if isinstance(one, DatasetFilter):
            if group:
                yield group
            yield [(number, one)]
            group = []
        else:
            group.append((number, one))
    if group:
        yield group


def _row_pass(
    stream: Stream, group: Sequence[tuple[int, Filter | DatasetFilter]], verdicts: _Verdicts
) -> None:
    rules = [(number, one) for number, one in group if isinstance(one, Filter)]
    for row, sample in _still_kept(stream, verdicts):
        for number, rule in rules:
            try:
                reason = rule.reason_to_drop(sample)
            except CheckError as error:
                raise CheckError(f"{rule.kind}: {error}") from error
            if reason is not None:
                verdicts.drop(row, number, f"{rule.kind}: {reason}")
                break


def _dataset_pass(stream: Stream, number: int, rule: DatasetFilter, verdicts: _Verdicts) -> None:
    import pyarrow as pa

    rows = array("q")
    ids: list[str] = []
    chunks: list[pa.RecordBatch] = []
    schema = _flat_schema(rule.columns)
    kept = _still_kept(stream, verdicts)
    while batch := list(islice(kept, ROWS_AT_A_TIME)):
        rows.extend(row for row, _ in batch)
        columns = {name: [_FLAT[name](sample) for _, sample in batch] for name in rule.columns}
        chunks.append(pa.RecordBatch.from_pydict(columns, schema=schema))
        ids.extend(sample.id for _, sample in batch)
    for drop in rule.drops(pa.Table.from_batches(chunks, schema=schema)):
        because_of = "" if drop.because_of is None else ids[drop.because_of]
        verdicts.drop(rows[drop.row], number, f"{rule.kind}: {drop.reason}", because_of)


def _still_kept(stream: Stream, verdicts: _Verdicts) -> Iterator[tuple[int, Sample]]:
    dropped_by = verdicts.dropped_by
    for row, data in enumerate(stream()):
        if row == len(dropped_by):
            dropped_by.append(0)
        if not dropped_by[row]:
            yield row, sample_from_json(data)


_FLAT: dict[str, Callable[[Sample], Any]] = {
    "id": lambda s: s.id,
    "strategy": lambda s: s.strategy,
    "seed": lambda s: s.seed.id if s.seed is not None else "",
    "score": lambda s: s.score,
    "prompt": lambda s: s.prompt,
    "response": lambda s: s.response,
}


def _flat_schema(columns: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    types = {"score": pa.float64()}
    return pa.schema([(name, types.get(name, pa.large_string())) for name in columns])


def _write(
    stream: Stream, filters: Sequence[str], verdicts: _Verdicts, new: Path, outcome: Outcome
) -> None:
    """Split the samples into kept and dropped, each with its decision."""
    names = ["", *filters]
    with ParquetParts(new / "kept") as kept, ParquetParts(new / "dropped") as dropped:
        row = 0
        for batch in _batches(stream()):
            table = _decided(table_from_json(batch), row, verdicts, names)
            row += len(batch)
            mask = table["decision"].combine_chunks().field("kept")
            outcome.simulated += _count_simulated(table)
            for parts, part in ((kept, table.filter(mask)), (dropped, _without(table, mask))):
                if part.num_rows:
                    parts.write(part)
        outcome.kept, outcome.dropped = kept.rows, dropped.rows


def _decided(table: pa.Table, first: int, verdicts: _Verdicts, names: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    decisions = []
    for row in range(first, first + table.num_rows):
        number = verdicts.dropped_by[row]
        reason, because_of = verdicts.why.get(row, ("", ""))
        decisions.append(
            {
                "kept": not number,
                "filter": names[number],
                "reason": reason,
                "because_of": because_of,
            }
        )
    at = table.schema.get_field_index("decision")
    column = pa.array(decisions, type=table.schema.field(at).type)
    return table.set_column(at, table.schema.field(at), column)


def _without(table: pa.Table, mask: pa.Array) -> pa.Table:
    from pyarrow import compute

    return table.filter(compute.invert(mask))


def _count_simulated(table: pa.Table) -> int:
    from pyarrow import compute

    origin = table["origin"].combine_chunks().field("simulated")
    return int(compute.sum(origin.cast("int64")).as_py() or 0)


def _batches(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    stream = iter(rows)
    while batch := list(islice(stream, ROWS_AT_A_TIME)):
        yield batch


def _funnel(filters: Sequence[str], verdicts: _Verdicts, outcome: Outcome) -> list[FunnelStep]:
    left = outcome.kept + outcome.dropped
    steps = []
    for number, name in enumerate(filters, 1):
        dropped = verdicts.dropped_by.count(number)
        steps.append(FunnelStep(name, left, dropped))
        left -= dropped
    return steps
