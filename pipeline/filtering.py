"""Filters over a dataset: which samples are kept, and why the others are not.

The samples are streamed, as often as needed, and never held all at once; only the columns that
a dataset filter asks for are. Row filters that stand next to each other share one pass.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ..errors import CheckError
from ..filters import DatasetFilter, Filter
from ..records import Sample, sample_from_json, table_from_json
from ..store import ParquetParts, RunFolder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS_AT_A_TIME", "Filtering", "FunnelStep", "Outcome", "count_kept", "filter_samples"]

ROWS_AT_A_TIME = 2_000

Stream = Callable[[], Iterable[bytes]]
"""Samples as JSON, in the dataset's order; called once for each pass."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many samples went into a filter, and how many it dropped."""

    filter: str
    samples_in: int
    dropped: int


@dataclass(frozen=True)
class Outcome:
    """What filtering left."""

    kept: int = 0
    dropped: int = 0
    failed: int = 0
    simulated: int = 0
    funnel: Sequence[FunnelStep] = ()


class _Verdicts:
    """For each sample which filter dropped it, and why: small arrays, and texts only for what
    is dropped."""

    def __init__(self) -> None:
        self.dropped_by = array("b")  # 0: kept so far; n: by the n-th filter
        self.why: dict[int, tuple[str, str]] = {}

    def drop(self, row: int, filter_number: int, reason: str, because_of: str = "") -> None:
        self.dropped_by[row] = filter_number
        self.why[row] = (reason, because_of)


class _Abandoned(Exception):
    """What was begun is not brought to its end."""


class Filtering:
    """The filters of a recipe over its samples, from the first of them to the files.

    Filters that look at one sample at a time need not wait for the last one: samples can be
    handed in by `add` as they are settled. A context manager, which throws away what was not
    brought to its `end`.

    Args:
        filters: the user's, in the user's order.
        folder: where to write `kept/`, `dropped/` and `failed/`, which are replaced together.
        target: keep only the first so many of those that pass.
    """

    def __init__(
        self,
        filters: Sequence[Filter | DatasetFilter],
        folder: RunFolder,
        *,
        target: int | None = None,
    ) -> None:
        self._filters = filters
        self._folder = folder
        self._target = target
        self._open = ExitStack()
        self._split: _Split | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._open.__exit__(kind, error, trace)
        else:  # after `end` there is nothing left to throw away
            with suppress(_Abandoned):
                self._open.__exit__(_Abandoned, _Abandoned(), None)

    @property
    def one_by_one(self) -> bool:
        """Whether each sample's fate is known without the others."""
        return self._target is None and not any(
            isinstance(one, DatasetFilter) for one in self._filters
        )

    def add(self, rows: Sequence[bytes]) -> None:
        """Filter the next samples, in the dataset's order; only where `one_by_one`.

        Raises:
            CheckError: a filter cannot decide (a score is missing, say).
            RunFolderError: the files cannot be written.
        """
        split = self._begun()
        rules = [(n, one) for n, one in enumerate(self._filters, 1) if isinstance(one, Filter)]
        split.write(rows, [_verdict(sample_from_json(data), rules) for data in rows])

    def end(self, stream: Stream, failed: Stream = tuple) -> Outcome:
        """Filter what has not been added, and put the files in their places.

        Args:
            stream: the samples, those that were added left out.
            failed: samples that never got as far as the filters.

        Raises:
            CheckError: a filter cannot decide (a score is missing, say).
            RunFolderError: the files cannot be written.
        """
        if self.one_by_one:
            for rows in _batches(stream()):
                self.add(rows)
        else:
            verdicts = _decide(stream, self._filters)
            if self._target is not None:
                _drop_beyond(self._target, len(self._filters) + 1, verdicts)
            row = 0
            for rows in _batches(stream()):
                numbers = range(row, row + len(rows))
                row += len(rows)
                self._begun().write(rows, [_known_verdict(verdicts, n) for n in numbers])
        outcome = self._begun().end(failed)
        self._open.close()
        return outcome

    def _begun(self) -> _Split:
        if self._split is None:
            new = self._open.enter_context(self._folder.replacing("kept", "dropped", "failed"))
            names = [one.kind for one in self._filters]
            if self._target is not None:
                names.append("target")
            self._split = self._open.enter_context(_Split(new, names))
        return self._split


def filter_samples(
    stream: Stream,
    filters: Sequence[Filter | DatasetFilter],
    folder: RunFolder,
    *,
    failed: Stream = tuple,
) -> Outcome:
    """Run the filters in their order and write `kept/`, `dropped/` and `failed/`."""
    with Filtering(filters, folder) as filtering:
        return filtering.end(stream, failed)


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
        verdict = _verdict(sample, rules)
        if verdict is not None:
            verdicts.drop(row, *verdict)


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


class _Split:
    """Splits samples into kept and dropped, each with its decision.

    Args:
        new: where to write.
        filters: what the filters are called.
    """

    def __init__(self, new: Path, filters: Sequence[str]) -> None:
        self._new = new
        self._filters = filters
        self._files = ExitStack()
        self._kept = self._files.enter_context(ParquetParts(new / "kept"))
        self._dropped = self._files.enter_context(ParquetParts(new / "dropped"))
        self._dropped_by = [0] * len(filters)
        self._simulated = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def write(self, rows: Sequence[bytes], verdicts: Sequence[_Verdict | None]) -> None:
        """Write samples, each with the verdict of the filter that drops it, or with None."""
        table = _decided(table_from_json(rows), verdicts, self._filters)
        self._simulated += _count_simulated(table)
        for verdict in verdicts:
            if verdict is not None:
                self._dropped_by[verdict.filter_number - 1] += 1
        kept = [verdict is None for verdict in verdicts]
        if all(kept):
            self._kept.write(table)
            return
        import pyarrow as pa

        for parts, mask in ((self._kept, kept), (self._dropped, [not one for one in kept])):
            if any(mask):
                parts.write(table.filter(pa.array(mask)))

    def end(self, failed: Stream) -> Outcome:
        """Write what failed; returns the whole."""
        self._files.close()
        with ParquetParts(self._new / "failed") as parts:
            for rows in _batches(failed()):
                parts.write(table_from_json(rows))
        return Outcome(
            kept=self._kept.rows,
            dropped=self._dropped.rows,
            failed=parts.rows,
            simulated=self._simulated,
            funnel=self._funnel(),
        )

    def _funnel(self) -> list[FunnelStep]:
        left = self._kept.rows + self._dropped.rows
        steps = []
        for name, dropped in zip(self._filters, self._dropped_by, strict=True):
            steps.append(FunnelStep(name, left, dropped))
            left -= dropped
        return steps


class _Verdict(NamedTuple):
    """Which filter drops a sample, counted from 1, and why."""

    filter_number: int
    reason: str
    because_of: str = ""


def _verdict(sample: Sample, rules: Sequence[tuple[int, Filter]]) -> _Verdict | None:
    """What the first of some filters says that drops a sample, or None."""
    for number, rule in rules:
        try:
            reason = rule.reason_to_drop(sample)
        except CheckError as error:
            raise CheckError(f"{rule.kind}: {error}") from error
        if reason is not None:
            return _Verdict(number, f"{rule.kind}: {reason}")
    return None


def _known_verdict(verdicts: _Verdicts, row: int) -> _Verdict | None:
    number = verdicts.dropped_by[row]
    return _Verdict(number, *verdicts.why[row]) if number else None


def _decided(
    table: pa.Table, verdicts: Sequence[_Verdict | None], filters: Sequence[str]
) -> pa.Table:
    """The table with its decisions."""
    import pyarrow as pa

    blank = ("", "", "")
    texts = [
        blank if v is None else (filters[v.filter_number - 1], v.reason, v.because_of)
        for v in verdicts
    ]
    at = table.schema.get_field_index("decision")
    field = table.schema.field(at)
    columns = [pa.array([v is None for v in verdicts], pa.bool_())]
    columns += [pa.array(list(column), pa.string()) for column in zip(*texts, strict=True)]
    decision = pa.StructArray.from_arrays(columns, fields=list(field.type))
    return table.set_column(at, field, decision)


def _count_simulated(table: pa.Table) -> int:
    from pyarrow import compute

    halves = [
        compute.fill_null(table[name].combine_chunks().field("simulated"), False)
        for name in ("origin", "rejected_origin")
    ]
    return int(compute.sum(compute.or_(*halves).cast("int64")).as_py() or 0)


def _batches(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    stream = iter(rows)
    while batch := list(islice(stream, ROWS_AT_A_TIME)):
        yield batch
