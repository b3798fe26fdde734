"""Opening a connection: what is wrong is said at once, and how to ask is found out."""

import json

import pytest
from aiohttp import web

from silversmith.errors import EndpointError
from silversmith.models import Request


async def refused(connection) -> str:
    """The sentence with which opening fails."""
    with pytest.raises(EndpointError) as failure:
        await connection.open()
    assert failure.value.fatal
    sentence = str(failure.value)
    assert "\n" not in sentence
    return sentence


async def test_a_missing_key_is_said_before_anything_is_sent(connect, endpoint, monkeypatch):
    monkeypatch.delenv("CANARY_KEY")
    sentence = await refused(connect())
    assert "the environment variable CANARY_KEY, which is to hold it, is not set" in sentence
    assert endpoint.bodies == []


async def test_a_key_that_can_be_none(connect, endpoint, monkeypatch):
    monkeypatch.setenv("CANARY_KEY", "sk-\u2026copied")
    assert "holds characters that no key has" in await refused(connect())
    assert endpoint.bodies == []


async def test_a_line_break_after_the_key_does_no_harm(connect, endpoint, monkeypatch):
    monkeypatch.setenv("CANARY_KEY", "sk-from-a-file\n")
    await connect().open()
    assert endpoint.headers[-1]["Authorization"] == "Bearer sk-from-a-file"


async def test_a_wrong_key(connect, endpoint):
    endpoint.always(endpoint.error(401, "Incorrect API key provided"))
    sentence = await refused(connect())
    assert (
        f"model writer (tiny at {endpoint.url}) does not accept the key in CANARY_KEY" in sentence
    )
    assert "Incorrect API key provided" in sentence
    assert len(endpoint.bodies) == 1


async def test_an_endpoint_that_wants_a_key_and_gets_none(connect, endpoint):
    endpoint.always(endpoint.error(401))
    assert "set api_key_env to the name" in await refused(connect(api_key_env=None))


async def test_an_unknown_model(connect, endpoint):
    endpoint.always(endpoint.error(404, "The model `tiny` does not exist."))
    assert "correct the model's name" in await refused(connect())
    assert len(endpoint.bodies) == 1


async def test_a_wrong_path(connect, endpoint):
    root = endpoint.url.removesuffix("/v1")
    assert "base_url is probably to end in /v1" in await refused(connect(base_url=root))


async def test_a_web_page_in_place_of_an_endpoint(connect, endpoint):
    endpoint.always(endpoint.raw("<!doctype html><title>Welcome</title>", kind="text/html"))
    sentence = await refused(connect())
    assert "gives no chat completion: it answers with a web page" in sentence
    assert "base_url" in sentence


async def test_json_that_is_no_completion(connect, endpoint):
    endpoint.always(endpoint.raw('{"hello": "world"}'))
    assert "gives no chat completion" in await refused(connect())


async def test_a_redirect(connect, endpoint):
    endpoint.always(endpoint.raw("", 308, headers={"Location": "https://elsewhere.invalid/v1"}))
    assert "redirects to https://elsewhere.invalid/v1" in await refused(connect())


async def test_nothing_listens_there(connect, unused_tcp_port):
    sentence = await refused(connect(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1"))
    assert "cannot be reached: the connection was refused" in sentence


async def test_a_host_that_does_not_exist(connect):
    connection = connect(base_url="http://no-such-host.invalid/v1", retries=1)
    assert "cannot be reached: the host name no-such-host.invalid is not known" in await refused(
        connection
    )


async def test_an_endpoint_that_never_answers(connect, endpoint):
    endpoint.always(endpoint.hang())
    sentence = await refused(connect(timeout=0.1, retries=1))
    assert "nothing came within 0.1 s" in sentence


async def test_a_parameter_that_the_endpoint_refuses(connect, endpoint):
    endpoint.always(endpoint.error(400, "Unsupported parameter: 'max_tokens'", param="max_tokens"))
    sentence = await refused(connect(parameters={"max_tokens": 5}))
    assert "Unsupported parameter: 'max_tokens'" in sentence
    assert "correct its `parameters`" in sentence


async def test_no_quota_left(connect, endpoint):
    endpoint.always(endpoint.error(429, "You exceeded your quota", code="insufficient_quota"))
    assert "has no quota left" in await refused(connect())
    assert len(endpoint.bodies) == 1


async def test_an_endpoint_that_only_fails(connect, endpoint):
    endpoint.always(endpoint.error(503, "loading"))
    assert "asked 5 times without success: HTTP 503: loading" in await refused(connect())


def by_form(endpoint, **answers):
    """Answers by the form in which structured output is asked for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        form = (await request.json()).get("response_format", {"type": "prompt"})["type"]
        return await answers[form](request)

    return answer


async def found(connect, endpoint, **answers) -> str:
    endpoint.always(by_form(endpoint, **answers))
    connection = connect()
    await connection.open()
    return connection.form


async def test_an_endpoint_that_takes_a_schema(connect, endpoint):
    shaped = endpoint.completion('{"ready": "yes"}')
    assert await found(connect, endpoint, json_schema=shaped) == "json_schema"
    assert len(endpoint.bodies) == 1
    assert "json" not in json.dumps(endpoint.bodies[0]["messages"]).lower()


@pytest.mark.parametrize(
    "text",
    [
        '<think>Easy.</think>\n{"ready": "yes"}',
        '```json\n{"ready": "yes"}\n```',
        '  {"rea',
        '{"ready": "yes"} {"ready"',
    ],
)
async def test_a_schema_shows_in_the_first_bracket(connect, endpoint, text):
    assert await found(connect, endpoint, json_schema=endpoint.completion(text)) == "json_schema"


@pytest.mark.parametrize("status", [400, 422, 501])
async def test_an_endpoint_that_takes_only_json_objects(connect, endpoint, status):
    form = await found(
        connect,
        endpoint,
        json_schema=endpoint.error(status, "response_format json_schema is not supported"),
        json_object=endpoint.completion('{"message": "ready"}'),
    )
    assert form == "json_object"
    assert "json" in json.dumps(endpoint.bodies[-1]["messages"]).lower()


async def test_an_endpoint_that_takes_a_schema_for_a_wish_for_json(connect, endpoint):
    anything = endpoint.completion('{"message": "ready"}')
    form = await found(connect, endpoint, json_schema=anything, json_object=anything)
    assert form == "json_object"


async def test_an_endpoint_that_refuses_both(connect, endpoint):
    form = await found(
        connect,
        endpoint,
        json_schema=endpoint.error(400, "unknown field"),
        json_object=endpoint.error(400, "unknown field"),
        prompt=endpoint.completion("Ready."),
    )
    assert form == "prompt"


async def test_trying_out_is_no_failure(connect, endpoint):
    endpoint.then(endpoint.error(500), endpoint.error(400), endpoint.error(400))
    connection = connect()
    await connection.open()
    meter = connection.meter
    assert connection.form == "prompt"
    assert (meter.calls, meter.answered, meter.failed, meter.retried) == (1, 1, 0, 0)
    assert meter.reasons == {}


async def test_an_endpoint_that_heeds_neither(connect, endpoint):
    ready = endpoint.completion("Ready.")
    form = await found(connect, endpoint, json_schema=ready, json_object=ready, prompt=ready)
    assert form == "prompt"


async def test_passing_faults_do_not_change_what_is_found(connect, endpoint):
    endpoint.then(
        endpoint.error(500),
        endpoint.reset(),
        endpoint.raw('{"choices": [{"mess'),
        endpoint.completion("I am sorry, but I cannot do that."),
        endpoint.error(429, headers={"retry-after-ms": "2"}),
        endpoint.completion(None),
    )
    shaped = endpoint.completion('{"ready": "yes"}')
    assert await found(connect, endpoint, json_schema=shaped) == "json_schema"


async def test_a_known_form_costs_one_request(connect, endpoint):
    connection = connect()
    await connection.open("json_object")
    assert connection.form == "json_object"
    assert [body["response_format"]["type"] for body in endpoint.bodies] == ["json_object"]


async def test_the_schema_goes_into_the_prompt_where_the_endpoint_takes_none(connect, endpoint):
    connection = connect()
    await connection.open("prompt")
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How many?"},
        {"role": "assistant", "content": "Three."},
    ]
    await connection.send(Request(messages, schema))
    sent = endpoint.bodies[-1]
    assert "response_format" not in sent
    assert sent["messages"][0] == messages[0]
    assert sent["messages"][1]["content"].startswith("How many?\n\n")
    assert json.dumps(schema, separators=(",", ":")) in sent["messages"][1]["content"]
    assert messages[1]["content"] == "How many?"
