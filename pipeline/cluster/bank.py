"""The budget of a whole cluster: a bank, which is one actor, and a purse in each worker.

A worker asks the bank for leave to make a call, for all its calls that wait at once, and tells it
what the replies took. The bank counts a call that it gave leave for as under way until it is told
of its end, by the rule of `Budget`: so a limit is overshot by no more than on one machine with the
same calls in flight. Without limits nobody waits, and the bank only counts.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ...errors import ClusterError, LimitReached
from ...models import ModelSpec
from ...records import Usage
from ...store import Spending
from ..books import Books
from ..budget import Budget
from ..recipe import Limits

__all__ = ["GONE", "SEATED", "WAIT", "Account", "Bank", "Purse", "Standing"]

SECONDS_BETWEEN_REPORTS = 0.5
SILENT_SECONDS = 20.0
"""A worker that is not heard of for so long has lost its seat to one that waits for it."""

SEATED, WAIT = "seated", "wait"

GONE = (
    "The actor that keeps the run's budget has gone with the machine that it was on: run the same"
    " command again; what was shipped is safe"
)
NO_LIMITS = Limits()


@dataclass(frozen=True)
class Standing:
    """How far the work on a block is, in this attempt at it."""

    reused: int = 0
    drafted: int = 0
    judged: int = 0
    failed: int = 0
    calls: int = 0
    retries: int = 0
    usage: Usage = field(default_factory=Usage)
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Report:
    """What a worker tells.

    Attributes:
        spent: of its replies since the last report, by model.
        lost: requests without a reply since then.
        under_way: calls that it makes at the moment.
        wanted: how many more it wants to make.
        standing: how far its block is.
    """

    spent: Sequence[Spending]
    lost: int
    under_way: int
    wanted: int
    standing: Standing


@dataclass(frozen=True)
class _Answer:
    """Leave for so many calls, or why there is none any more."""

    granted: int
    reached: str = ""
    stopped: str = ""


@dataclass(frozen=True)
class Account:
    """What the bank knows.

    Attributes:
        standings: how far each block is that was worked on in this run, by its number.
        cost: US dollars in all, or None where that is unknown.
        reached: the limit that was met, or "".
        sentence: what to say of it.
        workers: how many blocks are being worked on.
    """

    standings: Mapping[int, Standing]
    cost: float | None
    reached: str
    sentence: str
    workers: int


class Bank:
    """Keeps the budget and the seats; what Ray runs as an actor.

    Args:
        limits, models: the recipe's.
        spent, lost: what earlier runs of the folder used, and their requests without a reply.
        seats: how many blocks may be worked on at once, each with that share of every model's
            concurrency and rates.
    """

    def __init__(
        self,
        limits: Limits,
        models: Mapping[str, ModelSpec],
        spent: Sequence[Spending],
        lost: int,
        seats: int,
    ) -> None:
        self._budget = Budget(limits, models, spent)
        self._budget.lost = lost
        self._seats = seats
        self._seated: dict[str, int] = {}
        self._under_way: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._standings: dict[int, Standing] = {}
        self._stopped = ""

    def sit(self, worker: str, block: int) -> str:
        """Begin to work on a block: "seated"; or "wait" until a seat is free, or why no work is
        begun any more. A worker that was killed and begins again has its seat still."""
        if self._stopped:
            return self._stopped
        if worker not in self._seated and len(self._seated) >= self._seats:
            self._free_silent_seats()
            if len(self._seated) >= self._seats:
                return WAIT
        self._seated[worker] = block
        self._under_way[worker] = 0
        self._standings[block] = Standing()
        self.touch(worker)
        return SEATED

    def touch(self, worker: str) -> None:
        """Learn that a worker is alive."""
        if worker in self._seated:
            self._heard[worker] = time.monotonic()

    def _free_silent_seats(self) -> None:
        for worker, when in list(self._heard.items()):
            if time.monotonic() - when > SILENT_SECONDS:
                self.rise(worker)

    def rise(self, worker: str) -> None:
        """End the work on a block, or learn that the worker has gone."""
        self._seated.pop(worker, None)
        self._under_way.pop(worker, None)
        self._heard.pop(worker, None)

    def exchange(self, worker: str, report: _Report) -> _Answer:
        """Take in what a worker spent, and give leave for further calls."""
        budget = self._budget
        for one in report.spent:
            budget.add_all(one)
        budget.lost += report.lost
        if worker not in self._seated:  # it was taken for dead
            return _Answer(0, stopped="another worker has taken over the block")
        self._standings[self._seated[worker]] = report.standing
        self._under_way[worker] = report.under_way
        budget.under_way = sum(self._under_way.values())
        granted = 0
        if not self._stopped:
            try:
                while granted < report.wanted:
                    budget.check()
                    granted += 1
                    budget.under_way += 1
            except LimitReached as error:
                self._stopped = str(error)
        self._under_way[worker] += granted
        return _Answer(granted, budget.reached, self._stopped)

    def stop(self, why: str) -> None:
        """No further calls."""
        self._stopped = self._stopped or why

    def account(self) -> Account:
        """How things stand."""
        budget = self._budget
        sentence = budget.sentence() if budget.reached else ""
        return Account(
            dict(self._standings), budget.cost, budget.reached, sentence, len(self._seated)
        )


class Purse(Budget):
    """A worker's budget: leave for calls from the bank. An async context manager.

    Args:
        bank: the actor.
        worker: whose it is.
        limited: whether the recipe has limits, so that leave is needed.
        models: the recipe's models.
        books: the counters of the work on the block.
        lost: the block's requests without a reply, of earlier attempts at it.
    """

    def __init__(
        self,
        bank: Any,
        worker: str,
        *,
        limited: bool,
        models: Mapping[str, ModelSpec],
        books: Books,
        lost: int,
    ) -> None:
        super().__init__(NO_LIMITS, models, ())
        self.lost = self._told_lost = lost
        self._bank = bank
        self._worker = worker
        self._leave_needed = limited
        self._books = books
        self._spent: dict[str, Spending] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._granted = 0
        self._refused = ""
        self._wake: asyncio.Event
        self._teller: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._wake = asyncio.Event()
        self._teller = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._teller.cancel()
        with suppress(asyncio.CancelledError):
            await self._teller
        await self._exchange()

    async def begin_call(self) -> None:
        self.check()
        if self._leave_needed:
            leave = asyncio.get_running_loop().create_future()
            self._waiting.append(leave)
            self._wake.set()
            try:
                await leave
            finally:
                if leave.done() and not leave.cancelled() and leave.exception() is None:
                    self._granted -= 1
        self.under_way += 1  # without another look: leave that was given is used

    def check(self) -> None:
        if self._refused:
            raise LimitReached(self._refused)
        if self._teller.done():
            self._teller.result()  # raises what went wrong

    def add(self, model: str, usage: Usage) -> float | None:
        metered = usage.input_tokens + usage.output_tokens > 0
        before = self._spent.get(model, Spending("", model, Usage()))
        # A reply's usage counts itself as a call.
        self._spent[model] = Spending(
            "", model, before.usage + usage, 0, before.unmetered + (not metered)
        )
        return super().add(model, usage)

    async def _tell(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SECONDS_BETWEEN_REPORTS)
            self._wake.clear()
            await self._exchange()

    async def _exchange(self) -> None:
        from ray.exceptions import RayError

        waiting, self._waiting = self._waiting, []
        waiting = [one for one in waiting if not one.done()]
        try:
            answer: _Answer = await self._bank.exchange.remote(
                self._worker, self._report(len(waiting))
            )
        except RayError as error:
            gone = ClusterError(GONE)
            for one in waiting:
                one.set_exception(gone)
            raise gone from error
        self._refused = self._refused or answer.stopped
        for number, one in enumerate(waiting):
            if one.done():
                continue
            if number < answer.granted:
                self._granted += 1
                one.set_result(None)
            else:
                one.set_exception(LimitReached(self._refused))

    def _report(self, wanted: int) -> _Report:
        spent, self._spent = list(self._spent.values()), {}
        lost, self._told_lost = self.lost - self._told_lost, self.lost
        books = self._books
        return _Report(
            spent=spent,
            lost=lost,
            under_way=self.under_way + self._granted,
            wanted=wanted,
            standing=Standing(
                books.reused,
                books.drafted,
                books.judged,
                books.failed,
                books.calls,
                books.retries,
                books.usage,
                Counter(books.failures),
            ),
        )
