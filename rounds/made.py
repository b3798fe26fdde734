"""What a run made for each group of failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..errors import RoundError

__all__ = ["made_for_groups"]


def made_for_groups(run: Path) -> dict[str, dict[str, int]]:
    """For each failure group that samples of a run name: how many were made, how many of them were
    kept, and how many exported (the most of any format), where something was.

    Raises:
        RoundError: a file of samples cannot be read.
    """
    counts = {
        name: Counter(group for _, group in _groups(run / name))
        for name in ("kept", "dropped", "failed")
    }
    exported = _exported(run)
    known = dict(_groups(run / "kept")) if exported else {}
    used = [Counter(known.get(sample, "") for sample in ids) for ids in exported]
    groups = {group for one in counts.values() for group in one if group}
    return {
        group: {
            "made": sum(one[group] for one in counts.values()),
            "kept": counts["kept"][group],
            "dropped": counts["dropped"][group],
            "failed": counts["failed"][group],
            **({"used": max(one[group] for one in used)} if used else {}),
        }
        for group in sorted(groups)
    }


def _groups(folder: Path) -> Iterator[tuple[str, str]]:
    """Each sample of a folder: its id, and the group that it names."""
    if not folder.is_dir():
        return
    import pyarrow as pa
    from pyarrow import compute, dataset

    try:
        table = dataset.dataset(folder, format="parquet").to_table(
            columns={"id": dataset.field("id"), "group": dataset.field("seed", "failure_group")}
        )
    except (OSError, pa.ArrowException) as error:
        raise RoundError(f"{folder} cannot be read as samples ({error})") from error
    filled = compute.fill_null(table.column("group"), "")
    yield from zip(table.column("id").to_pylist(), filled.to_pylist(), strict=True)


def _exported(run: Path) -> list[list[str]]:
    """The ids of the samples of each export in a run's folder, a sample once."""
    found = sorted((run / "exports").glob("*/__ids__/data.txt"))
    try:
        return [sorted({*path.read_text(encoding="utf-8").split()}) for path in found]
    except (OSError, UnicodeDecodeError) as error:
        raise RoundError(f"the ids of an export of {run} cannot be read ({error})") from error
