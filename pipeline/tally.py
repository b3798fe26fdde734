"""What became of each strategy's samples, and how alike the halves of its pairs are: counted from
what a run has written, a few columns at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks.pairs import ALIKE
from .books import Balance
from .pair_lengths import Lengths, PairLengths
from .turn_lengths import last_lengths

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["StrategyBooks", "Tally", "tally"]

ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class StrategyBooks:
    """The books of one strategy; planned = kept + dropped + failed + pending.

    Attributes:
        strategy: its name; "" for samples of which it is not known yet.
        verified: kept samples of which a check that needs no model could tell something, and all
            such checks were passed.
        refuted: kept samples that such a check refused.
    """

    strategy: str
    planned: int
    kept: int
    dropped: int
    failed: int
    pending: int
    verified: int
    refuted: int


@dataclass(frozen=True, slots=True)
class Tally:
    """A run's samples by strategy."""

    strategies: tuple[StrategyBooks, ...] = ()
    pairs: tuple[PairLengths, ...] = ()

    def manifest(self) -> dict[str, Any]:
        """What goes into the manifest."""
        return {
            "strategies": [asdict(one) for one in self.strategies],
            "pairs": [asdict(one) for one in self.pairs],
        }


def tally(folder: Path, planned: Mapping[str, int], balance: Balance) -> Tally:
    """Count what lies in a run's folder.

    Args:
        folder: the run's, with `kept/`, `dropped/` and `failed/`.
        planned: how many samples of each strategy were planned, in the recipe's order.
        balance: the books of the whole.

    Raises:
        AssertionError: the strategies' books do not add up to these.
    """
    parts = {name: _Part() for name in ("kept", "dropped", "failed")}
    for name, part in parts.items():
        for file in sorted((folder / name).glob("*.parquet")):
            part.read(file, lengths=name == "kept")
    found: Counter[str] = sum((part.samples for part in parts.values()), Counter())
    pending = _pending(planned, found, balance.pending)
    kept, dropped, failed = parts.values()
    strategies = tuple(
        StrategyBooks(
            strategy=name,
            planned=found[name] + pending.get(name, 0),
            kept=kept.samples[name],
            dropped=dropped.samples[name],
            failed=failed.samples[name],
            pending=pending.get(name, 0),
            verified=kept.verified[name],
            refuted=kept.refuted[name],
        )
        for name in dict.fromkeys([*planned, *sorted(found), *pending])
        if found[name] or pending.get(name)
    )
    for field in ("planned", "kept", "dropped", "failed", "pending"):
        whole = sum(getattr(one, field) for one in strategies)
        if whole != getattr(balance, field):
            raise AssertionError(f"by strategy {whole} are {field}, in all {balance}")
    return Tally(strategies, tuple(kept.pairs()))


def _pending(planned: Mapping[str, int], found: Counter[str], pending: int) -> dict[str, int]:
    """What is pending by strategy, where that follows from what was planned; else under ""."""
    left = {name: number - found[name] for name, number in planned.items()}
    if sum(left.values()) == pending and min(left.values(), default=0) >= 0:
        return left
    return {"": pending} if pending else {}


class _Part:
    """The samples of one of the folders."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.verified: Counter[str] = Counter()
        self.refuted: Counter[str] = Counter()
        self._lengths: dict[tuple[str, str], Lengths] = {}

    def read(self, file: Path, *, lengths: bool) -> None:
        from pyarrow import parquet

        columns = ["strategy", "checks.list.element.passed"]
        if lengths:
            columns += ["checks.list.element.name", "flaw.kind", "rejected.list.element.content"]
        with parquet.ParquetFile(file) as whole:
            for group in range(whole.num_row_groups):
                table = whole.read_row_group(group, columns)
                self._count(table)
                if lengths and _any(table["rejected"]):
                    messages = whole.read_row_group(group, ["messages.list.element.content"])
                    self._measure(table.append_column("messages", messages["messages"]))

    def _count(self, table: pa.Table) -> None:
        names = table["strategy"].combine_chunks()
        self.samples.update(_counted(names))
        if not _any(table["checks"]):
            return
        by_row: dict[int, bool] = {}
        for row, passed in _elements(table["checks"], "passed"):
            if passed is not None:
                by_row[row] = by_row.get(row, True) and passed
        for row, passed in by_row.items():
            (self.verified if passed else self.refuted)[names[row].as_py() or ""] += 1

    def _measure(self, table: pa.Table) -> None:
        names = table["strategy"].to_pylist()
        flaws = table["flaw"].to_pylist()
        chosen = last_lengths(table["messages"].combine_chunks()).tolist()
        rejected = last_lengths(table["rejected"].combine_chunks()).tolist()
        checks = [
            (row, name, passed)
            for (row, name), (_, passed) in zip(
                _elements(table["checks"], "name"),
                _elements(table["checks"], "passed"),
                strict=True,
            )
        ]
        proven = {row for row, name, passed in checks if passed and name.startswith("flaw ")}
        by_flaw = {row for row, name, passed in checks if passed is None and name == ALIKE}
        for row, length in enumerate(rejected):
            if length < 0:
                continue
            flaw = (flaws[row] or {}).get("kind") or ""
            for key in {(names[row] or "", ""), (names[row] or "", flaw)}:
                lengths = self._lengths.setdefault(key, Lengths())
                lengths.add(chosen[row], length, by_flaw=row in by_flaw)
                lengths.proven += row in proven

    def pairs(self) -> Iterable[PairLengths]:
        """The lengths, for each strategy of all flaws and then flaw by flaw."""
        for (strategy, flaw), lengths in sorted(self._lengths.items()):
            yield lengths.of(strategy, flaw)


def _counted(names: pa.Array) -> Counter[str]:
    from pyarrow import compute

    counted = compute.value_counts(names)
    return Counter({one["values"].as_py() or "": one["counts"].as_py() for one in counted})


def _any(lists: pa.ChunkedArray) -> bool:
    """Whether any row has an element."""
    from pyarrow import compute

    return bool(compute.sum(compute.list_value_length(lists)).as_py())


def _elements(lists: pa.ChunkedArray, field: str) -> Iterable[tuple[int, Any]]:
    """The row and one field of each element, in their order."""
    from pyarrow import compute

    whole = lists.combine_chunks()
    rows = compute.list_parent_indices(whole).to_pylist()
    values = compute.list_flatten(whole).field(field).to_pylist()
    return zip(rows, values, strict=True)
