"""Filters over a dataset: which samples are kept, and why the others are not.

The samples are streamed and never held all at once; only the columns that a dataset filter asks
for are. Row filters that stand next to each other share one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from ..filters import DatasetFilter, Filter
from ..store import RunFolder
from .batches import Batches, Spill, Stream, batches_of_json
from .deciding import AnyFilter, Decide, Verdict, Verdicts, decide, decide_rows
from .embedding import Embeddings
from .funnel import FunnelStep
from .splitting import Split

__all__ = ["Filtering", "Outcome", "count_kept", "filter_samples"]


@dataclass(frozen=True)
class Outcome:
    """What filtering left."""

    kept: int = 0
    dropped: int = 0
    failed: int = 0
    simulated: int = 0
    funnel: Sequence[FunnelStep] = ()


class _Abandoned(Exception):
    """What was begun is not brought to its end."""


class Filtering:
    """The filters of a recipe over its samples, from the first of them to the files.

    Filters that look at one sample at a time need not wait for the last one: samples can be
    handed in by `add` as they are settled. A context manager, which throws away what was not
    brought to its `end`.

    Args:
        filters: the user's, in the user's order.
        folder: where to write `kept/`, `dropped/` and `failed/`, which are replaced together.
        target: keep only the first so many of those that pass.
        embeddings: gives filters that need them their embeddings.
        decide: who decides about all samples at the end; by default this process.
    """

    def __init__(
        self,
        filters: Sequence[AnyFilter],
        folder: RunFolder,
        *,
        target: int | None = None,
        embeddings: Embeddings | None = None,
        decide: Decide = decide,
    ) -> None:
        self._filters = filters
        self._decide = decide
        self._rules = [(n, one) for n, one in enumerate(filters, 1) if isinstance(one, Filter)]
        self._folder = folder
        self._target = target
        self._embeddings = embeddings
        self._open = ExitStack()
        self._split: Split | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._open.__exit__(kind, error, trace)
        else:  # after `end` there is nothing left to throw away
            with suppress(_Abandoned):
                self._open.__exit__(_Abandoned, _Abandoned(), None)

    @property
    def one_by_one(self) -> bool:
        """Whether each sample's fate is known without the others."""
        return self._target is None and not any(
            isinstance(one, DatasetFilter) for one in self._filters
        )

    def add(self, rows: Sequence[bytes]) -> None:
        """Filter the next samples, given as JSON, in the dataset's order; only where
        `one_by_one`.

        Raises:
            CheckError: a filter cannot decide (a score is missing, say).
            RunFolderError: the files cannot be written.
        """
        split = self._begun()
        for columns in batches_of_json(rows):
            split.write(columns, decide_rows(columns, self._rules))

    def end(self, batches: Batches, failed: Stream = tuple) -> Outcome:
        """Filter what has not been added, and put the files in their places.

        Args:
            batches: the samples, those that were added left out.
            failed: samples that never got as far as the filters; asked for at the end.

        Raises:
            CheckError: a filter cannot decide (a score is missing, say).
            RunFolderError: the files cannot be written.
        """
        split = self._begun()
        findings: Mapping[int, Mapping[str, Any]] = {}
        if self.one_by_one and self._decide is decide:
            for columns in batches():
                split.write(columns, decide_rows(columns, self._rules))
        else:
            spill = Spill(batches(), split.new / "all.arrow")
            verdicts = self._decide(spill, self._filters, self._embeddings)
            findings = verdicts.findings
            if self._target is not None:
                _drop_beyond(self._target, len(self._filters) + 1, verdicts)
            start = 0
            for columns in spill():
                split.write(columns, verdicts.of(start, len(columns)))
                start += len(columns)
            spill.remove()
        kept, dropped, failures, funnel = split.end(failed())
        self._open.close()
        funnel = [
            replace(step, findings=findings.get(number, {}))
            for number, step in enumerate(funnel, 1)
        ]
        return Outcome(kept, dropped, failures, split.simulated, funnel)

    def _begun(self) -> Split:
        if self._split is None:
            new = self._open.enter_context(self._folder.replacing("kept", "dropped", "failed"))
            names = [one.kind for one in self._filters]
            if self._target is not None:
                names.append("target")
            self._split = self._open.enter_context(Split(new, names))
        return self._split


def filter_samples(
    batches: Batches,
    filters: Sequence[AnyFilter],
    folder: RunFolder,
    *,
    failed: Stream = tuple,
    embeddings: Embeddings | None = None,
    decide: Decide = decide,
) -> Outcome:
    """Run the filters in their order and write `kept/`, `dropped/` and `failed/`."""
    with Filtering(filters, folder, embeddings=embeddings, decide=decide) as filtering:
        return filtering.end(batches, failed)


def count_kept(
    batches: Batches, filters: Sequence[AnyFilter], embeddings: Embeddings | None = None
) -> int:
    """How many samples the filters would keep; nothing is written."""
    return decide(batches, filters, embeddings).dropped_by.count(0)


def _drop_beyond(target: int, number: int, verdicts: Verdicts) -> None:
    kept = 0
    for row, dropped_by in enumerate(verdicts.dropped_by):
        kept += not dropped_by
        if not dropped_by and kept > target:
            reason = f"target: {target:,} samples that come before are kept"
            verdicts.drop(row, Verdict(number, reason))
