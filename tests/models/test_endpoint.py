"""One request to an endpoint, and what comes back."""

import asyncio
import gc
import json
import warnings

import pytest
from aiohttp import web
from pydantic import BaseModel

from silversmith.errors import EndpointError
from silversmith.models import Reply, Request, strict_schema
from silversmith.models.endpoint import EndpointConnection

HELLO = Request([{"role": "user", "content": "Hello?"}])


class Draft(BaseModel):
    answer: str


async def test_request_carries_model_parameters_schema_and_key(connect, endpoint):
    connection = connect(parameters={"temperature": 0.7, "max_tokens": 99})
    await connection.open("json_schema")
    schema = strict_schema(Draft)
    await connection.send(Request(HELLO.messages, schema, "draft", {"temperature": 0.2}, seed=5))
    body, headers = endpoint.bodies[-1], endpoint.headers[-1]
    assert body == {
        "model": "tiny",
        "temperature": 0.2,
        "max_tokens": 99,
        "messages": [{"role": "user", "content": "Hello?"}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "draft", "strict": True, "schema": schema},
        },
    }
    assert headers["Authorization"] == "Bearer sk-canary-7f3a9b1c5d2e4f60"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("AsyncOpenAI/")
    assert int(headers["Content-Length"]) > 0


async def test_the_draw_is_sent_as_seed_only_on_request(connect, endpoint):
    connection = connect(send_seed=True)
    await connection.open("prompt")
    await connection.send(Request(HELLO.messages, seed=5))
    assert endpoint.bodies[-1]["seed"] == 5


async def test_no_key_of_another_service_reaches_an_endpoint_without_one(
    connect, endpoint, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-alone")
    await connect(api_key_env=None).open("prompt")
    assert "Authorization" not in endpoint.headers[-1]


async def test_reply_with_tokens_and_origin(connection, endpoint):
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    endpoint.then(
        endpoint.completion("Hi!", usage=usage, system_fingerprint="silversmith-simulated")
    )
    reply = await connection.send(HELLO)
    assert (reply.text, reply.finish_reason, reply.model) == ("Hi!", "stop", "tiny-2025")
    assert reply.simulated
    assert reply.usage.calls == 1
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (100, 50)
    assert (reply.usage.cached_tokens, reply.usage.reasoning_tokens) == (64, 20)
    assert Reply.from_body(reply.body) == reply
    assert connection.meter.usage.cached_tokens == 64


async def test_a_reply_of_five_megabytes(connection, endpoint):
    endpoint.then(endpoint.completion("long " * 1_000_000))
    assert len((await connection.send(HELLO)).text) == 5_000_000


async def test_more_choices_than_asked_for(connection, endpoint):
    two = endpoint.body("first")
    two["choices"].append({"index": 1, "message": {"content": "second"}})
    endpoint.then(endpoint.raw(json.dumps(two)))
    assert (await connection.send(HELLO)).text == "first"


async def test_invalid_utf8_is_replaced(connection, endpoint):
    body = json.dumps(endpoint.body("caf@ noir")).encode().replace(b"@", b"\xe9")
    endpoint.then(endpoint.raw(body))
    reply = await connection.send(HELLO)
    assert reply.text == "caf\ufffd noir"
    assert reply.body.decode("utf-8")
    assert Reply.from_body(reply.body) == reply


async def test_as_many_requests_at_once_as_the_recipe_allows(connect, endpoint):
    connection = connect(concurrency=150)
    await connection.open("prompt")
    waiting, all_here, most = 0, asyncio.Event(), 0

    async def wait_for_the_others(request: web.Request) -> web.StreamResponse:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == 150:
            all_here.set()
        await all_here.wait()
        waiting -= 1
        return await endpoint.completion("together")(request)

    endpoint.always(wait_for_the_others)
    replies = await asyncio.wait_for(
        asyncio.gather(*(connection.send(HELLO) for _ in range(300))), timeout=30
    )
    assert [reply.text for reply in replies] == ["together"] * 300
    assert most == 150
    assert connection.meter.in_flight == 0


async def test_cancelling_ends_the_call_and_leaves_the_connection_usable(connection, endpoint):
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        arrived.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            gone.set()
            raise
        raise AssertionError("nobody waits that long")

    endpoint.then(hang)
    call = asyncio.create_task(connection.send(HELLO))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(gone.wait(), timeout=5)
    endpoint.always(endpoint.completion("still there"))
    assert (await connection.send(HELLO)).text == "still there"
    assert connection.meter.in_flight == 0


async def test_cancelling_between_two_tries(connect, endpoint):
    connection = connect(policy={"first_wait": 60, "longest_wait": 60})
    await connection.open("prompt")
    endpoint.always(endpoint.error(500))
    call = asyncio.create_task(connection.send(HELLO))
    while not connection.meter.failed:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_closing_leaves_nothing_behind(connect, endpoint):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        connection, failed = (EndpointConnection(connect().spec) for _ in range(2))
        await connection.open()
        await connection.send(HELLO)
        endpoint.then(endpoint.error(401))
        with pytest.raises(EndpointError):
            await failed.open()
        await connection.close()
        await connection.close()
        del connection, failed
        gc.collect()
        await asyncio.sleep(0)
    assert not complaints
    assert [str(w.message) for w in warned if issubclass(w.category, ResourceWarning)] == []


def test_the_form_is_known_only_after_opening(connect):
    with pytest.raises(RuntimeError, match="not open"):
        _ = connect().form
