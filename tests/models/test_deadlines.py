"""Time limits count only the time in which the process listened."""

import asyncio
import time

import pytest

from silversmith.models import Request
from silversmith.models.deadlines import Deadlines


async def test_a_wait_without_end_ends_after_its_time():
    deadlines = Deadlines()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with deadlines.start(0.2):
            await asyncio.Event().wait()
    assert time.monotonic() - began >= 0.2


async def test_each_wait_has_a_limit_of_its_own():
    deadlines = Deadlines()
    ended = []

    async def wait(seconds):
        try:
            async with deadlines.start(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(seconds)

    await asyncio.gather(*(wait(seconds) for seconds in (0.6, 0.1, 0.3)))
    assert ended == [0.1, 0.3, 0.6]


async def test_an_answer_that_came_while_the_process_was_busy_is_used(connect, endpoint):
    """It lies in the socket, whole, when the process listens again."""
    connection = connect(timeout=0.3)
    await connection.open("prompt")
    endpoint.then(endpoint.completion("Hi!"))
    sending = asyncio.create_task(connection.send(Request([{"role": "user", "content": "Hello?"}])))
    while not connection.meter.in_flight:
        await asyncio.sleep(0)
    time.sleep(1.0)  # the endpoint of this test shares the loop, and answers after that
    reply = await sending
    assert reply.text == "Hi!"
    assert connection.meter.failed == 0
