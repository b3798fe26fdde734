"""The desk that questions go to: the journal first, then the models, within the user's limits."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self, cast

from ..errors import LimitReached, SilversmithError
from ..models import (
    Connection,
    ModelSpec,
    Paces,
    Reply,
    Request,
    Resumable,
    SchemaForm,
    Served,
    connect,
    managed_servers,
)
from ..models.logprobs import lighter
from ..store import Journal, KeptReply, ReplyKey
from .asking import Asker, Question, Questions
from .books import Books
from .budget import Budget
from .planning import Planned
from .requests import Requests

__all__ = ["RunDesk"]


class RunDesk:
    """Answers questions from the journal, or from a model into the journal.

    An async context manager: connections are opened when they are first needed, and closed at
    the end.

    Args:
        models: the recipe's models by name.
        journal: where every reply is kept before it is used.
        others: journals of other runs, whose replies may be taken over.
        budget: what may be spent.
        books: where replies are counted.
        attempts: how often a question is asked in all.
        retry_failed: whether questions whose attempts are used up get as many more.
        first_new: the first sample's number that no earlier run knew, where another process of
            the run knows better than the journal.

    Attributes:
        stopped: why nothing may be asked any more, or None.
    """

    def __init__(
        self,
        models: Mapping[str, ModelSpec],
        journal: Journal,
        others: Sequence[Journal],
        budget: Budget,
        books: Books,
        *,
        attempts: int,
        retry_failed: bool,
        first_new: int | None = None,
    ) -> None:
        self.models = models
        self.stopped: SilversmithError | None = None
        self._journal = journal
        self._others = others
        self._budget = budget
        self._requests = Requests(journal, books.meters, of_all_runs=first_new is None)
        self._books = books
        self._attempts = attempts
        self._retry_failed = retry_failed
        self._first_new = journal.first_new if first_new is None else first_new
        self._paces = Paces()
        self._connections: dict[str, Connection] = {}
        self._opening = {name: asyncio.Lock() for name in models}
        self._places = {name: asyncio.Semaphore(_places(spec)) for name, spec in models.items()}
        self._open: set[str] = set()
        self._unopened: dict[str, SilversmithError] = {}
        self._resumable: dict[str, Resumable] = {}
        self._waiting: dict[str, str] = {}
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._closing.aclose()
        self._budget.lost = self._requests.failed
        self._requests.save(now=True)

    async def open(self, askers: Iterable[Asker]) -> None:
        """Open the connections that the askers use by default, and find out what they can do.

        Raises:
            EndpointError: a key, a model or a host is wrong.
        """
        named = {name for asker in askers for name in asker.models}
        for name in sorted(named & set(self.models)):
            await self._connection(name)

    def questions(self, planned: Planned) -> Callable[[Asker], Questions]:
        """What makes the `ask` of each asker for one sample."""
        recorded: Mapping[ReplyKey, bytes] = {}
        if planned.number < self._first_new:
            recorded = self._journal.replies(planned.number)
        borrowed: dict[ReplyKey, bytes] = {}
        for other in self._others:
            borrowed = {**other.replies_by_id(planned.id), **borrowed}

        def ask_for(asker: Asker) -> Questions:
            number = planned.draw_number
            return Questions(self, asker, planned.number, number, recorded, borrowed)

        return ask_for

    def attempts(self, questions: Questions, turn: int) -> int:
        """The recipe's number of attempts; on a retry, as many more."""
        if not self._retry_failed:
            return self._attempts
        title = questions.asker.title
        used = sum(key.asker == title and key.turn == turn for key in questions.recorded)
        return self._attempts + used

    async def answer(self, questions: Questions, question: Question) -> Reply:
        """From the journal, or from the model into the journal."""
        body = questions.recorded.get(question.key)
        if body is not None:
            return Reply.from_body(body)
        body = questions.borrowed.get(question.key)
        if body is not None:
            reply = Reply.from_body(body)
            self._keep(questions, question, reply, paid=False)
            await self._journal.durable()
            return reply
        self._check_money()
        connection = await self._connection(question.model)
        places = self._places[question.model]
        await places.acquire()
        try:
            self._check_money()
            await self._budget.begin_call()
            try:
                reply = await connection.send(await self._named(questions, question))
                if question.request.logprobs:
                    reply = lighter(reply)
            finally:
                self._budget.end_call()
                self._requests.save()
            self._books.calls += 1
            self._books.usage += reply.usage
            self._books.cost = self._budget.add(question.model, reply.usage)
            self._keep(questions, question, reply, paid=True)
        except BaseException:
            places.release()
            raise
        # A place is held until the reply is safe: a kill costs no more than what may be under way.
        self._journal.afterwards(places.release)
        await self._journal.durable()
        if (resumable := self._resumable.get(question.model)) is not None:
            resumable.kept(_name(questions, question))
        return reply

    def _keep(self, questions: Questions, question: Question, reply: Reply, *, paid: bool) -> None:
        """Into the journal, where it is safe once that is durable."""
        self._journal.keep(
            KeptReply(questions.sample, question.key, question.model, reply.usage, reply.body, paid)
        )

    async def _named(self, questions: Questions, question: Question) -> Request:
        """The request; for a model in batch mode by the name that the next process gives it too."""
        if question.model not in self._resumable:
            return question.request
        await self._journal.durable()  # the sample's number is a part of the name
        return replace(question.request, id=_name(questions, question))

    def _check_money(self) -> None:
        if self.stopped is not None:
            raise LimitReached(str(self.stopped))
        self._budget.lost = self._requests.failed
        self._budget.check()

    async def _connection(self, name: str) -> Connection:
        """The connection to a model; the first who asks opens it, and if that fails, it has failed
        for all who wait for it."""
        if name in self._open:
            return self._connections[name]
        async with self._opening[name]:
            if (failed := self._unopened.get(name)) is not None:
                raise failed
            if name not in self._open:
                spec = self.models[name]
                connection = connect(
                    spec,
                    name,
                    paces=self._paces,
                    notes=self._journal,
                    tell=self._telling(name),
                    folder=self._journal.path.parent,
                    managed=managed_servers(self.models),
                )
                self._connections[name] = connection
                self._books.meters[name] = connection.meter
                self._closing.push_async_callback(connection.close)
                note = f"form {spec.label}"
                known = self._journal.note(note)
                try:
                    await connection.open(cast(SchemaForm | None, known))
                except SilversmithError as error:
                    self._unopened[name] = error
                    raise
                self._journal.set_note(note, connection.form)
                if isinstance(connection, Resumable):
                    self._resumable[name] = connection
                if isinstance(connection, Served):
                    self._books.served[name] = connection.served
                self._open.add(name)
        return self._connections[name]

    def _telling(self, name: str) -> Callable[[str], None]:
        """What lets a connection say in the books what a run waits for."""

        def tell(how: str) -> None:
            self._waiting[name] = how
            said = [f"{model} has {how}" for model, how in self._waiting.items() if how]
            self._books.stage = ", ".join(["drafting and judging", *said])

        return tell


def _name(questions: Questions, question: Question) -> str:
    """What tells a request from all others of a run folder, in 24 hex digits."""
    key = question.key
    words = f"{questions.sample}/{key.turn}/{key.attempt}/{key.asker}/".encode()
    return hashlib.blake2b(words + key.fingerprint, digest_size=12).hexdigest()


def _places(spec: ModelSpec) -> int:
    """How many of a model's replies may be awaited, or not be safe yet, at one time."""
    return sys.maxsize if spec.batch else spec.at_once
