"""The limits that an endpoint sets, found and kept to: simulated servers on a clock that jumps from
one event to the next, so that minutes take moments and every run is the same."""

from __future__ import annotations

import asyncio
import math
import random
import selectors
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from silversmith.models.gate import Gate
from silversmith.models.line import Line
from silversmith.records import Usage

WAY = 0.002
"""Seconds that a request takes to the server, and its answer back; as much again is jitter."""


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer."""

    def __init__(self) -> None:
        self.at = 1000.3
        clock = self

        class Jump(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> list[object]:
                assert timeout is not None, "everything waits, and nothing is due"
                clock.at += timeout
                return []

        super().__init__(Jump())

    def time(self) -> float:
        return self.at


Server = Callable[[float], "float | None"]
"""Takes a request at a time: seconds that Retry-After names if it is refused, or None."""


def windows(limit: Callable[[float], float], length: float = 1.0) -> Server:
    """So many requests in each window of the server's clock, as with a counter that is set back."""
    counts: Counter[int] = Counter()

    def admit(now: float) -> float | None:
        counts[int(now // length)] += 1
        if counts[int(now // length)] <= limit(now) * length:
            return None
        return math.ceil(length - now % length)

    return admit


def sliding(limit: Callable[[float], float]) -> Server:
    """So many requests within any second."""
    taken: deque[float] = deque()

    def admit(now: float) -> float | None:
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if len(taken) >= limit(now):
            return 1.0
        taken.append(now)
        return None

    return admit


def bucket(limit: Callable[[float], float], depth: float) -> Server:
    """A bucket of tokens that fills steadily, as OpenAI describes its own; it says exactly when
    to come back."""
    level, since = depth, None

    def admit(now: float) -> float | None:
        nonlocal level, since
        level = min(depth, level + (now - (since or now)) * limit(now))
        since = now
        if level < 1:
            return (1 - level) / limit(now)
        level -= 1
        return None

    return admit


@dataclass
class Course:
    """What became of all requests."""

    began: float = 0.0
    sent: int = 0
    refused: int = 0
    answered: list[float] = field(default_factory=list)
    places: list[tuple[float, int]] = field(default_factory=list)

    def rate(self, begin: float, end: float) -> float:
        """Answers a second between two times, in seconds since the start."""
        within = sum(begin <= at - self.began < end for at in self.answered)
        return within / (end - begin)


Handle = Callable[[], Awaitable["str | float | None"]]
"""One request: None is an answer, a number a refusal that names seconds, "strained" or "failed" an
error."""


def drive(
    handle: Callable[[asyncio.AbstractEventLoop], Handle],
    gate: Gate,
    *,
    workers: int = 64,
    seconds: float = 60.0,
) -> Course:
    """Keep so many requests waiting or under way for so long."""
    course = Course()
    clock = Clock()

    async def work(line: Line, one: Handle) -> None:
        again = False
        while clock.time() < course.began + seconds:
            ticket = await line.enter(400, again=again)
            course.sent += 1
            outcome = await one()
            now = clock.time()
            again = outcome is not None
            if outcome is None:
                gate.answered(ticket, now, Usage(1, 100, 50))
                course.answered.append(now)
                course.places.append((now - course.began, gate.window.places))
            elif isinstance(outcome, str):
                gate.failed(now, strained=outcome == "strained")
            else:
                course.refused += 1
                gate.refused(ticket, now, outcome if outcome >= 0 else None)
            line.leave(ticket)

    async def all_of_them() -> None:
        course.began = clock.time()
        line = Line([gate])
        one = handle(clock)
        tasks = [asyncio.create_task(work(line, one)) for _ in range(workers)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        clock.run_until_complete(all_of_them())
    finally:
        clock.close()
    return course


def limited(admit: Server, latency: float = 0.02) -> Callable[[asyncio.AbstractEventLoop], Handle]:
    """A server that takes what `admit` lets in, and answers after `latency` seconds."""

    def at(clock: asyncio.AbstractEventLoop) -> Handle:
        chance = random.Random(1)

        async def one() -> float | None:
            await asyncio.sleep(WAY * (1 + chance.random()))
            wait = admit(clock.time())
            await asyncio.sleep(WAY if wait is not None else latency)
            return wait

        return one

    return at
