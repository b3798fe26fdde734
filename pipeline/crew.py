"""The crew: as many workers at a time as keep the models busy, each with one sample."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ..errors import LimitReached, SilversmithError, TooManyFailures
from ..records import Sample, sample_to_json
from ..store import Journal, Result, Standings
from .books import Books
from .desk import RunDesk
from .grouping import grouped
from .planning import Planned
from .samples import Askers, draft_and_judge, kind_of

__all__ = ["Crew"]

FAILURES_LOOKED_AT = 50

SPARE = 8
"""One worker more than there are places, for each so many places."""


class Crew:
    """Drafts, judges and settles what is planned.

    Args:
        askers: the recipe's generators and judges.
        desk: where their questions go.
        journal: where samples are settled.
        books: where they are counted.
        standings: how samples that are settled already stand.
        retry_failed: whether samples that failed for good are taken up again.
        max_failed_share: the share of failures at which to stop.
    """

    def __init__(
        self,
        askers: Askers,
        desk: RunDesk,
        journal: Journal,
        books: Books,
        standings: Standings,
        *,
        retry_failed: bool,
        max_failed_share: float,
    ) -> None:
        self._askers = askers
        self._desk = desk
        self._journal = journal
        self._books = books
        self._retry_failed = retry_failed
        self._max_failed_share = max_failed_share
        self._standings = standings

    async def work(self, plan: AsyncIterator[Planned]) -> None:
        """Settle all that the plan yields, until it ends or the desk stops.

        Raises:
            SilversmithError: nothing else can succeed either; all work in hand was cancelled.
        """
        taking = asyncio.Lock()
        ready = self.unsettled(plan)
        concurrency = self._askers.concurrency(self._desk.models)
        try:
            async with asyncio.TaskGroup() as tasks:
                # Some more than may be under way, so that a place that becomes free finds a request
                # that is ready to go.
                for _ in range(max(1, concurrency + concurrency // SPARE)):
                    tasks.create_task(self._worker(ready, taking))
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _worker(self, ready: AsyncIterator[Planned], taking: asyncio.Lock) -> None:
        while self._desk.stopped is None:
            async with taking:
                planned = await anext(ready, None)
            if planned is None:
                return
            try:
                sample = await draft_and_judge(
                    planned, self._askers, self._desk.questions(planned), self._count_draft
                )
            except LimitReached as error:
                self._desk.stopped = self._desk.stopped or error
            else:
                self._settle(planned, sample)

    async def unsettled(self, plan: AsyncIterator[Planned]) -> AsyncIterator[Planned]:
        """What of the plan is still to be settled, in the order in which to do it."""
        left = self._left(plan)
        # Those of a single generator go as they come: a slow source of seeds holds up nobody.
        async for planned in left if len(self._askers.generators) == 1 else grouped(left):
            yield planned

    async def _left(self, plan: AsyncIterator[Planned]) -> AsyncIterator[Planned]:
        skipped = 0
        async for planned in plan:
            if not self._is_settled(planned):
                yield planned
                continue
            self._books.reused += 1
            if (skipped := skipped + 1) % 1_000 == 0:
                await asyncio.sleep(0)

    def _is_settled(self, planned: Planned) -> bool:
        standing = self._standings.get(planned.number)
        if standing is None or standing.settings != self._askers.settings[planned.generator.title]:
            return False
        if standing.failed:
            return not (standing.transient or self._retry_failed)
        return True

    def _count_draft(self) -> None:
        self._books.drafted += 1

    def _settle(self, planned: Planned, sample: Sample) -> None:
        failure = sample.failure
        reason = None
        if failure is None:
            self._books.judged += 1
        else:
            reason = kind_of(failure)
            self._books.failed += 1
            self._books.failures[reason] += 1
        self._journal.settle(
            Result(
                sample=planned.number,
                settings=self._askers.settings[planned.generator.title],
                failed=failure is not None,
                transient=failure is not None and failure.transient,
                reason=reason,
                payload=sample_to_json(sample),
            )
        )
        if failure is not None:
            self._look_at_failures()

    def _look_at_failures(self) -> None:
        finished = self._books.judged + self._books.failed
        if finished < FAILURES_LOOKED_AT or self._desk.stopped is not None:
            return
        if self._books.failed / finished > self._max_failed_share:
            listed = "; ".join(
                f"{count:,} × {reason}" for reason, count in self._books.failures.most_common(3)
            )
            self._desk.stopped = TooManyFailures(
                f"{self._books.failed:,} of {finished:,} samples failed: {listed}. Mend the cause"
                " and run the same command again (or raise `max_failed_share` in the recipe)"
            )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of our own errors in a group, or the first of all."""
    ours = group.subgroup(SilversmithError)
    error: BaseException = ours or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
