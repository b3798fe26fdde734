"""What goes wrong on the way, and what is done about it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from silversmith.errors import EndpointError
from silversmith.models import Request

HELLO = Request([{"role": "user", "content": "Hello?"}])
WHOLE = json.dumps({"choices": [{"message": {"content": "Hi!"}}]}).encode()

PASSING = {
    "HTTP 408": lambda e: e.error(408),
    "HTTP 409": lambda e: e.error(409),
    "HTTP 429": lambda e: e.error(429),
    "HTTP 500": lambda e: e.error(500),
    "HTTP 502 as a page": lambda e: e.raw("<html>Bad gateway", 502, "text/html"),
    "HTTP 503": lambda e: e.error(503, headers={"Retry-After": "0"}),
    "connection reset before the answer": lambda e: e.reset(),
    "connection reset in mid-body": lambda e: e.reset(WHOLE[:20]),
    "connection closed in mid-body": lambda e: e.cut(WHOLE[:20], announced=len(WHOLE)),
    "unusable body, cut": lambda e: e.raw(WHOLE[:-9]),
    "unusable body, empty": lambda e: e.raw(""),
    "unusable body, a page": lambda e: e.raw("<html>Welcome</html>", kind="text/html"),
    "unusable body, a list": lambda e: e.raw("[]"),
    "unusable body, no choices": lambda e: e.raw('{"object": "chat.completion"}'),
    "unusable body, empty choices": lambda e: e.raw('{"choices": []}'),
    "unusable body, null choice": lambda e: e.raw('{"choices": [null]}'),
    "unusable body, no message": lambda e: e.raw('{"choices": [{"index": 0}]}'),
    "unusable body, nested too deep": lambda e: e.raw('{"choices":' + "[" * 100_000),
    "unusable body, broken off": lambda e: e.raw(
        '{"choices": [{"finish_reason": "error", "message": {"content": "Hal"}}]}'
    ),
    "HTTP 500 inside a 200": lambda e: e.error(200, "overloaded"),
    "HTTP 502 inside a 200": lambda e: e.error(200, "provider down", code=502),
    "HTTP 429 inside a 200": lambda e: e.error(200, "slow down", code=429),
    "connection, no gzip": lambda e: e.raw(WHOLE, headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("kind", PASSING)
async def test_a_passing_fault_is_tried_again(connection, endpoint, kind):
    endpoint.then(PASSING[kind](endpoint), endpoint.completion("Hi!"))
    reply = await connection.send(HELLO)
    assert reply.text == "Hi!"
    meter = connection.meter
    assert (meter.calls, meter.answered, meter.failed, meter.retried) == (2, 1, 1, 1)
    (counted,) = meter.reasons
    assert kind.startswith(counted)


async def test_a_call_that_hangs_is_given_up_after_the_timeout(connect, endpoint):
    connection = connect(timeout=0.2)
    await connection.open("prompt")
    endpoint.then(endpoint.hang(), endpoint.completion("Hi!"))
    assert (await connection.send(HELLO)).text == "Hi!"
    assert connection.meter.reasons == {"timeout": 1}


async def test_a_body_that_trickles_is_given_up_after_the_timeout(connect, endpoint):
    connection = connect(timeout=0.2)
    await connection.open("prompt")

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    endpoint.then(trickle, endpoint.completion("Hi!"))
    assert (await connection.send(HELLO)).text == "Hi!"
    assert connection.meter.reasons == {"timeout": 1}


async def test_after_the_last_try_the_sentence_says_what_and_how_often(connect, endpoint):
    connection = connect(retries=3)
    await connection.open("prompt")
    endpoint.always(endpoint.error(500, "out of memory"))
    with pytest.raises(EndpointError) as failure:
        await connection.send(HELLO)
    error = failure.value
    assert (error.status, error.retryable, error.fatal) == (500, True, False)
    assert f"model writer (tiny at {endpoint.url}) was asked 4 times" in str(error)
    assert "HTTP 500: out of memory" in str(error)
    assert connection.meter.reasons == {"HTTP 500": 4}


async def test_a_server_that_is_gone_is_a_passing_fault(connect, endpoint):
    connection = connect(retries=1)
    await connection.open("prompt")
    endpoint.always(endpoint.reset())
    with pytest.raises(EndpointError, match="asked 2 times") as failure:
        await connection.send(HELLO)
    assert failure.value.retryable
    assert failure.value.status is None


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_is_not_sent_again(connection, endpoint, status):
    endpoint.then(endpoint.error(status, "maximum context length is 1024 tokens"))
    with pytest.raises(EndpointError, match="maximum context length") as failure:
        await connection.send(HELLO)
    error = failure.value
    assert (error.status, error.retryable, error.fatal) == (status, False, False)
    assert len(endpoint.bodies) == 1


@pytest.mark.parametrize(
    ("status", "rest", "words"),
    [
        (401, {}, "does not accept the key in CANARY_KEY"),
        (403, {}, "allows no access with the key in CANARY_KEY"),
        (402, {}, "top up the account"),
        (404, {"code": "model_not_found"}, "correct the model's name"),
        (429, {"code": "insufficient_quota"}, "no quota left"),
    ],
)
async def test_what_no_request_can_get_past_is_fatal(connection, endpoint, status, rest, words):
    endpoint.then(endpoint.error(status, "no", **rest))
    with pytest.raises(EndpointError, match=words) as failure:
        await connection.send(HELLO)
    assert failure.value.fatal
    assert not failure.value.retryable
    assert len(endpoint.bodies) == 1


async def test_a_flagged_prompt_concerns_only_that_prompt(connection, endpoint):
    endpoint.then(endpoint.error(403, "Your input was flagged"))
    with pytest.raises(EndpointError, match="refuses this request") as failure:
        await connection.send(HELLO)
    assert not failure.value.fatal


async def test_being_refused_uses_up_no_retries(connect, endpoint):
    connection = connect(retries=0)
    await connection.open("prompt")
    limited = endpoint.error(429, headers={"retry-after-ms": "5"})
    endpoint.then(*[limited] * 2, endpoint.error(429), endpoint.completion("Hi!"))
    assert (await connection.send(HELLO)).text == "Hi!"
    assert connection.meter.reasons == {"HTTP 429": 3}


@pytest.mark.parametrize(
    "header",
    [
        {"Retry-After": "0.05"},
        {"retry-after-ms": "50"},
        {"Retry-After": format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)},
        {"Retry-After": "soon"},
        {"Retry-After": "nan"},
        {"Retry-After": "-1"},
    ],
)
async def test_forms_of_retry_after(connection, endpoint, header):
    endpoint.then(endpoint.error(429, headers=header), endpoint.completion("Hi!"))
    assert (await connection.send(HELLO)).text == "Hi!"


async def test_nothing_is_sent_before_the_date_that_was_asked_for(connection, endpoint):
    asked = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    header = {"Retry-After": format_datetime(asked, usegmt=True)}
    arrivals = []

    async def note(request: web.Request) -> web.StreamResponse:
        arrivals.append(datetime.now(UTC))
        return await endpoint.completion("Hi!")(request)

    endpoint.then(endpoint.error(429, headers=header))
    endpoint.always(note)
    first = asyncio.create_task(connection.send(HELLO))
    while not connection.meter.failed:
        await asyncio.sleep(0.001)
    await asyncio.gather(first, *(connection.send(HELLO) for _ in range(5)))
    assert len(arrivals) == 6
    assert min(arrivals) >= asked - timedelta(milliseconds=10)  # two clocks


async def test_an_endpoint_that_wants_too_long_a_pause_stops_the_run(connection, endpoint):
    endpoint.then(endpoint.error(429, "daily limit", headers={"Retry-After": "86400"}))
    with pytest.raises(EndpointError, match="asks to wait 86400 s") as failure:
        await connection.send(HELLO)
    assert failure.value.fatal
    assert failure.value.retry_after == 86400


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after-ms": "5"},
        {"Retry-After": "0"},
        {"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {},
    ],
)
async def test_being_refused_for_ever_ends_at_the_patience(connect, endpoint, headers):
    connection = connect(policy={"patience": 0.02})
    await connection.open("prompt")
    endpoint.always(endpoint.error(429, headers=headers))
    with pytest.raises(EndpointError, match="without success: HTTP 429") as failure:
        await connection.send(HELLO)
    assert failure.value.retryable
    assert not failure.value.fatal
    assert connection.meter.calls <= 1 + 5


async def test_a_storm_loses_nothing(connect, endpoint):
    """Sixty requests through an endpoint that fails in every way half of the time."""
    connection = connect(retries=30, concurrency=16, timeout=0.5)
    await connection.open("prompt")
    faults = [make(endpoint) for kind, make in PASSING.items() if "deep" not in kind]
    turn = 0

    async def stormy(request: web.Request) -> web.StreamResponse:
        nonlocal turn
        turn += 1
        if turn % 2:
            return await faults[turn // 2 % len(faults)](request)
        sent = (await request.json())["messages"][0]["content"]
        return await endpoint.completion(sent)(request)

    endpoint.always(stormy)
    asked = [Request([{"role": "user", "content": str(i)}]) for i in range(60)]
    replies = await asyncio.gather(*(connection.send(request) for request in asked))
    assert [reply.text for reply in replies] == [str(i) for i in range(60)]
    assert connection.meter.calls == connection.meter.answered + connection.meter.failed


async def test_an_endpoint_that_vanishes_and_comes_back(connect, endpoint, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    connection = connect(base_url=url, policy={"first_wait": 0.01, "longest_wait": 0.05})

    async def serve() -> web.AppRunner:
        runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
        runner.app.router.add_post("/v1/chat/completions", endpoint.handle)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", unused_tcp_port, reuse_address=True).start()
        return runner

    runner = await serve()
    await connection.open("prompt")
    await runner.cleanup()
    call = asyncio.create_task(connection.send(HELLO))
    while not connection.meter.failed:
        await asyncio.sleep(0.001)
    runner = await serve()
    try:
        assert (await call).text
        assert connection.meter.reasons["connection"] >= 1
    finally:
        await runner.cleanup()
