"""The kept samples of a run, as its folder holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ExportError
from ..store import RunFolder

if TYPE_CHECKING:
    from pyarrow import parquet

__all__ = ["count_simulated", "kept_rows", "open_parts"]

_ROWS_AT_ONCE = 500
_AGAIN = "run the same `silversmith run` again, which writes them anew from the journal"


def open_parts(folder: Path, stack: contextlib.ExitStack) -> list[parquet.ParquetFile]:
    """The files of `kept/`, all opened before anything is read: a run that replaces them in the
    meantime changes nothing.

    Raises:
        ExportError: it is no run's folder, a file is damaged, or nothing was kept.
        RunFolderError: the folder's manifest is damaged or of a newer version.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if not folder.is_dir():
        raise ExportError(f"{folder} is no folder: give the folder of a run")
    run = RunFolder(folder)
    kept = folder / "kept"
    if run.manifest() is None and not run.journal.exists() and not kept.is_dir():
        raise ExportError(
            f"{folder} is no run's folder (it has no manifest.json and no kept/): give the folder"
            " that `silversmith run` wrote"
        )
    paths = sorted(kept.glob("*.parquet"))
    if not paths:
        raise ExportError(
            f"{folder} has no samples in kept/ yet: let `silversmith run` finish there first"
        )
    parts = []
    for path in paths:
        try:
            part = stack.enter_context(parquet.ParquetFile(path))
        except (OSError, pa.ArrowInvalid) as error:
            raise ExportError(f"{path} cannot be read as Parquet ({error}): {_AGAIN}") from error
        if missing := {"id", "messages", "origin"} - set(part.schema_arrow.names):
            raise ExportError(
                f"{path} holds no samples of silversmith (no column"
                f" {', '.join(sorted(missing))}): give the folder of a run"
            )
        parts.append(part)
    if not any(part.metadata.num_rows for part in parts):
        raise ExportError(
            f"{folder} kept no samples, so there is nothing to export: the reasons are in"
            " manifest.json and dropped/"
        )
    return parts


def count_simulated(parts: Sequence[parquet.ParquetFile]) -> int:
    """How many samples a simulated model wrote, from the two columns that say so."""
    from pyarrow import compute

    total = 0
    for part in parts:
        names = [n for n in ("origin", "rejected_origin") if n in part.schema_arrow.names]
        for batch in part.iter_batches(columns=[f"{name}.simulated" for name in names]):
            marks = [
                compute.fill_null(compute.struct_field(batch.column(name), "simulated"), False)
                for name in names
            ]
            either = marks[0] if len(marks) == 1 else compute.or_(*marks)
            total += compute.sum(either).as_py() or 0
    return total


def kept_rows(
    parts: Sequence[parquet.ParquetFile], columns: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """The kept samples as rows, in the order of the dataset; of all columns where none are named,
    else of those that there are.

    Raises:
        ExportError: a file is damaged.
    """
    import pyarrow as pa

    for part in parts:
        there = [name for name in columns if name in part.schema_arrow.names] or None
        try:
            for batch in part.iter_batches(_ROWS_AT_ONCE, columns=there, use_threads=False):
                yield from batch.to_pylist()
        except (OSError, pa.ArrowInvalid) as error:
            raise ExportError(f"the samples in kept/ are damaged ({error}): {_AGAIN}") from error
