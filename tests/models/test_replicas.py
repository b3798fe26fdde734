"""Several endpoints for one model: balanced, set aside, taken back."""

import asyncio
import signal

import pytest
from aiohttp import web

from silversmith.errors import EndpointError, RecipeError
from silversmith.models import ModelSpec, Request
from silversmith.models import replicas as module
from silversmith.models.endpoint import EndpointConnection

HELLO = Request([{"role": "user", "content": "Hello?"}])


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """What is set aside is tried again after a moment."""
    monkeypatch.setattr(module, "FIRST_TRIAL", 0.05)
    monkeypatch.setattr(module, "LONGEST_TRIAL", 0.1)
    monkeypatch.setenv("NO_PROXY", "*")


def after(seconds, answer):
    async def late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await answer(request)

    return late


async def ask(connection, count: int) -> None:
    """So many requests, all of which must be answered."""
    asked = [Request([{"role": "user", "content": str(i)}]) for i in range(count)]
    replies = await asyncio.gather(*(connection.send(request) for request in asked))
    assert all(reply.text for reply in replies)


async def until(true) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def test_requests_go_where_there_is_least_to_do(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], concurrency=8)
    await connection.open("prompt")
    endpoint.always(after(0.01, endpoint.completion("quick")))
    another.always(after(0.05, another.completion("slow")))
    endpoint.bodies.clear()
    another.bodies.clear()
    await ask(connection, 240)
    assert len(endpoint.bodies) + len(another.bodies) == 240
    assert len(endpoint.bodies) > 1.5 * len(another.bodies) > 0


async def test_each_endpoint_gets_as_many_at_once_as_the_recipe_says(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], concurrency=5)
    await connection.open("prompt")
    here, all_here = 0, asyncio.Event()

    async def wait_for_all(request: web.Request) -> web.StreamResponse:
        nonlocal here
        here += 1
        if here == 10:
            all_here.set()
        await all_here.wait()
        return await endpoint.completion("together")(request)

    endpoint.always(wait_for_all)
    another.always(wait_for_all)
    async with asyncio.timeout(20):
        await ask(connection, 10)


async def test_one_is_killed_and_comes_back(simulate):
    """Nothing is lost, though a request may not be repeated at all; work shifts and comes back."""
    servers = [simulate(latency_ms=10), simulate(latency_ms=10)]
    spec = ModelSpec.parse(
        {"model": "m", "base_url": [s.url for s in servers], "concurrency": 8, "retries": 0}
    )
    connection = EndpointConnection(spec)
    await connection.open()
    try:
        work = asyncio.create_task(ask(connection, 2000))
        await until(lambda: connection.meter.answered > 200)
        servers[0].stop(signal.SIGKILL)
        await until(lambda: connection.meter.aside == (servers[0].url,))
        port = int(servers[0].url.rsplit(":", 1)[1].removesuffix("/v1"))
        back = await asyncio.to_thread(simulate, port=port, latency_ms=10)
        await until(lambda: connection.meter.aside == ())
        before = back.stats()["received"]
        await work
        await ask(connection, 100)
        assert back.stats()["received"] - before >= 40
        assert connection.meter.in_flight == 0
    finally:
        await connection.close()


async def test_one_that_answers_nothing_but_errors_is_set_aside(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], concurrency=4)
    await connection.open("prompt")
    endpoint.always(endpoint.error(502, "no upstream"))
    await ask(connection, 100)
    assert connection.meter.aside == (endpoint.url,)
    another.always(another.error(500))
    endpoint.always(endpoint.completion("well again"))
    await until(lambda: connection.meter.aside == ())
    assert (await connection.send(HELLO)).text == "well again"


async def test_what_hangs_at_a_dead_one_is_moved_before_its_time_is_up(connect, endpoint, another):
    connection = connect(
        base_url=[endpoint.url, another.url], concurrency=8, retries=0, timeout=600
    )
    await connection.open("prompt")
    endpoint.then(*[endpoint.hang()] * 3)
    hanging = asyncio.create_task(ask(connection, 6))
    await until(lambda: connection.meter.in_flight == 3 and connection.meter.answered == 5)
    await endpoint.stop_listening()
    async with asyncio.timeout(20):
        await ask(connection, 40)
        await hanging
    assert connection.meter.aside == (endpoint.url,)


async def test_one_fault_sets_nothing_aside(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], retries=0)
    await connection.open("prompt")
    endpoint.then(endpoint.reset())
    await ask(connection, 20)
    assert connection.meter.reasons == {"connection": 1}
    assert connection.meter.aside == ()


async def test_a_request_that_breaks_every_connection_is_given_up(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], retries=2)
    await connection.open("prompt")

    def unless(server):
        async def answer(request: web.Request) -> web.StreamResponse:
            poison = "poison" in await request.text()
            return await (server.reset() if poison else server.completion("fine"))(request)

        return answer

    endpoint.always(unless(endpoint))
    another.always(unless(another))
    poison = asyncio.create_task(connection.send(Request([{"role": "user", "content": "poison"}])))
    while not poison.done():
        await ask(connection, 4)
    with pytest.raises(EndpointError, match="without success"):
        await poison
    assert connection.meter.reasons["connection"] <= 12


async def test_all_are_gone_and_the_usual_retries_end(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], retries=2)
    await connection.open("prompt")
    endpoint.always(endpoint.reset())
    another.always(another.reset())
    with pytest.raises(EndpointError, match="without success") as failure:
        await connection.send(HELLO)
    assert failure.value.retryable
    assert not failure.value.fatal


@pytest.mark.parametrize(
    ("status", "rest", "words"),
    [
        (401, {}, "does not accept the key in CANARY_KEY"),
        (404, {"code": "model_not_found"}, "correct the model's name"),
        (400, {}, "correct its `parameters`"),
    ],
)
async def test_what_is_wrong_at_one_is_said_at_the_start(
    connect, endpoint, another, status, rest, words
):
    another.always(another.error(status, "no", **rest))
    connection = connect(base_url=[endpoint.url, another.url])
    with pytest.raises(EndpointError, match=words) as failure:
        await connection.open()
    assert failure.value.fatal
    assert another.url in str(failure.value)


async def test_one_that_is_not_there_at_the_start_may_come_later(
    connect, endpoint, unused_tcp_port, simulate
):
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    connection = connect(base_url=[url, endpoint.url], retries=1, api_key_env=None)
    await connection.open()
    assert connection.meter.aside == (url,)
    await ask(connection, 10)
    await asyncio.to_thread(simulate, port=unused_tcp_port)
    await until(lambda: connection.meter.aside == ())


async def test_none_is_there_at_the_start(connect, unused_tcp_port_factory):
    urls = [f"http://127.0.0.1:{unused_tcp_port_factory()}/v1" for _ in range(2)]
    with pytest.raises(EndpointError, match="cannot be reached") as failure:
        await connect(base_url=urls, retries=1).open()
    assert failure.value.fatal
    assert urls[0] in str(failure.value)


async def test_one_that_refuses_is_waited_for_while_others_work(connect, endpoint, another):
    connection = connect(base_url=[endpoint.url, another.url], retries=0)
    await connection.open("prompt")
    another.bodies.clear()
    endpoint.then(*[endpoint.error(429, headers={"Retry-After": "30"})] * 8)
    await ask(connection, 40)
    assert len(another.bodies) >= 28  # 20 at first, and those that were refused


def test_a_list_of_addresses():
    urls = ["http://a:8000/v1/", "http://b:8000/v1"]
    spec = ModelSpec.parse({"model": "m", "base_url": urls, "concurrency": 10})
    assert spec.urls == ("http://a:8000/v1", "http://b:8000/v1")
    assert spec.label == "m at a:8000 and 1 more"
    assert spec.at_once == 20
    assert spec.key_variable is None
    one = ModelSpec.parse({"model": "m", "base_url": "http://c/v1"})
    assert spec.identity() == one.identity()
    assert ModelSpec.parse(spec.model_dump(mode="json")) == spec
    assert ModelSpec.parse({"model": "m", "base_url": ["http://c/v1"]}) == one


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ([], "`base_url` is wrong: the list is empty"),
        (["http://a/v1", "http://a/v1/"], "`base_url` is wrong: an address stands twice"),
        (["http://a/v1", "a/v1"], "`base_url` is wrong: it is no address"),
    ],
)
def test_a_wrong_list_of_addresses(urls, words):
    with pytest.raises(RecipeError, match=words):
        ModelSpec.parse({"model": "m", "base_url": urls})
