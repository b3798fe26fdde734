"""The samples of a dataset in a cluster's object store, in portions of neighbouring ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ....filters import Columns
from ...deciding import columns_of, schema_of
from .tasks import call, call_for_many, in_order

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from ray import ObjectRef

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

__all__ = ["Shard", "Shards", "batches_of", "table_of"]

ROWS_IN_A_SHARD = 50_000
BYTES_IN_A_SHARD = 2**26

_COLUMN_OF = {
    "prompt": "messages",
    "instruction": "messages",
    "response": "messages",
    "flaw_of_length": "checks",
    "criteria": "judgements",
}


class Shard(NamedTuple):
    """A portion of the dataset.

    Attributes:
        packed: the samples in Arrow's stream format, as an array of bytes.
        start: the number of the first one in the dataset.
        rows: how many there are.
    """

    packed: ObjectRef
    start: int
    rows: int


@dataclass
class Shards:
    """All portions, in the dataset's order.

    Attributes:
        all: the portions.
        bytes: how much the samples take as columns.
    """

    all: list[Shard] = field(default_factory=list)
    bytes: int = 0

    @classmethod
    def of(cls, batches: Iterable[Columns]) -> Shards:
        """Lay samples into the object store."""
        import ray

        shards = cls()
        for tables, start in _portions(batches):
            packed = ray.put(_packed(tables))
            shards.all.append(Shard(packed, start, sum(table.num_rows for table in tables)))
            shards.bytes += sum(table.nbytes for table in tables)
        return shards

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return self.all[-1].start + self.all[-1].rows if self.all else 0

    def each(self, function: Callable[..., Any], left: Mask, *given: Any) -> list[ObjectRef]:
        """Call `function(packed, start, left, *given)` for each portion, with what is left of
        its samples."""
        return [
            call(function, one.packed, one.start, left[one.start : one.start + one.rows], *given)
            for one in self.all
        ]

    def each_for_many(
        self, function: Callable[..., Any], parts: int, left: Mask, *given: Any
    ) -> list[list[ObjectRef]]:
        """As `each`, of a function that returns so many parts."""
        return [
            call_for_many(
                function,
                parts,
                one.packed,
                one.start,
                left[one.start : one.start + one.rows],
                *given,
            )
            for one in self.all
        ]

    def ids(self, rows: Numbers) -> dict[int, str]:
        """The ids of samples, by their number in the dataset."""
        import numpy as np

        wanted = np.unique(rows)
        asked, refs = [], []
        for one in self.all:
            mine = wanted[slice(*np.searchsorted(wanted, (one.start, one.start + one.rows)))]
            if len(mine):
                asked.append(mine)
                refs.append(call(_ids, one.packed, mine - one.start))
        found: dict[int, str] = {}
        for mine, ids in zip(asked, in_order(refs), strict=True):
            found.update(zip(mine.tolist(), ids, strict=True))
        return found

    def gathered(self, left: Mask, names: Sequence[str]) -> tuple[pa.Table, Numbers]:
        """The columns of all samples that are left, and their numbers in the dataset."""
        import numpy as np
        import pyarrow as pa

        tables = list(in_order(self.each(_table, left, names)))
        schema = schema_of(names)
        return pa.concat_tables([schema.empty_table(), *tables]), np.flatnonzero(left)


def batches_of(packed: Bytes, columns: Sequence[str] | None = None) -> Iterator[Columns]:
    """The samples of a portion, some thousand at a time.

    Args:
        columns: those that are needed; by default all.
    """
    import pyarrow as pa

    from ....records import sample_schema

    options = None
    if columns is not None:
        names = sample_schema().names
        options = pa.ipc.IpcReadOptions(included_fields=[names.index(one) for one in columns])
    with pa.ipc.open_stream(pa.py_buffer(packed), options=options) as reader:
        for batch in reader:
            yield Columns(pa.Table.from_batches([batch]))


def table_of(
    packed: Bytes, start: int, left: Mask, names: Sequence[str]
) -> tuple[pa.Table, Numbers]:
    """The columns that a dataset filter reads, of the samples of a portion that are left, and
    their numbers in the dataset."""
    import numpy as np

    return _table(packed, start, left, names), start + np.flatnonzero(left)


def _table(packed: Bytes, start: int, left: Mask, names: Sequence[str]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    needed = sorted({_COLUMN_OF.get(name, name) for name in names})
    schema = schema_of(names)
    parts = []
    done = 0
    for columns in batches_of(packed, needed):
        rows = np.flatnonzero(left[done : done + len(columns)]).tolist()
        parts.append(columns_of(columns, schema, rows))
        done += len(columns)
    return pa.Table.from_batches(parts, schema=schema)


def _ids(packed: Bytes, places: Numbers) -> list[str]:
    import pyarrow as pa

    ids = pa.chunked_array([one.column("id") for one in batches_of(packed, ["id"])], pa.string())
    found: list[str] = ids.take(pa.array(places)).to_pylist()
    return found


def _portions(batches: Iterable[Columns]) -> Iterator[tuple[list[pa.Table], int]]:
    tables: list[pa.Table] = []
    start = rows = size = 0
    for columns in batches:
        tables.append(columns.table)
        rows += len(columns)
        size += columns.table.nbytes
        if rows >= ROWS_IN_A_SHARD or size >= BYTES_IN_A_SHARD:
            yield tables, start
            start += rows
            tables, rows, size = [], 0, 0
    if rows:
        yield tables, start


def _packed(tables: Sequence[pa.Table]) -> Bytes:
    import numpy as np
    import pyarrow as pa

    from ....records import sample_schema

    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, sample_schema(), options=options) as writer:
        for table in tables:
            writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)
