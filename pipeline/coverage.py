"""How well the leaves of a taxonomy are covered by a run's samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..checks.labels import Coverage, coverage

__all__ = ["coverage_of"]

ROWS_AT_A_TIME = 10_000


def coverage_of(folder: Path, leaves: Sequence[str]) -> list[Coverage]:
    """The coverage of some leaves, counted from what a run has written, two columns at a time.

    Args:
        folder: the run's, with `kept/`, `dropped/` and `failed/`.
        leaves: the paths of all leaves, in the order of the table.
    """
    return coverage(_samples(folder), leaves)


def _samples(folder: Path) -> Iterator[tuple[Mapping[str, str], Sequence[str], bool]]:
    from pyarrow import parquet

    for name in ("kept", "dropped", "failed"):
        for file in sorted((folder / name).glob("*.parquet")):
            with parquet.ParquetFile(file) as whole:
                for batch in whole.iter_batches(ROWS_AT_A_TIME, columns=["attributes", "labels"]):
                    for row in batch.to_pylist():
                        told = {each["name"]: each["value"] for each in row["attributes"] or ()}
                        yield told, row["labels"] or (), name == "kept"
