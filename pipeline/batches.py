"""Samples on their way through filters: some thousand at a time, seen as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..filters import Columns
from ..records import (
    Sample,
    sample_from_json,
    sample_schema,
    table_from_json,
    table_from_samples,
)

__all__ = [
    "ROWS_AT_A_TIME",
    "Batches",
    "Spill",
    "Stream",
    "batches_of_json",
    "batches_of_samples",
]

T = TypeVar("T")

ROWS_AT_A_TIME = 2_000
CHARACTERS_AT_A_TIME = 2**26
"""A batch ends earlier where its samples are large."""

Stream = Callable[[], Iterable[bytes]]
"""Samples as JSON, in the dataset's order; called once for each pass."""

Batches = Callable[[], Iterable[Columns]]
"""The same as columns."""


def batches_of_json(rows: Iterable[bytes]) -> Iterator[Columns]:
    """Samples as the journal keeps them."""
    for batch in _portions(rows, len):
        yield Columns(table_from_json(batch), partial(_read, batch))


def batches_of_samples(samples: Iterable[Sample]) -> Iterator[Columns]:
    """Samples at hand."""
    for batch in _portions(samples, _characters):
        yield Columns(table_from_samples(batch), batch.__getitem__)


class Spill:
    """Batches that come from their source once, and from a file whenever they are needed again.

    Args:
        source: where they come from.
        path: the file, which is written while they are read for the first time.
    """

    def __init__(self, source: Iterable[Columns], path: Path) -> None:
        self._source: Iterable[Columns] | None = source
        self._path = path

    def __call__(self) -> Iterator[Columns]:
        """All batches, from the first."""
        if self._source is None:
            return self._again()
        source, self._source = self._source, None
        return self._first(source)

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)

    def _first(self, source: Iterable[Columns]) -> Iterator[Columns]:
        import pyarrow as pa

        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(self._path), "wb") as file,
            pa.ipc.new_file(file, sample_schema(), options=options) as writer,
        ):
            for columns in source:
                writer.write_table(columns.table)
                yield columns

    def _again(self) -> Iterator[Columns]:
        import pyarrow as pa

        with pa.memory_map(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                yield Columns(pa.Table.from_batches([reader.get_batch(number)]))


def _read(rows: Sequence[bytes], number: int) -> Sample:
    return sample_from_json(rows[number])


def _characters(sample: Sample) -> int:
    turns = (*sample.messages, *sample.rejected)
    return sum(len(turn.content) for turn in turns) + len(sample.row or "")


def _portions(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    batch: list[T] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if len(batch) >= ROWS_AT_A_TIME or total >= CHARACTERS_AT_A_TIME:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
