"""What an endpoint allows, found out and kept to: simulated servers on a clock that jumps from one
event to the next, so that ten minutes take a moment and every run is the same."""

from __future__ import annotations

import asyncio
import math
import random
import selectors
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from silversmith.models import pace
from silversmith.models.gate import Gate
from silversmith.models.line import Line
from silversmith.models.pace import Pace
from silversmith.records import Usage

WAY = 0.002
"""Seconds that a request takes to the server, and its answer back; as much again is chance."""

START = 1000.3
"""By the server's clock."""


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer."""

    def __init__(self) -> None:
        self.at = START
        clock = self

        class Jump(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> list[object]:
                assert timeout is not None, "everything waits, and nothing is due"
                clock.at += timeout
                return []

        super().__init__(Jump())

    def time(self) -> float:
        return self.at


Limit = Callable[[float], float]
"""Requests a second that are allowed, by the time since the start."""

Server = Callable[[float], "float | None"]
"""Takes a request at a time: the seconds of Retry-After if it is refused, or else None."""


def always(limit: float) -> Limit:
    return lambda seconds: limit


def windows(limit: Limit, length: float = 1.0) -> Server:
    """So many requests in each window of the server's clock, as with a counter that is set back."""
    counts: Counter[int] = Counter()

    def admit(now: float) -> float | None:
        counts[int(now // length)] += 1
        if counts[int(now // length)] <= limit(now - START) * length:
            return None
        return math.ceil(length - now % length)

    return admit


def sliding(limit: Limit) -> Server:
    """So many requests within any second."""
    taken: deque[float] = deque()

    def admit(now: float) -> float | None:
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if len(taken) >= limit(now - START):
            return 1.0
        taken.append(now)
        return None

    return admit


def bucket(limit: Limit, depth: float) -> Server:
    """A bucket of tokens that fills steadily, as OpenAI describes its own; it says exactly when
    to come back."""
    level, since = depth, None

    def admit(now: float) -> float | None:
        nonlocal level, since
        level = min(depth, level + (now - (since or now)) * limit(now - START))
        since = now
        if level < 1:
            return (1 - level) / limit(now - START)
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
    strains: list[float] = field(default_factory=list)
    places: list[tuple[float, int]] = field(default_factory=list)

    def strained(self, begin: float, end: float) -> float:
        """Errors that speak of overload, a second."""
        return sum(begin <= at - self.began < end for at in self.strains) / (end - begin)

    def rate(self, begin: float, end: float) -> float:
        """Answers a second between two times, in seconds since the start."""
        within = sum(begin <= at - self.began < end for at in self.answered)
        return within / (end - begin)


Handle = Callable[[], Awaitable["str | float | None"]]
"""One request: None is an answer, a number a refusal with the seconds of Retry-After (BARE has
none), "strained" or "failed" an error."""

Handler = Callable[[Clock], Handle]
BARE = -1.0


def drive(handler: Handler, *gates: Gate, workers: int = 64, seconds: float = 60.0) -> Course:
    """Keep so many requests waiting or under way for so long; gates are of one model each."""
    course = Course()
    clock = Clock()

    async def work(line: Line, gate: Gate, one: Handle) -> None:
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
                course.strains += [now] * (outcome == "strained")
                gate.failed(now, strained=outcome == "strained")
            else:
                course.refused += 1
                gate.refused(ticket, now, outcome if outcome >= 0 else None)
            line.leave(ticket)
            if isinstance(outcome, str):
                await asyncio.sleep(0.2)

    async def all_of_them() -> None:
        course.began = clock.time()
        one = handler(clock)
        tasks = [
            asyncio.create_task(work(line, gate, one))
            for line, gate in [(Line([gate]), gate) for gate in gates]
            for _ in range(workers // len(gates))
        ]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        clock.run_until_complete(all_of_them())
    finally:
        clock.close()
    return course


def limited(admit: Server, latency: float = 0.02) -> Handler:
    """A server that takes what `admit` lets in, and answers after `latency` seconds."""

    def at(clock: Clock) -> Handle:
        chance = random.Random(1)

        async def one() -> float | None:
            await asyncio.sleep(WAY * (1 + chance.random()))
            wait = admit(clock.time())
            await asyncio.sleep(WAY if wait is not None else latency)
            return wait

        return one

    return at


def slow(seconds: float, *, places: int = 10**6, spread: float = 0.0) -> Handler:
    """A server that answers so many requests at a time, and lets the others queue; each takes so
    long on average, log-normally spread."""

    def at(clock: Clock) -> Handle:
        chance, free = random.Random(2), asyncio.Semaphore(places)

        async def one() -> None:
            await asyncio.sleep(WAY)
            async with free:
                await asyncio.sleep(seconds * chance.lognormvariate(-(spread**2) / 2, spread))

        return one

    return at


def shedding(seconds: float, places: int) -> Handler:
    """A server that answers HTTP 503 to all above so many at a time."""

    def at(clock: Clock) -> Handle:
        chance, busy = random.Random(3), 0

        async def one() -> str | None:
            nonlocal busy
            await asyncio.sleep(WAY)
            if busy >= places:
                return "strained"
            busy += 1
            await asyncio.sleep(seconds * chance.lognormvariate(-0.045, 0.3))
            busy -= 1
            return None

        return one

    return at


def sometimes(share: float, outcome: str | float, latency: float = 0.5) -> Handler:
    """A server that has this for a share of the requests, however fast they come."""

    def at(clock: Clock) -> Handle:
        chance = random.Random(4)

        async def one() -> str | float | None:
            await asyncio.sleep(WAY)
            if chance.random() < share:
                return outcome
            await asyncio.sleep(latency)
            return None

        return one

    return at


def between(begin: float, end: float, outcome: str | float, latency: float = 0.5) -> Handler:
    """A server that has this for all requests for a while."""

    def at(clock: Clock) -> Handle:
        async def one() -> str | float | None:
            await asyncio.sleep(WAY)
            here = begin < clock.time() - START < end
            await asyncio.sleep(latency if outcome == "strained" or not here else 0)
            return outcome if here else None

        return one

    return at


@pytest.mark.parametrize("server", [windows, sliding])
def test_a_run_of_seconds_against_a_limit(server):
    """The first refusal tells the limit, and there is no second one."""
    course = drive(limited(server(always(200))), Gate(64), seconds=11)
    assert len(course.answered) >= 0.96 * 11 * 200
    assert course.refused <= 0.01 * course.sent


@pytest.mark.parametrize("phase", [0.8, 0.85, 0.9, 0.95])
def test_first_requests_that_fall_into_two_seconds_of_the_server(phase, monkeypatch):
    """More is let through than in any other second: what follows is too fast, but not for long."""
    monkeypatch.setattr(pace, "FIRST_RATE", 600.0)
    monkeypatch.setattr(sys.modules[__name__], "START", 1000 + phase)
    course = drive(limited(windows(always(200))), Gate(64), seconds=11)
    assert len(course.answered) >= 0.79 * 11 * 200
    assert course.refused <= 0.01 * course.sent


@pytest.mark.parametrize(
    ("server", "limit", "least"),
    [
        (windows(always(100)), 100, 0.95),
        (sliding(always(100)), 100, 0.95),
        (windows(always(10), length=60), 10, 0.95),
        (bucket(always(100), depth=100), 100, 0.98),
        (bucket(always(100), depth=6_000), 100, 0.98),
        (windows(always(5)), 5, 0.88),
    ],
    ids=["seconds", "sliding second", "minutes", "bucket", "deep bucket", "five a second"],
)
def test_a_steady_state_at_the_limit(server, limit, least):
    """After two minutes: neither a saw-tooth nor a stall, and hardly a refusal."""
    course = drive(limited(server), Gate(64), seconds=600)
    assert least * limit <= course.rate(120, 600) <= 1.02 * limit
    assert min(course.rate(minute, minute + 60) for minute in range(120, 600, 60)) >= 0.7 * limit
    assert course.refused <= 0.025 * course.sent


@pytest.mark.parametrize("server", [windows, sliding])
def test_a_limit_that_is_halved_and_comes_back(server):
    def limit(seconds: float) -> float:
        return 100 if 60 <= seconds < 120 else 200

    course = drive(limited(server(limit)), Gate(64), seconds=300)
    assert course.rate(65, 120) >= 0.9 * 100
    assert course.rate(180, 300) >= 0.95 * 200
    assert course.refused <= 0.005 * course.sent


def test_no_limit_no_loss():
    course = drive(slow(0.2), Gate(256), workers=256, seconds=20)
    assert len(course.answered) >= 0.98 * 20 * 256 / (0.2 + WAY)
    assert {places for _, places in course.places} == {256}


@pytest.mark.parametrize("spread", [0, 0.5])
def test_slow_answers_alone_are_no_reason_for_fewer(spread):
    course = drive(slow(2, spread=spread), Gate(512), workers=512, seconds=120)
    assert len(course.answered) >= 0.98 * (120 - 2) * 512 / (2 + WAY)


def test_a_queue_is_not_fed():
    """The server's 32 places stay full, and few requests wait there that wait here as well."""
    course = drive(slow(2, places=32, spread=0.3), Gate(256), workers=256, seconds=1200)
    assert course.rate(300, 1200) >= 0.97 * 32 / 2
    assert max(places for at, places in course.places if at > 600) <= 128


@pytest.mark.parametrize("places", [20, 50])
def test_a_server_that_sheds_load_is_kept_just_full(places):
    course = drive(shedding(1, places), Gate(64), seconds=300)
    assert course.rate(100, 300) >= 0.93 * places
    assert course.strained(100, 300) <= 0.1 * course.rate(100, 300)


def test_faults_that_come_at_random_do_not_slow_a_run_down():
    course = drive(sometimes(0.05, "strained", latency=1), Gate(64), seconds=300)
    assert len(course.answered) >= 0.9 * 300 * 64
    course = drive(sometimes(0.2, "failed", latency=1), Gate(64), seconds=300)
    assert {places for _, places in course.places} == {64}


def test_an_overload_that_passes():
    course = drive(between(60, 120, "strained"), Gate(64), seconds=300)
    assert min(places for _, places in course.places) < 16
    assert course.rate(150, 300) >= 0.95 * 64 / 0.5


@pytest.mark.parametrize("asked", [1.0, 0.01, BARE], ids=["1 s", "10 ms", "bare"])
def test_a_storm_of_refusals_that_passes(asked):
    course = drive(between(30, 60, asked), Gate(64), seconds=120)
    assert course.refused <= 50
    assert course.rate(70, 120) >= 0.95 * 64 / 0.5


@pytest.mark.parametrize(("share", "asked"), [(0.1, 0.01), (0.02, BARE), (0.1, BARE)])
def test_refusals_that_have_nothing_to_do_with_the_pace(share, asked):
    """Slowing down is tried, found to be in vain, and given up."""
    course = drive(sometimes(share, asked), Gate(64), seconds=300)
    assert len(course.answered) >= 0.6 * 300 * 64 / 0.5


def test_two_models_share_the_pace_of_their_server():
    pace = Pace()
    gates = [Gate(32, pace), Gate(32, pace)]
    course = drive(limited(windows(always(200))), *gates, seconds=60)
    assert len(course.answered) >= 0.95 * 60 * 200
    assert course.refused <= 0.01 * course.sent


def test_requests_a_minute_of_the_recipe():
    course = drive(limited(windows(always(10**9))), Gate(64, requests_per_minute=600), seconds=60)
    assert 580 <= len(course.answered) <= 600
    assert max(course.rate(second, second + 1) for second in range(59)) <= 11


def test_tokens_a_minute_of_the_recipe():
    """An answer takes 150 tokens."""
    gate = Gate(64, tokens_per_minute=9_000)
    course = drive(limited(windows(always(10**9))), gate, seconds=120)
    assert 112 <= len(course.answered) <= 124
