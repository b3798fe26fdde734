"""A model in its provider's batch mode: requests go out in files, and answers come back in files,
within a day and at a lower price.

`send` waits for its answer like that of any connection. Requests are collected until none has
come for a while, for then everyone waits: that is a wave, and it becomes one batch. What is
submitted is noted (see `batch_notes`), so that a killed process asks for nothing twice: the next
one waits for the same batch.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import httpx2

from ..errors import EndpointError, SilversmithError
from . import faults
from .base import Reply, Request, SchemaForm
from .batch_api import Batch, BatchApi, Result, is_queue_full, refusal, request_line
from .batch_notes import BatchNotes, Notes, Submission
from .batch_wave import Wave
from .endpoint import EndpointConnection
from .lean_openai import openai
from .logprobs import lighter
from .retry import RetryPolicy
from .spec import ModelSpec
from .wire import Answer

__all__ = ["BatchConnection"]

FIRST_LOOK = 1.0
"""Seconds until a batch is looked at first; then half as long again each time, up to the model's
`batch_poll`."""

OVER = frozenset({"completed", "failed", "expired", "cancelled"})

PATIENT = RetryPolicy(retries=60, longest_wait=60.0, patience=3600.0)
"""About an hour."""


@dataclass(eq=False, slots=True)
class _Asked:
    id: str
    request: Request
    answer: asyncio.Future[Reply]
    tries: int = 0


class BatchConnection(EndpointConnection):
    """A connection with one model in batch mode. Belongs to the event loop that it is used in.

    To find out whether key, model and host are right, `open` sends a chat request or a few.
    Closing the connection leaves the provider at work.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.
        policy: when a chat request of `open` is repeated.
        notes: where to note what is submitted; without it, a killed process loses that.
        tell: is told how many requests are answered, whenever that is known anew; "" where none
            is waited for.
    """

    def __init__(
        self,
        spec: ModelSpec,
        name: str = "",
        policy: RetryPolicy | None = None,
        *,
        notes: Notes | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(spec, name, policy)
        self._noted = BatchNotes(notes, f"batches of {name}: {spec.label}")
        self._tell = tell
        self._asked: dict[str, _Asked] = {}
        self._wave = Wave(spec.batch_wait, spec.batch_size, self._submit)
        self._work: set[asyncio.Task[None]] = set()
        self._followed: set[Submission] = set()
        self._one_at_a_time = False
        self._turn = asyncio.Lock()

    async def open(self, form: SchemaForm | None = None) -> None:
        """As any endpoint; then look for batches of which it is not known whether they were made.

        Raises:
            EndpointError: fatal; the sentence says what to do.
        """
        await super().open(form)
        assert self._client is not None
        self._who = f"model {self.name or 'in use'} ({self.spec.label})"
        client = self._client.with_options(timeout=httpx2.Timeout(self.spec.timeout))
        self._api = BatchApi(client, self._who, self._sentences, PATIENT)
        try:
            for submission in self._noted:
                if not submission.batch:
                    batch = await self._api.find(submission.file)
                    if batch is None:
                        self._noted.drop(submission)
                    else:
                        self._noted.made(submission, batch)
        except BaseException:
            await self.close()
            raise

    async def send(self, request: Request) -> Reply:
        """Send one request with the next wave, and again with a later one where that can help; or
        take its answer from a batch that holds it already.

        Args:
            request: its `id` must differ from that of every other request of the model.

        Raises:
            EndpointError: `retryable` where all repetitions came to nothing; `fatal` where no
                request can succeed any more; else the provider refuses this request.
        """
        if not request.id or request.id in self._asked:
            raise ValueError("a request of a batch needs an id of its own")
        if request.logprobs:
            await self.alternatives()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        asked = self._asked[request.id] = _Asked(request.id, request, answer)
        try:
            submission = self._noted.of(asked.id)
            if submission is None:
                self._enqueue(asked)
            elif asked.id in submission.held:
                answer.set_result(submission.held[asked.id])
            elif submission not in self._followed:
                self._start(self._follow(submission), list(submission.ids))
            return await answer
        finally:
            del self._asked[asked.id]
            self._wave.discard(asked.id)

    def kept(self, id_: str) -> None:
        """The reply to this request is safe: it need not be collected again."""
        self._noted.forget(id_)

    async def close(self) -> None:
        """Close all connections with the endpoint. Batches go on; whoever opens the next
        connection with the same notes collects them."""
        self._wave.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await super().close()

    def _enqueue(self, asked: _Asked) -> None:
        self._wave.add(asked.id, request_line(asked.id, self._content(asked.request, self.form)))

    def _submit(self, lines: dict[str, bytes]) -> None:
        self._start(self._submitted(lines), list(lines))

    def _start(self, work: Coroutine[Any, Any, None], ids: list[str]) -> None:
        """Work on requests apart from those who wait for them, who get its error, if any."""

        def end(task: asyncio.Task[None]) -> None:
            self._work.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                for id_ in ids:
                    if (asked := self._asked.get(id_)) and not asked.answer.done():
                        # Each its own, for what raises an error hangs its frames on it.
                        own = copy.copy(error) if isinstance(error, SilversmithError) else error
                        asked.answer.set_exception(own)

        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(end)

    async def _submitted(self, wave: dict[str, bytes]) -> None:
        if not self._one_at_a_time:
            await self._carry_out(wave)
            return
        async with self._turn:
            if len(wave) > self._wave.most:
                self._enqueue_again(wave)
            else:
                await self._carry_out(wave)

    async def _carry_out(self, wave: dict[str, bytes]) -> None:
        file = await self._api.upload(b"".join(wave.values()))
        submission = self._noted.add(file, wave)
        wave.clear()
        self.meter.calls += len(submission.ids)
        batch = await self._api.create(file)
        self._noted.made(submission, batch)
        await self._follow(submission)

    async def _follow(self, submission: Submission) -> None:
        """Wait for a batch, and hand out what comes of it."""
        self._followed.add(submission)
        waiting = len(submission.open)
        self.meter.in_flight += waiting
        try:
            batch = await self._over(submission)
            if batch.status == "failed":
                await self._refused(submission, batch)
                return
            for file in filter(None, (batch.output_file_id, batch.error_file_id)):
                await self._api.read(batch.id, file, lambda line: self._take(submission, line))
            if batch.status == "cancelled" and submission.open:
                raise self._cancelled(submission)
            for id_ in list(submission.open):
                self._unanswered(submission, id_, _passing("its results do not hold it"), "missing")
        finally:
            self._followed.discard(submission)
            self.meter.in_flight -= waiting
            self._tell_how_it_stands()

    async def _over(self, submission: Submission) -> Batch:
        """The batch, as soon as nothing more comes of it."""
        wait = min(FIRST_LOOK, self.spec.batch_poll)
        while True:
            batch = await self._api.look(submission.batch)
            submission.status = batch.status
            if (counts := batch.request_counts) is not None:
                submission.done = min(counts.completed + counts.failed, submission.size)
            self._tell_how_it_stands()
            if batch.status in OVER:
                return batch
            await asyncio.sleep(wait)
            wait = min(1.5 * wait, self.spec.batch_poll)

    def _take(self, submission: Submission, line: bytes) -> None:
        result = Result.from_line(line)
        if result is None or result.id not in submission.open:
            return
        if not result.status and submission.status == "cancelled":
            return
        if not result.status:
            reason = "batch expired" if submission.status == "expired" else "not carried out"
            self._unanswered(submission, result.id, _passing(result.body.decode()), reason)
            return
        try:
            reply = self._read(Answer(self._url, result.status, {}, result.body))
        except openai.APIError as error:
            self._unanswered(submission, result.id, error, faults.reason(error))
            return
        submission.open.discard(result.id)
        reply = lighter(reply)  # a whole batch of them is held
        submission.held[result.id] = reply
        self.meter.answer(reply.usage)
        if (asked := self._asked.get(result.id)) and not asked.answer.done():
            asked.answer.set_result(reply)

    def _unanswered(
        self, submission: Submission, id_: str, fault: openai.APIError, reason: str
    ) -> None:
        """Ask once more for what came to nothing, or say that it did."""
        submission.open.discard(id_)
        self._noted.forget(id_)
        self.meter.failure(reason)
        asked = self._asked.get(id_)
        if asked is None or asked.answer.done():
            return
        asked.tries += 1
        if faults.is_passing(fault) and asked.tries <= self.spec.retries:
            self.meter.retried += 1
            self._enqueue(asked)
        else:
            asked.answer.set_exception(self._sentences.later(fault, asked.tries))

    async def _refused(self, submission: Submission, batch: Batch) -> None:
        """No request of the batch was carried out. Where it is only that too much is queued at
        the provider, wait until our other batches are over, and then have one at a time, half as
        large where even one was too much.

        Raises:
            EndpointError: fatal; the batch was wrong.
        """
        ids = list(submission.open)
        self._noted.drop(submission)
        self.meter.calls -= len(ids)
        if not is_queue_full(batch):
            raise refusal(self._who, batch)
        self._one_at_a_time = True
        if not self._others_at_work(submission):
            if len(ids) == 1:
                raise refusal(self._who, batch)
            self._wave.most = min(self._wave.most, len(ids) // 2)
        await asyncio.sleep(self.spec.batch_poll)
        while self._others_at_work(submission):
            await asyncio.sleep(self.spec.batch_poll)
        self._enqueue_again(ids)

    def _others_at_work(self, submission: Submission) -> bool:
        return any(one is not submission and one.status != "failed" for one in self._followed)

    def _enqueue_again(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            if (asked := self._asked.get(id_)) and not asked.answer.done():
                self._enqueue(asked)

    def _cancelled(self, submission: Submission) -> EndpointError:
        left = len(submission.open)
        for id_ in list(submission.open):
            self._noted.forget(id_)
        self._noted.save()
        return EndpointError(
            f"{self._who}: {submission.batch} was cancelled at the provider; the same command asks"
            f" for the {left:,} answers that it did not come to",
            fatal=True,
        )

    def _tell_how_it_stands(self) -> None:
        if self._tell is None:
            return
        at_work = [one for one in self._followed if one.status != "failed"]
        requests = sum(one.size for one in at_work)
        done = sum(one.done for one in at_work)
        batches = len(at_work)
        which = "a batch" if batches == 1 else f"{batches} batches"
        self._tell(f"{done:,} of {requests:,} requests of {which} answered" if batches else "")


def _passing(message: str) -> openai.APIConnectionError:
    """The fault that stands for a request that was not carried out."""
    return openai.APIConnectionError(message=message, request=httpx2.Request("POST", ""))
