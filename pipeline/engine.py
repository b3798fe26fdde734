"""The engine: a recipe in a folder, from the first seed to the closed books."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from ..errors import LimitReached, RunFolderError, SilversmithError, TooManyFailures
from ..store import Journal, RunFolder
from .books import Books
from .budget import Budget
from .changes import agree
from .crew import Crew
from .desk import RunDesk
from .filtering import Outcome, count_kept, filter_samples
from .planning import Planned, Planner, expected_samples
from .recipe import Recipe
from .rehearsal import rehearse
from .report import Closing, RunReport, close_books
from .samples import Askers

__all__ = ["RunOptions", "run"]

COUNT_SECONDS = 3.0
ENROL_AFTER_STOP_SECONDS = 1.0
LEAST_SHARE_KEPT = 0.05


@dataclass(frozen=True)
class RunOptions:
    """How to run a recipe.

    Attributes:
        again: ask again for what a changed generator, template or model makes stale.
        reuse: other run folders whose replies may be used where they answer the same question.
        retry_failed: ask again for samples whose replies were not usable.
        books: counters to write to, for a live view.
    """

    again: bool = False
    reuse: Sequence[Path | str] = ()
    retry_failed: bool = False
    books: Books = field(default_factory=Books)


async def run(recipe: Recipe, out: Path, options: RunOptions) -> RunReport:
    """Run a recipe in a folder; go on where an earlier run stopped.

    Returns:
        The report; its status says whether the run is done or was stopped by a limit or by
        failures.

    Raises:
        SilversmithError: see `Recipe.run_async`.
        asyncio.CancelledError: it was cancelled; the manifest says so, and nothing is lost.
    """
    askers = Askers.of(recipe)
    await rehearse(recipe, askers)
    folder = RunFolder(out)
    with ExitStack() as stack:
        stack.enter_context(folder.open())
        journal = stack.enter_context(Journal(folder.journal))
        others = [stack.enter_context(_other_journal(Path(path), folder)) for path in options.reuse]
        agree(askers.all(), recipe.models, journal, options.again)
        folder.write_text(folder.recipe, recipe.to_yaml())
        job = _Job(recipe, folder, journal, others, askers, options)
        return await job.run()


def _other_journal(path: Path, folder: RunFolder) -> Journal:
    other = RunFolder(path)
    if not other.journal.is_file():
        raise RunFolderError(f"--reuse {path}: there is no journal; name a run's folder")
    if other.journal.resolve() == folder.journal.resolve():
        raise RunFolderError(f"--reuse {path}: that is this run's own folder")
    return Journal(other.journal)


class _Job:
    """One run of a recipe in an open folder."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        journal: Journal,
        others: Sequence[Journal],
        askers: Askers,
        options: RunOptions,
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.journal = journal
        self.askers = askers
        self.options = options
        self.books = options.books
        self.budget = Budget(recipe.limits, recipe.models, journal.spending())
        self.desk = RunDesk(
            recipe.models,
            journal,
            others,
            self.budget,
            self.books,
            attempts=recipe.attempts,
            retry_failed=options.retry_failed,
        )

    async def run(self) -> RunReport:
        """Draft and judge what is missing, then filter, then close the books."""
        self.books.cost = self.budget.cost
        self.folder.write_manifest({"status": "running", "name": self.recipe.name})
        counted = Event()
        Thread(target=self._count, args=(counted,), name="counting", daemon=True).start()
        try:
            exhausted = await self._draft()
            self.books.stage = "filtering"
            self.journal.flush()
            outcome = await asyncio.to_thread(self._filter)
            self.books.stage = "done"
            return self._report(_status(self.desk.stopped), exhausted, outcome)
        except (asyncio.CancelledError, SilversmithError) as error:
            if not isinstance(error, RunFolderError):
                self._report(_status(error), False, None)
            raise
        finally:
            counted.set()

    async def _draft(self) -> bool:
        """Settle all that is planned; returns whether the seeds were read to their end."""
        self.journal.clear_roster()
        self.books.stage = "drafting and judging"
        crew = Crew(
            self.askers,
            self.desk,
            self.journal,
            self.books,
            retry_failed=self.options.retry_failed,
            max_failed_share=self.recipe.max_failed_share,
        )
        planner = Planner(self.recipe, self.journal, self.books)
        async with aclosing(planner.samples()) as plan, self.desk:
            if self.recipe.target is not None:
                return await self._draft_until(self.recipe.target, crew, plan, planner)
            await crew.work(plan)
            if self.desk.stopped is not None:
                await _enrol_the_rest(plan)
        return planner.exhausted

    async def _draft_until(
        self, target: int, crew: Crew, plan: AsyncIterator[Planned], planner: Planner
    ) -> bool:
        """Draw in portions until the filters keep enough. How large a portion is follows from
        the books alone, so that a run that goes on draws what an undisturbed one would."""
        portion = target
        while self.desk.stopped is None:
            await crew.work(_portion(plan, portion))
            if self.desk.stopped is not None:
                return False
            self.journal.flush()
            kept = await asyncio.to_thread(
                count_kept, lambda: self.journal.dataset(failed=False), self.recipe.filters
            )
            if kept >= target:
                return True
            if planner.exhausted:
                self.desk.stopped = LimitReached(
                    f"target: {kept:,} of {target:,} samples are kept, and all draws of all seeds"
                    " are used up: raise the generators' `draws` or add seeds, and run the same"
                    " command again"
                )
                return True
            share = max(kept / self.books.planned, LEAST_SHARE_KEPT)
            portion = math.ceil(1.1 * (target - kept) / share)
        return False

    def _count(self, stop: Event) -> None:
        if self.recipe.target is not None:
            return  # nobody knows yet
        self.books.expected = expected_samples(self.recipe, COUNT_SECONDS, stop)

    def _filter(self) -> Outcome:
        return filter_samples(
            lambda: self.journal.dataset(failed=False),
            self.recipe.filters,
            self.folder,
            failed=lambda: self.journal.dataset(failed=True),
            target=self.recipe.target,
        )

    def _report(self, status: str, exhausted: bool, outcome: Outcome | None) -> RunReport:
        planned, drafted, failed = self.journal.counts()
        end = Closing(
            status=status,
            planned=planned,
            drafted=drafted,
            failed=failed,
            exhausted=exhausted,
            outcome=outcome,
            failures=self.journal.failures(),
            usage=self.journal.spending(),
            cost=self.budget.cost,
            stopped_by=self.desk.stopped,
        )
        return close_books(self.recipe, self.folder, self.books, end)


async def _portion(plan: AsyncIterator[Planned], size: int) -> AsyncIterator[Planned]:
    """The next samples of a plan, which goes on afterwards."""
    for _ in range(size):
        try:
            yield await anext(plan)
        except StopAsyncIteration:
            return


async def _enrol_the_rest(plan: AsyncIterator[Planned]) -> None:
    """After an early stop, walk on through the seeds without asking, for a while, so that the
    books know what is pending."""
    end = monotonic() + ENROL_AFTER_STOP_SECONDS
    async for _ in plan:
        if monotonic() > end:
            return


def _status(error: BaseException | None) -> str:
    if error is None:
        return "done"
    if isinstance(error, LimitReached):
        return "limit reached"
    if isinstance(error, TooManyFailures):
        return "too many failures"
    return "failed" if isinstance(error, SilversmithError) else "interrupted"
