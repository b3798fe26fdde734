"""Several processes at work on one run, for endpoints that are faster than one core: they share
the journal and the budget, and the outcome is the same.

The parent plans, enrols and deals out; each member (`member.py`) drafts, judges and writes into
the journal by itself. A member ends when its pipe closes, however the parent ended.
"""

from __future__ import annotations

import asyncio
import math
import pickle
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import RecipeError, RunFolderError, SilversmithError
from ..records import Seed, Usage
from ..store import Journal
from .books import Books
from .budget import Budget
from .planning import Planned
from .recipe import Recipe

__all__ = ["Dealt", "Processes", "Setup", "Standing", "shares"]

DEALT_AT_ONCE = 8
END_SECONDS = 10.0


@dataclass(frozen=True)
class Setup:
    """What a member must know.

    Attributes:
        recipe: the recipe, with the member's share of concurrency and rates.
        folder: the run's folder.
        reuse: other run folders.
        retry_failed: as in `RunOptions`.
        first_new: the first sample's number that no earlier run knew.
        ledger: the file in which all processes note what they spend.
        place: the member's place in it.
    """

    recipe: Recipe
    folder: Path
    reuse: tuple[Path, ...]
    retry_failed: bool
    first_new: int
    ledger: Path
    place: int


@dataclass(frozen=True, slots=True)
class Dealt:
    """A planned sample on its way to a member; the generator goes by its title."""

    number: int
    id: bytes
    seed: Seed
    generator: str
    draw: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a member is: its counters so far, and why it stopped or failed, if it did."""

    drafted: int
    judged: int
    failed: int
    calls: int
    retries: int
    usage: Usage
    failures: dict[str, int]
    stopped: SilversmithError | None = None
    reached: str = ""
    error: BaseException | None = None
    idle: bool = False


def shares(
    recipe: Recipe,
    folder: Path,
    *,
    count: int,
    reuse: Sequence[Path | str],
    retry_failed: bool,
    first_new: int,
    ledger: Path,
) -> list[Setup]:
    """The setups of a run's members: each gets its share of every model's concurrency and rates.

    Raises:
        RecipeError: a model is in batch mode, which one process alone keeps track of.
    """
    if any(spec.batch for spec in recipe.models.values()):
        raise RecipeError("a model in batch mode is used by one process: leave --processes away")
    models = {name: spec.share_of(count) for name, spec in recipe.models.items()}
    return [
        Setup(
            recipe=recipe.model_copy(update={"models": models}),
            folder=folder,
            reuse=tuple(Path(path) for path in reuse),
            retry_failed=retry_failed,
            first_new=first_new,
            ledger=ledger,
            place=place,
        )
        for place in range(1, count + 1)
    ]


class _Member:
    """The parent's end of one member."""

    def __init__(self, setup: Setup, room: int, changed: asyncio.Event) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.member", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self.pipe = Connection(ours.detach())
        self._room = room
        self._changed = changed
        self.dealt = 0
        self.standing = Standing(0, 0, 0, 0, 0, Usage(), {})
        self.pipe.send(sys.path)  # first of all, so that the rest can be unpickled there
        self.pipe.send(setup)
        asyncio.get_running_loop().add_reader(self.pipe.fileno(), self._receive)

    @property
    def in_work(self) -> int:
        return self.dealt - self.standing.judged - self.standing.failed

    @property
    def has_room(self) -> bool:
        return self.in_work < self._room

    def deal(self, samples: Sequence[Dealt]) -> None:
        self.dealt += len(samples)
        self.pipe.send(list(samples))

    def stop(self, why: SilversmithError) -> None:
        self.pipe.send(why)

    async def end(self) -> None:
        """Tell it that no more comes, and wait until it has gone."""
        loop = asyncio.get_running_loop()
        if not self.pipe.closed:
            loop.remove_reader(self.pipe.fileno())
            self.pipe.close()
        try:
            await asyncio.wait_for(asyncio.to_thread(self._process.wait), END_SECONDS)
        except TimeoutError:
            self._process.kill()
            self._process.wait()

    def _receive(self) -> None:
        try:
            self.standing = self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            asyncio.get_running_loop().remove_reader(self.pipe.fileno())
            self.pipe.close()
            gone = RunFolderError(
                "A process of the run ended unexpectedly (killed, or out of memory?): run the same"
                " command again; what is in the journal is safe"
            )
            self.standing = replace(self.standing, error=self.standing.error or gone)
        self._changed.set()


class Processes:
    """A crew of several processes, with the same `work` as a `Crew`; an async context manager.

    Args:
        setups: one for each member.
        room: how many samples a member may have in hand.
        journal: the parent's, in which samples are enrolled before they are dealt out.
        books: where the members' counters are added up.
        budget: what the members spend, too.

    Attributes:
        stopped: why a member stopped, and with it all of them, or None.
        reached: the limit that it met, by its name in the recipe, or "".
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        room: int,
        journal: Journal,
        books: Books,
        budget: Budget,
    ) -> None:
        self._setups = setups
        self._room = room
        self._journal = journal
        self._books = books
        self._budget = budget
        self._members: list[_Member] = []
        self._changed = asyncio.Event()
        self.stopped: SilversmithError | None = None
        self.reached = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(member.end() for member in self._members))

    async def work(self, plan: AsyncIterator[Planned]) -> None:
        """Have all that the plan yields settled, until it ends or a member stops.

        Raises:
            SilversmithError: a member cannot go on.
        """
        hand: list[Dealt] = []
        async for one in plan:
            hand.append(Dealt(one.number, one.id, one.seed, one.generator.title, one.draw_number))
            if len(hand) == DEALT_AT_ONCE:
                await self._deal(hand)
                hand = []
            if self.stopped is not None:
                break
        if hand:
            await self._deal(hand)
        await self._until(self._is_done)

    async def _deal(self, hand: Sequence[Dealt]) -> None:
        if not self._members:
            self._members = [_Member(one, self._room, self._changed) for one in self._setups]
        await self._until(self._has_room)
        if self.stopped is None:
            self._journal.flush()  # a number must be the sample's before anybody uses it
            min(self._members, key=lambda member: member.in_work).deal(hand)

    def _has_room(self) -> bool:
        return self.stopped is not None or any(member.has_room for member in self._members)

    def _is_done(self) -> bool:
        if self.stopped is not None:
            return all(member.standing.idle for member in self._members)
        return not any(member.in_work for member in self._members)

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._changed.clear()
            await self._changed.wait()
            self._take_in()

    def _take_in(self) -> None:
        standings = [member.standing for member in self._members]
        for standing in standings:
            if standing.error is not None:
                raise standing.error
        books = self._books
        books.drafted = sum(one.drafted for one in standings)
        books.judged = sum(one.judged for one in standings)
        books.failed = sum(one.failed for one in standings)
        books.calls = sum(one.calls for one in standings)
        books.retries = sum(one.retries for one in standings)
        books.usage = sum((one.usage for one in standings), Usage())
        books.failures.clear()
        for one in standings:
            books.failures.update(one.failures)
        cost = self._budget.spent().cost
        books.cost = None if math.isnan(cost) else cost
        stopped = next((one.stopped for one in standings if one.stopped is not None), None)
        if stopped is not None and self.stopped is None:
            self.stopped = stopped
            self.reached = next((one.reached for one in standings if one.reached), "")
            for member in self._members:
                member.stop(stopped)
