"""The books: what was planned and what became of it, kept while a run goes on."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from ..models import Meter
from ..records import Usage

__all__ = ["Balance", "Books"]


@dataclass(frozen=True, slots=True)
class Balance:
    """planned = kept + dropped + failed + pending, or it cannot be made.

    Raises:
        AssertionError: the numbers do not balance; a sample was lost or doubled.
    """

    planned: int
    kept: int
    dropped: int
    failed: int
    pending: int

    def __post_init__(self) -> None:
        whole = self.kept + self.dropped + self.failed + self.pending
        if self.planned != whole or min(self.kept, self.dropped, self.failed, self.pending) < 0:
            raise AssertionError(f"the books do not balance: {self}")

    def __str__(self) -> str:
        return (
            f"{self.planned:,} planned = {self.kept:,} kept + {self.dropped:,} dropped"
            f" + {self.failed:,} failed + {self.pending:,} pending"
        )


@dataclass
class Books:
    """Counters of a run; the engine writes them, a live view reads them from another thread.

    Attributes:
        stage: what is going on: "starting", "drafting and judging", "filtering", "done".
        expected: how many samples the whole run will plan, or None while that is unknown.
        planned: samples planned so far.
        planned_of: these by strategy.
        planned_by: these by the title of their generator.
        reused: of these, settled by an earlier run of the same folder.
        drafted, judged, failed: samples that have got that far in this run.
        calls, usage: replies received in this run, and their tokens.
        meters: what the connection with each model has done in this run.
        served: for models whose server was started for them, which it is and where it runs.
        cost: US dollars that all runs of this folder spent, or None where a price is unknown.
        failures: how often each reason occurred in this run.
        unused_seeds: seeds that no generator of the recipe can use.
        unused_listed: where they stand, of the first 1,000.
        bad_rows: rows of seed files that could not be read (where and why, the first 1,000).
        bad_row_count: how many there are in all.
    """

    stage: str = "starting"
    expected: int | None = None
    seeds: int = 0
    planned: int = 0
    planned_of: Counter[str] = field(default_factory=Counter)
    planned_by: Counter[str] = field(default_factory=Counter)
    reused: int = 0
    drafted: int = 0
    judged: int = 0
    failed: int = 0
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    meters: dict[str, Meter] = field(default_factory=dict)
    served: dict[str, str] = field(default_factory=dict)
    cost: float | None = None
    failures: Counter[str] = field(default_factory=Counter)
    unused_seeds: int = 0
    unused_listed: list[str] = field(default_factory=list)
    bad_rows: list[tuple[str, str]] = field(default_factory=list)
    bad_row_count: int = 0
    started: float = field(default_factory=time.monotonic)
    _retries: int = field(default=0, init=False, repr=False)

    @property
    def settled(self) -> int:
        """Samples that are whole or failed, earlier runs included."""
        return self.reused + self.judged + self.failed

    @property
    def retries(self) -> int:
        """Requests sent again after a passing fault, in this run."""
        return self._retries + sum(meter.retried for meter in list(self.meters.values()))

    @retries.setter
    def retries(self, elsewhere: int) -> None:
        """Those of other processes; the ones of this process are in its meters."""
        self._retries = elsewhere

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.started
