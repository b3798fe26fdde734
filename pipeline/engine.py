"""The engine: a recipe in a folder, from the first seed to the closed books."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from ..errors import LimitReached, RunFolderError, SilversmithError, TooManyFailures
from ..store import Journal, RunFolder, Settled
from .books import Books
from .budget import Budget
from .changes import agree
from .concluding import Concluding
from .crew import Crew
from .desk import RunDesk
from .embedding import Embeddings
from .filtering import Filtering, Outcome, count_kept
from .ledger import Ledger
from .meanwhile import Meanwhile
from .planning import Planned, Planner, idle_generators
from .processes import DEALT_AT_ONCE, Processes, shares
from .recipe import Recipe
from .rehearsal import Rehearsed, rehearse
from .remainder import Remainder, remainder_of
from .report import Closing, RunReport, close_books
from .requests import requests_of
from .samples import Askers

__all__ = ["RunOptions", "run"]

Work = Callable[[AsyncIterator[Planned]], Coroutine[Any, Any, None]]
"""Settles what a plan yields: a crew, or several processes."""

ENROL_AFTER_STOP_SECONDS = 1.0
LEAST_SHARE_KEPT = 0.05


@dataclass(frozen=True)
class RunOptions:
    """How to run a recipe.

    Attributes:
        again: ask again for what a changed generator, template or model makes stale.
        reuse: other run folders whose replies may be used where they answer the same question.
        retry_failed: ask again for samples whose replies were not usable.
        processes: how many processes draft and judge, for endpoints faster than one core.
        books: counters to write to, for a live view.
        budget: keeps the limits in place of one for this process alone, where this is a part of a
            run that was rehearsed elsewhere.
        drawn: the numbers of draws, by their places, that follow from seeds elsewhere: as
            `Planner` takes them.
        concludes: whether judges that wait for all samples have their last word; not in a part of
            a run.
    """

    again: bool = False
    reuse: Sequence[Path | str] = ()
    retry_failed: bool = False
    processes: int = 1
    books: Books = field(default_factory=Books)
    budget: Budget | None = None
    drawn: Mapping[int, int] = field(default_factory=dict)
    concludes: bool = True


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
    rehearsed = await rehearse(recipe, askers) if options.budget is None else ()
    folder = RunFolder(out)
    with ExitStack() as stack:
        stack.enter_context(folder.open())
        journal = stack.enter_context(Journal(folder.journal))
        others = [stack.enter_context(_other_journal(Path(path), folder)) for path in options.reuse]
        agree(askers.all(), recipe.models, journal, options.again)
        folder.write_text(folder.recipe, recipe.to_yaml())
        job = _Job(recipe, folder, journal, others, askers, rehearsed, options)
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
        rehearsed: Sequence[Rehearsed],
        options: RunOptions,
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.journal = journal
        self.askers = askers
        self.options = options
        self.books = options.books
        self.rehearsed = rehearsed
        self.concluding = Concluding(askers if options.concludes else None)
        self.embeddings = Embeddings(
            recipe.models, folder.path / "embeddings.db", recipe.limits, journal.spending
        )
        self.budget = options.budget or Budget(recipe.limits, recipe.models, journal.spending())
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
        self.journal.begin(self.askers.settings.values())
        settled = Settled(
            self.folder.journal,
            self.askers.settings.values(),
            retry_failed=self.options.retry_failed,
        )
        try:
            with (
                Filtering(
                    self.recipe.filters,
                    self.folder,
                    target=self.recipe.target,
                    embeddings=self.embeddings,
                ) as filtering,
                Meanwhile(
                    self.recipe,
                    self.books,
                    filtering,
                    settled,
                    one_by_one=filtering.one_by_one and not self.concluding.needed,
                ) as meanwhile,
            ):
                if meanwhile.one_by_one:
                    self.journal.on_settled = settled.hear
                exhausted = await self._draft()
                self.books.stage = "filtering"
                self.journal.flush()
                outcome = await asyncio.to_thread(self._filter, filtering, meanwhile)
            self.books.stage = "done"
            return self._report(_status(self.desk.stopped), exhausted, outcome)
        except (asyncio.CancelledError, SilversmithError) as error:
            if not isinstance(error, RunFolderError):
                self._report(_status(error), False, None)
            raise

    async def _draft(self) -> bool:
        """Settle all that is planned; returns whether the seeds were read to their end."""
        self.books.stage = "drafting and judging"
        crew = Crew(
            self.askers,
            self.desk,
            self.journal,
            self.books,
            self.journal.settled(),
            retry_failed=self.options.retry_failed,
            max_failed_share=self.recipe.max_failed_share,
        )
        planner = Planner(self.recipe, self.journal, self.books, self.options.drawn)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.desk)
            plan = await stack.enter_async_context(aclosing(planner.samples()))
            work: Work = crew.work
            if self.options.processes > 1:
                work = await stack.enter_async_context(self._several(crew))
            if self.recipe.target is not None:
                return await self._draft_until(self.recipe.target, work, plan, planner)
            await work(plan)
            if self.desk.stopped is not None:
                await _enrol_the_rest(plan)
        return planner.exhausted

    @asynccontextmanager
    async def _several(self, crew: Crew) -> AsyncIterator[Work]:
        """Have the plan worked off by several processes."""
        with TemporaryDirectory(prefix="silversmith-") as name:
            path = Path(name) / "ledger"
            Ledger.make(path)
            with Ledger(path) as ledger:
                self.budget.share(ledger)
                setups = shares(
                    self.recipe,
                    self.folder.path,
                    count=self.options.processes,
                    reuse=self.options.reuse,
                    retry_failed=self.options.retry_failed,
                    first_new=self.journal.first_new,
                    ledger=path,
                )
                room = self.askers.concurrency(setups[0].recipe.models) + DEALT_AT_ONCE
                async with Processes(
                    setups, room, self.journal, self.books, self.budget
                ) as processes:

                    async def work(plan: AsyncIterator[Planned]) -> None:
                        unsettled = crew.unsettled(plan)
                        first = await anext(unsettled, None)
                        if first is None:
                            return
                        await self.desk.open(self.askers.all())  # once, not in each process
                        await processes.work(_again(first, unsettled))
                        self.desk.stopped = self.desk.stopped or processes.stopped

                    yield work
                self.budget.take_over(processes.reached)
                self.books.cost = self.budget.cost

    async def _draft_until(
        self, target: int, work: Work, plan: AsyncIterator[Planned], planner: Planner
    ) -> bool:
        """Draw in portions until the filters keep enough. How large a portion is follows from
        the books alone, so that a run that goes on draws what an undisturbed one would."""
        portion = target
        while self.desk.stopped is None:
            await work(_portion(plan, portion))
            if self.desk.stopped is not None:
                return False
            self.journal.flush()
            kept = await asyncio.to_thread(
                count_kept,
                lambda: self.concluding.batches(lambda: self.journal.dataset(failed=False)),
                self.recipe.filters,
                self.embeddings,
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

    def _filter(self, filtering: Filtering, meanwhile: Meanwhile) -> Outcome:
        meanwhile.stop()
        return filtering.end(
            lambda: self.concluding.batches(
                lambda: self.journal.dataset(failed=False, after=meanwhile.settled.place)
            ),
            lambda: self.journal.dataset(failed=True),
        )

    def _report(self, status: str, exhausted: bool, outcome: Outcome | None) -> RunReport:
        planned, drafted, failed = self.journal.counts()
        to_finish = None
        if self.budget.reached and outcome is not None:
            to_finish = self._to_finish(planned - drafted - failed, exhausted)
            self.desk.stopped = LimitReached(self.budget.sentence(to_finish))
        end = Closing(
            status=status,
            planned=planned,
            drafted=drafted,
            failed=failed,
            exhausted=exhausted,
            outcome=outcome,
            failures=self.journal.failures(),
            idle=idle_generators(self.recipe, self.books.planned_by) if exhausted else {},
            usage=[*self.journal.spending(), *self.embeddings.spending()],
            requests=requests_of(self.journal),
            cost=self.embeddings.cost_with(self.budget.cost),
            to_finish=to_finish,
            stopped_by=self.desk.stopped,
        )
        return close_books(self.recipe, self.folder, self.books, end)

    def _to_finish(self, pending: int, exhausted: bool) -> Remainder:
        """What the rest would take; where it is not enrolled to its end, perhaps it was counted."""
        expected = self.books.expected
        if not exhausted and expected is not None:
            pending = max(pending, expected - self.books.settled)
        return remainder_of(
            self.journal,
            self.askers,
            self.recipe.models,
            self.rehearsed,
            pending,
            at_least=not exhausted and expected is None,
        )


async def _again(first: Planned, rest: AsyncIterator[Planned]) -> AsyncIterator[Planned]:
    """An iterator whose first item had been taken."""
    yield first
    async for planned in rest:
        yield planned


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
