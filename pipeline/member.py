"""One of several processes of a run: `python -m silversmith.pipeline.member FD`, started by
`Processes` and by nobody else. What is dealt out comes through the pipe; what becomes of it goes
into the journal; counters go back."""

from __future__ import annotations

import asyncio
import pickle
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ..errors import LimitReached, SilversmithError
from ..store import Journal, RunFolder, Standings
from .books import Books
from .budget import Budget
from .crew import Crew
from .desk import RunDesk
from .ledger import Ledger
from .planning import Planned, generator_key
from .processes import Dealt, Setup, Standing
from .samples import Askers

__all__ = ["main"]

REPORT_SECONDS = 0.05


def main(pipe: Connection) -> None:
    """Work until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and closes the pipe
    sys.path[:] = pipe.recv()
    setup: Setup = pipe.recv()
    asyncio.run(_Member(pipe, setup).run())


class _Member:
    def __init__(self, pipe: Connection, setup: Setup) -> None:
        self._pipe = pipe
        self._setup = setup
        self._books = Books()
        self._dealt: asyncio.Queue[Dealt | None] = asyncio.Queue()
        self._askers = Askers.of(setup.recipe)
        self._generators = {one.title: (one, generator_key(one)) for one in setup.recipe.generators}
        self._desk: RunDesk
        self._budget: Budget
        self._sent: Standing | None = None
        self._idle = False

    async def run(self) -> None:
        setup = self._setup
        recipe = setup.recipe
        with Journal(RunFolder(setup.folder).journal, enrols=False) as journal:
            others = [Journal(RunFolder(path).journal) for path in setup.reuse]
            with Ledger(setup.ledger) as ledger:
                self._budget = Budget(recipe.limits, recipe.models, (), ledger, setup.place)
                self._desk = RunDesk(
                    recipe.models, journal, others, self._budget, self._books,
                    attempts=recipe.attempts, retry_failed=setup.retry_failed,
                    first_new=setup.first_new,
                )  # fmt: skip
                crew = Crew(
                    self._askers, self._desk, journal, self._books, Standings(),
                    retry_failed=setup.retry_failed, max_failed_share=recipe.max_failed_share,
                )  # fmt: skip
                loop = asyncio.get_running_loop()
                loop.add_reader(self._pipe.fileno(), self._receive)
                async with self._desk:
                    await self._work(crew, journal)

    async def _work(self, crew: Crew, journal: Journal) -> None:
        work = asyncio.create_task(crew.work(self._plan()))
        try:
            while not work.done():
                await asyncio.wait([work], timeout=REPORT_SECONDS)
                journal.flush()  # what is counted must be there for the parent to read
                self._report()
            work.result()
            self._idle = True
            self._report()
            while not self._pipe.closed:
                await asyncio.sleep(REPORT_SECONDS)
        except SilversmithError as error:
            self._report(error)
        finally:
            work.cancel()

    async def _plan(self) -> AsyncIterator[Planned]:
        while (dealt := await self._dealt.get()) is not None:
            generator, key = self._generators[dealt.generator]
            yield Planned(dealt.number, dealt.id, dealt.seed, generator, key, dealt.draw)

    def _receive(self) -> None:
        try:
            message: Any = self._pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._pipe.close()
            message = LimitReached("the run has ended")
        if isinstance(message, SilversmithError):
            self._desk.stopped = self._desk.stopped or message
            self._dealt.put_nowait(None)
            return
        for dealt in message:
            self._dealt.put_nowait(dealt)

    def _report(self, error: BaseException | None = None) -> None:
        books = self._books
        standing = Standing(
            books.drafted, books.judged, books.failed, books.calls, books.retries, books.usage,
            dict(books.failures), self._desk.stopped, self._budget.reached, error, self._idle,
        )  # fmt: skip
        if standing != self._sent and not self._pipe.closed:
            self._sent = standing
            with suppress(OSError):  # nobody listens any more, which `_receive` hears too
                self._pipe.send(standing)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
