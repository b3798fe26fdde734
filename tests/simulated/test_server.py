"""The simulated server over real HTTP: a real process, set latency, limits and faults."""

from __future__ import annotations

import asyncio
import json
import signal

import aiohttp
import orjson
import pytest
from pydantic import BaseModel

from silversmith.errors import ReplyError
from silversmith.models import Reply, Request, parse_reply, strict_schema, with_form
from silversmith.models.simulated import SimulatedModel, SimulatedOptions


class Pair(BaseModel):
    instruction: str
    response: str


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
        yield session


def body(drafting, number=0, form="json_schema", **changes):
    request = Request(drafting(f"Number {number}."), strict_schema(Pair), "Pair")
    return {"model": "m", **with_form(request, form), **changes}


async def post(http, server, data, **headers):
    """Status, headers and body of one request for a completion."""
    async with http.post(f"{server.url}/chat/completions", data=data, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def ask(http, server, *bodies):
    """The same, for several at once; status and parsed body of each."""
    answers = await asyncio.gather(*(post(http, server, orjson.dumps(each)) for each in bodies))
    return [(status, json.loads(text)) for status, _, text in answers]


def content(completion, choice=0):
    return completion["choices"][choice]["message"]["content"]


async def settled(server, **wanted):
    """The counts, once they are as wanted."""
    stats = server.stats()
    for _ in range(200):
        if wanted.items() <= stats.items():
            break
        await asyncio.sleep(0.05)
        stats = server.stats()
    return stats


def test_the_openai_package_reads_it(simulate, drafting):
    from openai import OpenAI

    server = simulate(flawed=0)
    with OpenAI(base_url=server.url, api_key="none") as client:
        completion = client.chat.completions.create(**json.loads(orjson.dumps(body(drafting))))
        assert [model.id for model in client.models.list()] == ["simulated"]
    assert completion.system_fingerprint == "silversmith-simulated"
    assert completion.model == "m"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens > completion.usage.prompt_tokens > 200
    assert Pair.model_validate_json(completion.choices[0].message.content).response


async def test_it_answers_as_the_model_in_process_does(simulate, http, drafting):
    server = simulate(flawed=0.5, malformed_rate=0.1, seed=9)
    model = SimulatedModel(SimulatedOptions(flawed=0.5, malformed=0.1, seed=9))
    for status, _, text in [await post(http, server, orjson.dumps(body(drafting, seed=5)))]:
        reply = Reply.from_body(text)
        assert status == 200
        assert reply.simulated
        messages, schema = body(drafting)["messages"], strict_schema(Pair)
        assert reply.text == model.reply(messages, schema, 5)[0]


async def test_the_same_request_gets_the_same_bytes_from_every_process(simulate, http, drafting):
    data = [orjson.dumps(body(drafting, number)) for number in range(10)]
    servers = [
        simulate(malformed_rate=0.3, env={"PYTHONHASHSEED": "1"}),
        simulate(malformed_rate=0.3, env={"PYTHONHASHSEED": "2"}),
        simulate(malformed_rate=0.3, seed=1),
    ]
    first, same, other = [[await post(http, s, d) for d in data] for s in servers]
    assert [text for _, _, text in first] == [text for _, _, text in same]
    assert all(a[2] != b[2] for a, b in zip(first, other, strict=True))


async def test_choices_seeds_and_limits_of_tokens(simulate, http, drafting):
    server = simulate(flawed=0)
    [(_, three), (_, cut), (_, one), (_, two)] = await ask(
        http,
        server,
        body(drafting, n=3),
        body(drafting, max_tokens=12),
        body(drafting, seed=1),
        body(drafting, seed=2),
    )
    assert len({content(three, choice) for choice in range(3)}) == 3
    assert cut["choices"][0]["finish_reason"] == "length"
    assert len(content(cut)) == 48
    assert cut["usage"]["completion_tokens"] == 12
    assert content(one) != content(two)


@pytest.mark.parametrize("form", ["prompt", "json_object"])
async def test_a_schema_in_the_prompt_is_followed(form, simulate, http, drafting):
    server = simulate(flawed=0)
    bodies = [body(drafting, number, form) for number in range(30)]
    texts = [content(reply) for _, reply in await ask(http, server, *bodies)]
    for text in texts:
        assert parse_reply(text, "stop", Pair).response
    # As with real models, JSON that only the prompt asks for comes in fences and with words.
    assert all(text.startswith("{") for text in texts) is (form == "json_object")


async def test_a_server_without_structured_output_says_so(simulate, http, drafting):
    server = simulate(no_response_format=True)
    [(refused, error), (plain, _)] = await ask(
        http, server, body(drafting), body(drafting, form="prompt")
    )
    assert (refused, plain) == (400, 200)
    assert error["error"]["param"] == "response_format"


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("change", "param", "words"),
    [
        ({"model": None}, "model", "name of a model"),
        ({"messages": []}, "messages", "at least one message"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "a role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "must be text"),
        ({"stream": True}, "stream", "not simulated"),
        ({"tools": [{}]}, "tools", "not simulated"),
        ({"n": 0}, "n", "from 1 to"),
        ({"n": True}, "n", "integer"),
        ({"max_tokens": "many"}, "max_tokens", "integer"),
        ({"seed": 0.5}, "seed", "integer"),
        ({"response_format": {"type": "xml"}}, "response_format", "json_schema"),
        ({"response_format": {"type": "json_schema"}}, "response_format", "missing"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a b", "schema": OPEN},
                }
            },
            "response_format",
            "short name",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "strict": True, "schema": OPEN},
                }
            },
            "response_format",
            "'additionalProperties' must be false",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "a",
                        "strict": True,
                        "schema": {
                            "type": "object",
                            "properties": 3,
                            "additionalProperties": False,
                        },
                    },
                }
            },
            "response_format",
            "wrong type",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {"enum": []}},
                }
            },
            "response_format",
            "an enum is empty",
        ),
    ],
)
async def test_a_bad_request_gets_an_error_object(change, param, words, server, http, drafting):
    [(status, reply)] = await ask(http, server, body(drafting, **change))
    error = reply["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert words in error["message"]


@pytest.fixture(scope="module")
def server(module_simulate):
    """One server for all requests that it refuses."""
    return module_simulate()


async def test_what_is_no_request_at_all(server, http):
    for data in (b"{", b"[1]", b"\xff\xfe", b'{"model": "\\ud800"}'):
        status, _, text = await post(http, server, data)
        assert status == 400
        assert json.loads(text)["error"]["message"]
    for path in ("/v1/embeddings", "/", "/v1/chat/completions"):
        async with http.get(server.url.removesuffix("/v1") + path) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["message"]


async def test_json_object_wants_the_word_json(server, http):
    said = [{"role": "user", "content": "Say ready."}]
    data = {"model": "m", "messages": said, "response_format": {"type": "json_object"}}
    [(status, reply)] = await ask(http, server, data)
    assert status == 400
    assert "'json'" in reply["error"]["message"]


async def test_content_in_parts_and_text_without_a_form(server, http, drafting):
    parts = [{"type": "text", "text": "Say something about ships."}]
    said = [{"role": "user", "content": parts}, {"role": "assistant", "content": None}]
    data = {"model": "m", "messages": said, "response_format": {"type": "text"}}
    [(status, reply)] = await ask(http, server, data)
    assert status == 200
    assert content(reply)


async def test_a_model_that_it_does_not_have(simulate, http, drafting):
    server = simulate(model=["small", "large"])
    [(known, _), (unknown, reply)] = await ask(
        http, server, body(drafting, model="large"), body(drafting, model="huge")
    )
    assert (known, unknown) == (200, 404)
    assert reply["error"]["code"] == "model_not_found"
    async with http.get(f"{server.url}/models") as answer:
        assert [model["id"] for model in (await answer.json())["data"]] == ["small", "large"]


async def test_a_key_is_asked_for_and_never_shown(simulate, http, drafting):
    server = simulate(api_key_env="SIM_KEY", env={"SIM_KEY": "canary-31415"})
    data = orjson.dumps(body(drafting))
    for given, status in (("", 401), ("Bearer wrong", 401), ("Bearer canary-31415", 200)):
        answered, _, text = await post(http, server, data, Authorization=given)
        assert answered == status
        assert b"canary" not in text
        async with http.get(f"{server.url}/models", headers={"Authorization": given}) as answer:
            assert answer.status == status
    assert server.stats()["refused"] == 2


async def test_failures_come_by_the_seed_and_again_after_a_reset(simulate, http, drafting):
    server = simulate(fail_rate=0.3, seed=4)
    bodies = [body(drafting, number) for number in range(100)]

    async def statuses():
        return [status for one in bodies for status, _ in await ask(http, server, one)]

    first = await statuses()
    stats = server.stats()
    assert 15 < first.count(500) < 45
    assert first.count(500) + first.count(200) == 100
    assert (stats["failed_500"], stats["ok"]) == (first.count(500), first.count(200))
    server.reset()
    assert server.stats()["received"] == 0
    assert await statuses() == first


async def test_more_requests_than_the_rate_allows_are_sent_away(simulate, http, drafting):
    server = simulate(rate_limit=0.001)
    answers = [await post(http, server, orjson.dumps(body(drafting, n))) for n in range(4)]
    assert [status for status, _, _ in answers] == [200, 429, 429, 429]
    assert answers[1][1]["Retry-After"] == "1"
    assert json.loads(answers[1][2])["error"]["code"] == "rate_limit_exceeded"
    assert server.stats()["limited_429"] == 3


async def test_within_the_rate_all_are_taken(simulate, http, drafting):
    server = simulate(rate_limit=20)
    answers = await ask(http, server, *(body(drafting, n) for n in range(20)))
    assert {status for status, _ in answers} == {200}


async def test_a_hung_request_is_answered_never(simulate, http, drafting):
    server = simulate(hang_rate=1)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(post(http, server, orjson.dumps(body(drafting))), 0.5)
    stats = await settled(server, aborted=1)
    assert (stats["hung"], stats["aborted"], stats["in_flight"], stats["ok"]) == (1, 1, 0, 0)


async def test_requests_beyond_the_concurrency_wait_for_their_turn(simulate, http, drafting):
    server = simulate(latency_ms=150, max_concurrency=2)
    loop = asyncio.get_running_loop()
    start = loop.time()
    answers = await ask(http, server, *(body(drafting, n) for n in range(6)))
    # Three rounds of two: sooner cannot be.
    assert loop.time() - start >= 0.44
    assert {status for status, _ in answers} == {200}
    stats = server.stats()
    assert (stats["max_in_flight"], stats["in_flight"], stats["ok"]) == (6, 0, 6)


async def test_giving_up_in_the_queue_frees_the_place(simulate, http, drafting):
    server = simulate(latency_ms=300, max_concurrency=1)
    first = asyncio.create_task(post(http, server, orjson.dumps(body(drafting, 1))))
    await settled(server, in_flight=1)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(post(http, server, orjson.dumps(body(drafting, 2))), 0.05)
    assert (await first)[0] == 200
    assert (await post(http, server, orjson.dumps(body(drafting, 3))))[0] == 200
    assert (await settled(server, in_flight=0))["aborted"] == 1


async def test_malformed_replies_are_tied_to_the_request(simulate, http, drafting):
    server = simulate(malformed_rate=0.4, flawed=0)
    bodies = [body(drafting, number) for number in range(60)]
    once = await ask(http, server, *bodies)
    again = await ask(http, server, *reversed(bodies))
    assert once == again[::-1]
    broken = 0
    for _, reply in once:
        try:
            parse_reply(content(reply), "stop", Pair)
        except ReplyError:
            broken += 1
    assert 10 < broken < 40
    assert server.stats()["malformed"] == 2 * broken


async def test_what_was_asked_twice_is_counted(simulate, http, drafting):
    server = simulate()
    for number in (1, 2, 1, 1, 3):
        await ask(http, server, body(drafting, number))
    stats = server.stats()
    assert (stats["received"], stats["distinct"]) == (5, 3)
    assert (stats["repeated"], stats["answered_again"]) == (2, 2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly_while_requests_hang(how, simulate, http, drafting):
    server = simulate(hang_rate=1)
    hanging = asyncio.create_task(post(http, server, orjson.dumps(body(drafting))))
    await settled(server, hung=1)
    assert await asyncio.to_thread(server.stop, how) == 0
    await asyncio.wait([hanging])
    assert hanging.exception() is not None or hanging.result()[0] == 500
