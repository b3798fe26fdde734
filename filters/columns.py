"""Samples as columns: what filters that are used on many rows look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..checks.text_bytes import TextBytes
from ..checks.word_table import WordTable
from ..records import Sample, sample_from_row, sample_to_json, table_from_json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Columns"]

_TAKEN_OUT = 50
"""Samples that are taken out of the table one by one; whoever asks for more has all of them read,
which is faster by the sample."""

_EVERY_TEXT = (
    ("messages", "content"),
    ("rejected", "content"),
    ("answer", ""),
    ("steps", "text"),
    ("candidates", "text"),
    ("passage", "text"),
)
_TEXTS = ("response", "instruction", "system", "prompt", "rejected", "act")


class Columns:
    """Some neighbouring samples of a dataset, seen as columns.

    What is derived from them (a text of each sample, the words of these texts) is made when it is
    first asked for, and then shared by all filters of a pass.

    Args:
        table: samples in the columns of `sample_schema`.
        read: gives the n-th of them as a `Sample`, where there is a shorter way than by the table.
    """

    def __init__(self, table: pa.Table, read: Callable[[int], Sample] | None = None) -> None:
        self.table = table
        self._read = read
        self._texts: dict[str, pa.Array] = {}
        self._bytes: dict[str, TextBytes] = {}
        self._words: dict[str, WordTable] = {}
        self._taken_out = 0

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Columns:
        """The columns of samples at hand."""
        return cls(table_from_json([sample_to_json(one) for one in samples]), samples.__getitem__)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def sample(self, row: int) -> Sample:
        """The sample in a row, whole."""
        if self._read is not None:
            return self._read(row)
        if self._taken_out < _TAKEN_OUT and "_rows" not in self.__dict__:
            self._taken_out += 1
            return sample_from_row(self.table.slice(row, 1).to_pylist()[0])
        return sample_from_row(self._rows[row])

    def text(self, name: str) -> pa.LargeStringArray:
        """A text of each sample, as the property of that name of `Sample`; "" where there is
        none.

        Args:
            name: "response", "instruction", "system", "prompt", "rejected" (the last assistant
                message of the rejected half) or "act" (the dialogue act of the response).
        """
        if name not in self._texts:
            self._texts[name] = getattr(self, f"_{name}")()
        return self._texts[name]

    def column(self, name: str) -> pa.Array:
        """A column of the table, or the id of each sample's "seed"."""
        import pyarrow as pa
        from pyarrow import compute

        column = self.table.column(name)
        whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(whole, pa.ChunkedArray):  # a column without rows
            whole = pa.array([], column.type)
        return compute.struct_field(whole, "id") if name == "seed" else whole

    def flat(self, name: str) -> pa.Array:
        """A text or a column, by its name."""
        return self.text(name) if name in _TEXTS else self.column(name)

    def every_text(self) -> Iterator[tuple[pa.LargeStringArray, NDArray[np.int64]]]:
        """All texts that `places` names, those of one column at a time, each with the number of
        its sample."""
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        for column, field in _EVERY_TEXT:
            values = self.column(column)
            owner = np.arange(len(values))
            if pa.types.is_list(values.type):
                lengths = compute.fill_null(compute.list_value_length(values), 0)
                owner = np.repeat(owner, lengths.to_numpy())
                values = values.flatten()
            if field:
                values = compute.struct_field(values, field)
            if values.null_count < len(values):
                yield compute.fill_null(values.cast(pa.large_string()), ""), owner

    def bytes(self, name: str) -> TextBytes:
        """The bytes of a text of each sample."""
        if name not in self._bytes:
            self._bytes[name] = TextBytes(self.text(name))
        return self._bytes[name]

    def words(self, name: str) -> WordTable:
        """The words of a text of each sample."""
        if name not in self._words:
            self._words[name] = WordTable(self.bytes(name))
        return self._words[name]

    def _response(self) -> pa.LargeStringArray:
        return self._messages.last("assistant")

    def _instruction(self) -> pa.LargeStringArray:
        return self._messages.last("user")

    def _system(self) -> pa.LargeStringArray:
        return self._messages.first("system")

    def _prompt(self) -> pa.LargeStringArray:
        return self._messages.before_the_answer()

    def _act(self) -> pa.LargeStringArray:
        return self._messages.last("assistant", "act")

    def _rejected(self) -> pa.LargeStringArray:
        return _Messages(self.column("rejected")).last("assistant")

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    @cached_property
    def _messages(self) -> _Messages:
        return _Messages(self.column("messages"))


class _Messages:
    """A column of conversations."""

    def __init__(self, column: pa.ListArray) -> None:
        import numpy as np
        from pyarrow import compute

        turns = column.flatten()
        lengths = compute.fill_null(compute.list_value_length(column), 0)
        self._ends = np.cumsum(lengths.to_numpy(zero_copy_only=False).astype(np.int64))
        self._starts = self._ends - lengths.to_numpy(zero_copy_only=False)
        self._roles: pa.Array = compute.struct_field(turns, "role")
        self._contents: pa.Array = compute.struct_field(turns, "content")
        self._turns = turns

    def last(self, role: str, field: str = "content") -> pa.LargeStringArray:
        """The last message of a role in each conversation, or another field of it, or ""."""
        return self._take(self._last_of(role), field)

    def first(self, role: str) -> pa.LargeStringArray:
        """The first message of a role in each conversation, or ""."""
        import numpy as np

        count = len(self._roles)
        at = np.where(self._are(role), np.arange(count), count)
        following = np.minimum.accumulate(at[::-1])[::-1]
        first = np.append(following, count)[self._starts]
        return self._take(np.where(first < self._ends, first, -1))

    def before_the_answer(self) -> pa.LargeStringArray:
        """The contents of each conversation, the last one left out where it is the assistant's,
        with an empty line between them."""
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        filled = self._ends > self._starts
        answered = np.zeros(len(self._ends), np.int64)
        answered[filled] = self._are("assistant")[self._ends[filled] - 1]
        ends = self._ends - answered
        inside = np.zeros(len(self._roles) + 1, np.int64)
        np.add.at(inside, self._starts, 1)
        np.add.at(inside, ends, -1)
        kept = np.flatnonzero(np.cumsum(inside)[:-1] > 0)
        offsets = np.concatenate(([0], np.cumsum(ends - self._starts))).astype(np.int32)
        lists = pa.ListArray.from_arrays(offsets, self._contents.take(pa.array(kept)))
        return compute.binary_join(lists, "\n\n").cast(pa.large_string())

    def _are(self, role: str) -> NDArray[np.bool_]:
        from pyarrow import compute

        found: NDArray[np.bool_] = compute.equal(self._roles, role).to_numpy(zero_copy_only=False)
        return found

    def _last_of(self, role: str) -> NDArray[np.int64]:
        import numpy as np

        at = np.where(self._are(role), np.arange(len(self._roles)), -1)
        last = np.concatenate(([-1], np.maximum.accumulate(at)))[self._ends]
        return np.where(last >= self._starts, last, -1)

    def _take(self, rows: NDArray[np.int64], field: str = "content") -> pa.LargeStringArray:
        import pyarrow as pa
        from pyarrow import compute

        found = compute.struct_field(self._turns, field).take(pa.array(rows, mask=rows < 0))
        found = found.cast(pa.large_string())
        return compute.fill_null(found, "")
