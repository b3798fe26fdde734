"""Samples into the folders that they belong to: kept and dropped, each with its decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..filters import Columns
from ..records import Redaction
from ..store import ParquetParts
from .batches import batches_of_json
from .deciding import Decided
from .funnel import Funnel, FunnelStep

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Split"]

ROWS_IN_A_GROUP = 10_000
BYTES_IN_A_GROUP = 2**25


class Split:
    """Splits samples into kept and dropped, each with its decision; a context manager.

    Args:
        new: where to write.
        filters: what the filters are called.
    """

    def __init__(self, new: Path, filters: Sequence[str]) -> None:
        self.new = new
        self._filters = filters
        self._files = ExitStack()
        self._kept = _Gathered(self._files.enter_context(ParquetParts(new / "kept")))
        self._dropped = _Gathered(self._files.enter_context(ParquetParts(new / "dropped")))
        self._funnel = Funnel(filters)
        self.simulated = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def write(self, columns: Columns, decided: Decided) -> None:
        """Write samples with what was decided about them."""
        import pyarrow as pa
        from pyarrow import compute

        table = _decided(columns.table, decided, self._filters)
        self.simulated += _count_simulated(table)
        self._funnel.add(decided.verdicts.values())
        if not decided.verdicts:
            self._kept.write(table)
            return
        kept = [row not in decided.verdicts for row in range(len(columns))]
        mask = pa.array(kept)
        self._kept.write(table.filter(mask))
        self._dropped.write(table.filter(compute.invert(mask)))

    def end(self, failed: Iterable[bytes]) -> tuple[int, int, int, list[FunnelStep]]:
        """Write what failed; returns how many were kept, dropped and failed, and the funnel."""
        self._kept.flush()
        self._dropped.flush()
        self._files.close()
        with ParquetParts(self.new / "failed") as parts:
            for columns in batches_of_json(failed):
                parts.write(columns.table)
        kept, dropped = self._kept.parts.rows, self._dropped.parts.rows
        return kept, dropped, parts.rows, self._funnel.steps(kept + dropped)


class _Gathered:
    """Tables on their way into a file, so that its row groups are not too small."""

    def __init__(self, parts: ParquetParts) -> None:
        self.parts = parts
        self._tables: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, table: pa.Table) -> None:
        self._tables.append(table)
        self._rows += table.num_rows
        self._bytes += table.nbytes
        if self._rows >= ROWS_IN_A_GROUP or self._bytes >= BYTES_IN_A_GROUP:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self.parts.write(pa.concat_tables(self._tables))
        self._tables = []
        self._rows = self._bytes = 0


def _decided(table: pa.Table, decided: Decided, filters: Sequence[str]) -> pa.Table:
    """The table with its decisions, and with what is redacted in it."""
    import pyarrow as pa

    verdicts = [decided.verdicts.get(row) for row in range(table.num_rows)]
    blank = ("", "", "")
    texts = [
        blank if v is None else (filters[v.filter_number - 1], v.reason, v.because_of)
        for v in verdicts
    ]
    at = table.schema.get_field_index("decision")
    field = table.schema.field(at)
    columns = [pa.array([v is None for v in verdicts], pa.bool_())]
    names = zip(*texts, strict=True) if texts else [()] * 3
    columns += [pa.array(list(column), pa.string()) for column in names]
    decision = pa.StructArray.from_arrays(columns, fields=list(field.type))
    table = table.set_column(at, field, decision)
    return _redacted(table, decided.redactions) if decided.redactions else table


def _redacted(table: pa.Table, redactions: Mapping[int, Sequence[Redaction]]) -> pa.Table:
    import pyarrow as pa

    at = table.schema.get_field_index("redactions")
    field = table.schema.field(at)
    rows = table.column(at).to_pylist()
    for row, found in redactions.items():
        rows[row] = [asdict(one) for one in found]
    return table.set_column(at, field, pa.array(rows, field.type))


def _count_simulated(table: pa.Table) -> int:
    from pyarrow import compute

    halves = [
        compute.fill_null(table[name].combine_chunks().field("simulated"), False)
        for name in ("origin", "rejected_origin")
    ]
    return int(compute.sum(compute.or_(*halves).cast("int64")).as_py() or 0)
