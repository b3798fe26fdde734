"""Waiting for one's turn, for one endpoint or several."""

import asyncio

import pytest

from silversmith.models.gate import Gate
from silversmith.models.line import Line
from silversmith.records import Usage


def later(line: Line, **options) -> asyncio.Task:
    return asyncio.create_task(line.enter(100, **options))


async def test_first_come_first_served_but_for_those_who_come_again():
    line = Line([Gate(1)])
    ticket = await line.enter(100)
    waiting = [later(line), later(line)]
    await asyncio.sleep(0)
    waiting.insert(0, later(line, again=True))
    for one in waiting:
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting[waiting.index(one) :])
        line.leave(ticket)
        ticket = await one


async def test_who_gives_up_leaves_no_gap():
    line = Line([Gate(1)])
    ticket = await line.enter(100)
    gives_up, stays = later(line), later(line)
    await asyncio.sleep(0)
    gives_up.cancel()
    await asyncio.sleep(0)
    line.leave(ticket)
    assert (await stays).gate.in_flight == 1


async def test_who_gives_up_when_called_passes_the_place_on():
    line = Line([Gate(1)])
    ticket = await line.enter(100)
    called, next_one = later(line), later(line)
    await asyncio.sleep(0)
    line.leave(ticket)  # the ticket is there, but its task has not run yet
    called.cancel()
    with pytest.raises(asyncio.CancelledError):
        await called
    assert (await next_one).gate.in_flight == 1


async def test_who_gives_up_during_a_pause_leaves_no_gap():
    gate = Gate(1)
    line = Line([gate])
    gate.pace.pause(line.now() + 60)
    waiting = later(line)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gate.in_flight == 0


async def test_nobody_waits_longer_than_the_pause():
    gate = Gate(8)
    line = Line([gate])
    until = line.now() + 0.02
    gate.pace.pause(until)
    tickets = await asyncio.gather(*(line.enter(100) for _ in range(8)))
    assert min(ticket.mark.at for ticket in tickets) >= until


async def test_the_endpoint_with_the_least_to_do_is_next():
    gates = [Gate(8), Gate(2), Gate(8)]
    line = Line(gates)
    gates[2].aside = True
    for _ in range(10):
        await line.enter(100)
    assert [gate.in_flight for gate in gates] == [8, 2, 0]


async def test_a_pause_at_one_endpoint_sends_all_to_the_other():
    gates = [Gate(8), Gate(8)]
    line = Line(gates)
    gates[0].pace.pause(line.now() + 60)
    for _ in range(8):
        await line.enter(100)
    assert [gate.in_flight for gate in gates] == [0, 8]


async def test_a_refusal_by_one_endpoint_is_the_affair_of_that_one():
    gates = [Gate(8), Gate(8)]
    line = Line(gates)
    first = await line.enter(100)
    first.gate.refused(first, line.now(), 60)
    line.leave(first)
    second = await line.enter(100)
    assert second.gate is not first.gate
    second.gate.answered(second, line.now(), Usage(1, 10, 5))
    line.leave(second)
    assert [gate.in_flight for gate in gates] == [0, 0]


async def test_an_event_loop_whose_timers_do_not_say_when_they_come(monkeypatch):
    """As those of uvloop, which Ray installs where it is there."""
    loop = asyncio.get_running_loop()
    call_at = loop.call_at

    class Timer:
        def __init__(self, timer):
            self.cancel, self.cancelled = timer.cancel, timer.cancelled

    monkeypatch.setattr(loop, "call_at", lambda *args, **more: Timer(call_at(*args, **more)))
    gate = Gate(8)
    gate.pace.pause(loop.time() + 0.1)
    line = Line([gate])
    tickets = [later(line) for _ in range(3)]
    await asyncio.gather(*tickets)
    assert gate.in_flight == 3
