"""The requests of a run folder, over all its runs: how many were sent, answered and repeated, and
how many came to nothing, for which reason. A reply has its tokens in the journal; a request without
a reply has none, but may have been paid for all the same."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..models import Meter
from ..store import Journal

__all__ = ["Requests", "requests_of"]

NOTE = "requests"
SECONDS = 1.0

_Counts = dict[str, Counter[str]]
"""For each model: "sent", "answered", "repeated", and failures under "failed: REASON"."""

_FAILED = "failed: "


class Requests:
    """Counts requests, and keeps the counts in the folder's journal.

    Args:
        journal: the folder's.
        meters: of this run's connections, by the model's name; filled as they are made.
        of_all_runs: False in a process beside another that counts the earlier runs' already.
    """

    def __init__(
        self, journal: Journal, meters: Mapping[str, Meter], *, of_all_runs: bool = True
    ) -> None:
        self._journal = journal
        self._meters = meters
        self._saved: _Counts = {}
        self._next = 0.0
        self._failed_before = _failed(_read(journal.note(NOTE))) if of_all_runs else 0

    @property
    def failed(self) -> int:
        """Requests without a reply, of all runs."""
        return self._failed_before + sum(meter.failed for meter in self._meters.values())

    def save(self, *, now: bool = False) -> None:
        """Write the counts down, at most once a second unless it must be now.

        Raises:
            RunFolderError: the journal cannot be written.
        """
        if not now and time.monotonic() < self._next:
            return
        counts = self._this_run()
        if counts != self._saved:
            self._journal.change_note(NOTE, lambda noted: self._with(noted, counts))
            self._saved = counts
        self._next = time.monotonic() + SECONDS

    def _this_run(self) -> _Counts:
        return {
            model: Counter(
                {
                    "sent": meter.calls,
                    "answered": meter.answered,
                    "repeated": meter.retried,
                    **{_FAILED + reason: n for reason, n in meter.reasons.items()},
                }
            )
            for model, meter in self._meters.items()
        }

    def _with(self, noted: str | None, counts: _Counts) -> str:
        """What is noted, with what was counted since this run last noted something."""
        totals = _read(noted)
        for model, now in counts.items():
            total = totals.setdefault(model, Counter())
            total.update(now)
            total.subtract(self._saved.get(model, {}))
        return json.dumps(totals)


def requests_of(journal: Journal) -> dict[str, dict[str, Any]]:
    """The counts of all runs by model, as they go into the manifest."""
    return {m: _spelled(counts) for m, counts in sorted(_read(journal.note(NOTE)).items())}


def _read(noted: str | None) -> _Counts:
    return {model: Counter(counts) for model, counts in json.loads(noted or "{}").items()}


def _failed(counts: _Counts) -> int:
    return sum(
        n for model in counts.values() for what, n in model.items() if what.startswith(_FAILED)
    )


def _spelled(counts: Counter[str]) -> dict[str, Any]:
    reasons = {
        what.removeprefix(_FAILED): n
        for what, n in counts.most_common()
        if what.startswith(_FAILED) and n
    }
    named = {what: counts[what] for what in ("sent", "answered", "repeated")}
    return {**named, "failed": sum(reasons.values()), "reasons": reasons}
