"""The engine: every planned sample is drafted and judged on its own, many at a time; what the
models say is in the journal before it is used."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import cast

from ..errors import (
    EndpointError,
    LimitReached,
    ReplyError,
    RunFolderError,
    SilversmithError,
    TemplateError,
    TooManyFailures,
)
from ..judges import Judge
from ..models import Connection, ModelSpec, Reply, SchemaForm, connect
from ..prompts import Prompts
from ..records import Attribute, Failure, Origin, Sample, SeedRef, Usage, sample_to_json
from ..store import Journal, KeptReply, ReplyKey, Result, RunFolder, Standing
from .asking import Asker, Question, Questions
from .books import Books
from .budget import Budget
from .changes import agree, settings_of
from .filtering import Outcome, filter_samples
from .planning import Planned, Planner, expected_samples
from .recipe import Recipe
from .rehearsal import rehearse
from .report import Closing, RunReport, close_books

__all__ = ["RunOptions", "run"]

COUNT_SECONDS = 3.0
ENROL_AFTER_STOP_SECONDS = 1.0
FAILURES_LOOKED_AT = 50


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
    prompts = Prompts(recipe.folder / "prompts")
    generators = [Asker.of(part, recipe, prompts) for part in recipe.generators]
    judges = [Asker.of(part, recipe, prompts) for part in recipe.judges]
    await rehearse(recipe, generators, judges)
    folder = RunFolder(out)
    with ExitStack() as stack:
        stack.enter_context(folder.open())
        journal = stack.enter_context(Journal(folder.journal))
        others = [stack.enter_context(_other_journal(Path(path), folder)) for path in options.reuse]
        agree([*generators, *judges], recipe.models, journal, options.again)
        folder.write_text(folder.recipe, recipe.to_yaml())
        job = _Job(recipe, folder, journal, others, generators, judges, options)
        return await job.run()


def _other_journal(path: Path, folder: RunFolder) -> Journal:
    other = RunFolder(path)
    if not other.journal.is_file():
        raise RunFolderError(f"--reuse {path}: there is no journal; name a run's folder")
    if other.journal.resolve() == folder.journal.resolve():
        raise RunFolderError(f"--reuse {path}: that is this run's own folder")
    return Journal(other.journal)


class _Job:
    """One run of a recipe in an open folder; it is also the desk that questions go to."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        journal: Journal,
        others: Sequence[Journal],
        generators: Sequence[Asker],
        judges: Sequence[Asker],
        options: RunOptions,
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.journal = journal
        self.others = others
        self.judges = judges
        self.options = options
        self.books = options.books
        self.models: Mapping[str, ModelSpec] = recipe.models
        self.budget = Budget(recipe.limits, recipe.models, journal.spending())
        self._generators = {asker.title: asker for asker in generators}
        self._settings = {
            asker.title: settings_of(asker, judges, recipe.models) for asker in generators
        }
        self._connections: dict[str, Connection] = {}
        self._opening: dict[str, asyncio.Lock] = {name: asyncio.Lock() for name in recipe.models}
        self._open: set[str] = set()
        self._closing = AsyncExitStack()
        self._stop: SilversmithError | None = None
        self._first_new = max(journal.numbers.values(), default=0) + 1
        self._standings: dict[int, Standing] = {}

    async def run(self) -> RunReport:
        """Draft and judge what is missing, then filter, then close the books."""
        self.books.cost = self.budget.cost
        self.folder.write_manifest({"status": "running", "name": self.recipe.name})
        counted = Event()
        Thread(target=self._count, args=(counted,), name="counting", daemon=True).start()
        try:
            self._standings = self.journal.settled()
            self.journal.clear_roster()
            self.books.stage = "drafting and judging"
            planner = Planner(self.recipe, self.journal, self.books)
            async with aclosing(planner.samples()) as plan, self._closing:
                await self._work(plan)
                if self._stop is not None:
                    await _enrol_the_rest(plan)
            status = _status(self._stop)
            self.books.stage = "filtering"
            self.journal.flush()
            outcome = await asyncio.to_thread(self._filter)
            self.books.stage = "done"
            return self._report(status, planner.exhausted, outcome)
        except (asyncio.CancelledError, SilversmithError) as error:
            if not isinstance(error, RunFolderError):
                self._report(_status(error), False, None)
            raise
        finally:
            counted.set()

    def _count(self, stop: Event) -> None:
        self.books.expected = expected_samples(self.recipe, COUNT_SECONDS, stop)

    def _filter(self) -> Outcome:
        return filter_samples(
            lambda: self.journal.dataset(failed=False),
            self.recipe.filters,
            self.folder,
            failed=lambda: self.journal.dataset(failed=True),
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
            stopped_by=self._stop,
        )
        return close_books(self.recipe, self.folder, self.books, end)

    # Samples

    async def _work(self, plan: AsyncIterator[Planned]) -> None:
        """Draft and judge all that is planned, as many at a time as keep the models busy."""
        taking = asyncio.Lock()
        used = {asker.model for asker in (*self._generators.values(), *self.judges)}
        concurrency = sum(spec.concurrency for name, spec in self.models.items() if name in used)
        width = max(8, concurrency + concurrency // 4)
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(width):
                    tasks.create_task(self._worker(plan, taking))
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _worker(self, plan: AsyncIterator[Planned], taking: asyncio.Lock) -> None:
        while self._stop is None:
            async with taking:
                planned = await self._next(plan)
            if planned is None:
                return
            try:
                await self._sample(planned)
            except LimitReached as error:
                self._stop = self._stop or error

    async def _next(self, plan: AsyncIterator[Planned]) -> Planned | None:
        """The next planned sample that is not settled yet."""
        skipped = 0
        async for planned in plan:
            if not self._is_settled(planned):
                return planned
            self.books.reused += 1
            if (skipped := skipped + 1) % 1_000 == 0:
                await asyncio.sleep(0)
        return None

    def _is_settled(self, planned: Planned) -> bool:
        standing = self._standings.get(planned.number)
        if standing is None or standing.settings != self._settings[planned.generator.title]:
            return False
        if standing.failed:
            return not (standing.transient or self.options.retry_failed)
        return True

    async def _sample(self, planned: Planned) -> None:
        """Draft and judge one sample, and settle it."""
        recorded, borrowed = self._earlier_replies(planned)
        asked: list[Questions] = []

        def questions(asker: Asker) -> Questions:
            number = planned.draw.number
            asked.append(Questions(self, asker, planned.number, number, recorded, borrowed))
            return asked[-1]

        sample = _blank(planned)
        stage = "draft"
        try:
            ask = questions(self._generators[planned.generator.title])
            drafted = await planned.generator.draft(planned.seed, planned.draw, ask)
            sample = _completed(drafted, sample, ask)
            self.books.drafted += 1
            for judge in self.judges:
                stage = judge.title
                sample = await _judged(sample, judge, questions(judge))
            sample = _scored(sample, self.judges)
        except (ReplyError, TemplateError) as error:
            sample = sample.with_(failure=_failure(stage, error))
        except EndpointError as error:
            if error.fatal:
                raise
            sample = sample.with_(failure=_failure(stage, error))
        except SilversmithError:
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in's mistake costs a sample, not the run
            sample = sample.with_(failure=_failure(stage, error))
        usage = Usage()
        for ask in asked:
            usage += ask.usage
        self._settle(planned, sample.with_(usage=usage))
        await self.journal.durable()

    def _earlier_replies(
        self, planned: Planned
    ) -> tuple[Mapping[ReplyKey, bytes], Mapping[ReplyKey, bytes]]:
        """The replies that this folder, and that other folders, have for a sample."""
        recorded: Mapping[ReplyKey, bytes] = {}
        if planned.number < self._first_new:
            recorded = self.journal.replies(planned.number)
        borrowed: dict[ReplyKey, bytes] = {}
        for other in self.others:
            borrowed = {**other.replies_by_id(planned.id), **borrowed}
        return recorded, borrowed

    def _settle(self, planned: Planned, sample: Sample) -> None:
        failure = sample.failure
        reason = None
        if failure is None:
            self.books.judged += 1
        else:
            reason = _kind_of(failure)
            self.books.failed += 1
            self.books.failures[reason] += 1
        self.journal.settle(
            Result(
                sample=planned.number,
                settings=self._settings[planned.generator.title],
                failed=failure is not None,
                transient=failure is not None and failure.transient,
                reason=reason,
                payload=sample_to_json(sample),
            )
        )
        if failure is not None:
            self._look_at_failures()

    def _look_at_failures(self) -> None:
        finished = self.books.judged + self.books.failed
        if finished < FAILURES_LOOKED_AT or self._stop is not None:
            return
        if self.books.failed / finished > self.recipe.max_failed_share:
            listed = "; ".join(
                f"{count:,} × {reason}" for reason, count in self.books.failures.most_common(3)
            )
            self._stop = TooManyFailures(
                f"{self.books.failed:,} of {finished:,} samples failed: {listed}. Mend the cause"
                " and run the same command again (or raise `max_failed_share` in the recipe)"
            )

    # The desk

    def attempts(self, questions: Questions, turn: int) -> int:
        """The recipe's number of attempts; on a retry, as many more."""
        allowed = self.recipe.attempts
        if self.options.retry_failed:
            title = questions.asker.title
            allowed += sum(key.asker == title and key.turn == turn for key in questions.recorded)
        return allowed

    async def answer(self, questions: Questions, question: Question) -> Reply:
        """From the journal, or from the model into the journal."""
        body = questions.recorded.get(question.key)
        if body is not None:
            return Reply.from_body(body)
        body = questions.borrowed.get(question.key)
        paid = body is None
        if body is not None:
            reply = Reply.from_body(body)
        else:
            self._check_money()
            connection = await self._connection(question.model)
            self._check_money()
            reply = await connection.send(question.request)
            self.books.calls += 1
            self.books.usage += reply.usage
            self.books.cost = self.budget.add(question.model, reply.usage)
        self.journal.keep(
            KeptReply(questions.sample, question.key, question.model, reply.usage, reply.body, paid)
        )
        await self.journal.durable()
        return reply

    def _check_money(self) -> None:
        if self._stop is not None:
            raise LimitReached(str(self._stop))
        self.budget.check()

    async def _connection(self, name: str) -> Connection:
        """The connection to a model; the first who asks opens it."""
        if name in self._open:
            return self._connections[name]
        async with self._opening[name]:
            if name not in self._open:
                spec = self.models[name]
                connection = connect(spec, name)
                self._connections[name] = connection
                self._closing.push_async_callback(connection.close)
                note = f"form {spec.label}"
                known = self.journal.note(note)
                await connection.open(cast(SchemaForm | None, known))
                self.journal.set_note(note, connection.form)
                self._open.add(name)
        return self._connections[name]


def _blank(planned: Planned) -> Sample:
    """What is known of a sample before anything is drafted."""
    seed = planned.seed
    return Sample(
        messages=(),
        id=planned.id.hex(),
        strategy=planned.generator.kind,
        seed=SeedRef(seed.id, seed.source, seed.licence, seed.failure_group),
        passage=seed.passage,
        attributes=tuple(Attribute(*pair) for pair in planned.draw.attributes.items()),
    )


def _completed(drafted: Sample, blank: Sample, ask: Questions) -> Sample:
    """The draft with all that the engine knows of it; what the generator took over from an
    existing dataset (an id, an origin) stays."""
    part = ask.asker.part
    origin = Origin(generator=part.title, draw=ask.draw)
    if ask.last is not None:
        origin = Origin(
            generator=part.title,
            template=ask.last.template.name,
            template_hash=ask.last.template.hash,
            model=ask.last.model,
            parameters=ask.last.parameters,
            draw=ask.draw,
            simulated=ask.last.simulated,
        )
    return drafted.with_(
        id=drafted.id or blank.id,
        strategy=drafted.strategy or blank.strategy,
        seed=drafted.seed or blank.seed,
        passage=drafted.passage or blank.passage,
        attributes=drafted.attributes or blank.attributes,
        origin=drafted.origin or origin,
        rejected_origin=drafted.rejected_origin or (origin if drafted.rejected else None),
        decision=None,
        failure=None,
    )


async def _judged(sample: Sample, asker: Asker, ask: Questions) -> Sample:
    """The sample with a judge's judgements; nothing else of it changes."""
    assert isinstance(asker.part, Judge)
    judgements = await asker.part.judge(sample, ask)
    model = ask.last.model if ask.last is not None else ""
    named = [replace(j, model=j.model or model) for j in judgements]
    kept = [j for j in sample.judgements if j.judge != asker.part.title]
    return sample.with_(judgements=(*kept, *named))


def _scored(sample: Sample, judges: Sequence[Asker]) -> Sample:
    """The sample with its overall score: the weighted mean over this recipe's judges."""
    total = weights = 0.0
    for asker in judges:
        assert isinstance(asker.part, Judge)
        own = [j for j in sample.judgements if j.judge == asker.part.title]
        score = asker.part.score(own)
        if score is not None:
            total += asker.part.weight * score
            weights += asker.part.weight
    return sample.with_(score=total / weights) if weights else sample


def _failure(stage: str, error: Exception) -> Failure:
    if isinstance(error, ReplyError):
        return Failure(stage, error.reason, error.text)
    if isinstance(error, EndpointError):
        return Failure(stage, str(error), transient=error.retryable)
    if isinstance(error, SilversmithError):
        return Failure(stage, str(error))
    return Failure(stage, f"{type(error).__name__}: {error}")


def _kind_of(failure: Failure) -> str:
    """The failure's reason without what differs from sample to sample, to count it by."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", failure.reason)
    return f"{failure.stage}: {words[:100]}"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of our own errors in a group, or the first of all."""
    ours = group.subgroup(SilversmithError)
    error: BaseException = ours or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


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
