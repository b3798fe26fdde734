"""Rows that may hold labels: of any dataset, and of a run's samples."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ..errors import SeedError
from ..records.judging import MUST_HOLD
from ..records.shapes import sample_from_fields
from ..seeds import BadRow
from ..seeds.dataset import Dataset
from ..store import RunFolder

__all__ = ["LabelRow", "label_rows"]

_COLUMNS = {"id", "strategy", "messages", "judgements", "row"}
"""What is always read of our own samples."""


class LabelRow:
    """A row of a dataset.

    Attributes:
        where: its place, for messages.
        fields: its columns; of a sample that was a row of a dataset, that row's too, where the
            sample's own are empty.
        judgements: what judges said, where the row is a sample of ours.
        own: of a sample that was a row of a dataset, that row, with the id that it had there.
    """

    __slots__ = ("_sample", "fields", "judgements", "own", "where")

    def __init__(self, where: str, fields: Mapping[str, Any]) -> None:
        self.where = where
        self.fields = fields
        judgements: Any = fields.get("judgements")
        self._sample = isinstance(judgements, list) and isinstance(fields.get("messages"), list)
        self.judgements: Sequence[Mapping[str, Any]] = judgements if self._sample else ()
        self.own: Mapping[str, Any] = {}
        if self._sample and isinstance(row := fields.get("row"), str):
            self.own = _object(row)
            known = {name: value for name, value in fields.items() if value is not None}
            self.fields = {**self.own, **known}

    @property
    def broken(self) -> bool:
        """Whether the judging ended at what must hold, so that the row's score is no judge's."""
        return any(
            one.get("criterion") == MUST_HOLD and one.get("score") == 0 for one in self.judgements
        )

    def answer_length(self, mapping: Mapping[str, str]) -> int:
        """Characters of the answer.

        Raises:
            SeedError: the row has no known shape, or its answer is empty.
        """
        if not self._sample:
            return len(sample_from_fields(self.fields, mapping).response)
        turns = reversed(self.fields["messages"])
        answer = next((turn["content"] for turn in turns if turn["role"] == "assistant"), "")
        if not answer:
            raise SeedError("the sample has no answer")
        return len(answer)


def label_rows(
    data: str,
    columns: Collection[str] = (),
    *,
    split: str = "",
    on_bad_row: Callable[[BadRow], None] | None = None,
) -> Iterator[LabelRow]:
    """The rows of a file, a dataset's folder or a hub id; or of a run's folder the kept and
    dropped samples, as judges saw both.

    Args:
        columns: what is wanted of a run's samples beside their judgements and messages.

    Raises:
        SeedError: the data cannot be read.
    """
    folder = RunFolder(data)
    if folder.manifest_path.is_file():
        for name in ("kept", "dropped"):
            yield from _samples(folder.path / name, _COLUMNS.union(columns))
        return
    before: Mapping[str, Any] | None = None
    for seed in Dataset(path=data, split=split).read(Path(), on_bad_row):
        # A row with several instances is several seeds, with the same fields.
        if seed.fields is not before:
            before = seed.fields
            yield LabelRow(seed.source, seed.fields)


def _samples(folder: Path, columns: Collection[str]) -> Iterator[LabelRow]:
    import pyarrow as pa
    from pyarrow import parquet

    for path in sorted(folder.glob("*.parquet")):
        try:
            with parquet.ParquetFile(path) as file:
                there = [name for name in file.schema_arrow.names if name in columns]
                number = 0
                for batch in file.iter_batches(batch_size=1024, columns=there):
                    for fields in batch.to_pylist():
                        number += 1
                        yield LabelRow(f"{path}, row {number}", fields)
        except (OSError, pa.ArrowException) as error:
            raise SeedError(f"{path}: cannot be read ({error})") from error


def _object(text: str) -> dict[str, Any]:
    """The row that a sample was, or nothing where the column holds something else."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
