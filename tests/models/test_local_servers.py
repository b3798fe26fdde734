"""Servers of models on their usual ports: told apart, and tried out. Each stand-in gives the
replies that the server's own documentation shows."""

import asyncio
import socket

import pytest
from aiohttp import web

from silversmith.models.local_servers import find_servers, try_out

READY = '{"ready": "yes"}'


def completion(text, choices=1, logprobs=None):
    entry = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "any",
        "choices": [{"index": i, "logprobs": logprobs, **entry} for i in range(choices)],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    }


def tokens(number):
    """The log-probabilities of a reply, with so many alternatives a token."""
    others = [{"token": f"t{i}", "logprob": -1.0 - i, "bytes": [116]} for i in range(number)]
    return {"content": [{"token": READY, "logprob": -0.1, "bytes": None, "top_logprobs": others}]}


class Standin:
    """A server that answers GETs by a table, and chat completions as it is told.

    Args:
        pages: what GET gives, by path.
        forms: the kinds of response_format that it heeds; others are ignored.
        refuses: the kinds that it refuses with this status.
        most: for how many alternatives it gives log-probabilities; None ignores the request.
        several: whether it knows `n`.
    """

    def __init__(self, pages, forms=(), refuses=None, most=None, several=False, missing=404):
        self.pages, self.forms, self.refuses = pages, forms, refuses or {}
        self.most, self.several, self.missing = most, several, missing
        self.asked = []

    async def get(self, request):
        if request.path in self.pages:
            return web.json_response(self.pages[request.path])
        text = {"error": f"Unexpected endpoint or method. (GET {request.path})"}
        return web.json_response(text, status=self.missing)

    async def chat(self, request):
        body = await request.json()
        self.asked.append(body)
        kind = body.get("response_format", {}).get("type")
        if kind in self.refuses:
            return web.json_response({"error": "not supported"}, status=self.refuses[kind])
        text = READY if kind in self.forms else "Ready."
        logprobs = None
        if body.get("logprobs") and self.most is not None:
            if body["top_logprobs"] > self.most:
                return web.json_response({"error": {"message": "too many"}}, status=400)
            logprobs = tokens(body["top_logprobs"])
            logprobs["content"][0]["token"] = text
        return web.json_response(
            completion(text, body.get("n", 1) if self.several else 1, logprobs)
        )


def listing(*names, owner="library"):
    return {
        "object": "list",
        "data": [{"id": n, "object": "model", "owned_by": owner} for n in names],
    }


OLLAMA = Standin(
    {
        "/v1/models": listing("llama3.2:latest", "nomic-embed-text:latest"),
        "/api/version": {"version": "0.12.3"},
        "/api/tags": {
            "models": [
                {"name": "deepseek-r1:latest", "size": 4683075271},
                {"name": "nomic-embed-text:latest", "size": 274302450},
                {"name": "llama3.2:latest", "size": 2019393189},
            ]
        },
        "/api/ps": {"models": []},
    },
    forms=("json_schema", "json_object"),
)
LM_STUDIO = Standin(
    {
        "/v1/models": listing(
            "qwen2-vl-7b-instruct", "text-embedding-nomic", owner="organization_owner"
        ),
        "/api/v0/models": {
            "object": "list",
            "data": [
                {"id": "text-embedding-nomic", "type": "embeddings", "state": "loaded"},
                {"id": "meta-llama-3.1-8b-instruct", "type": "llm", "state": "not-loaded"},
                {"id": "qwen2-vl-7b-instruct", "type": "vlm", "state": "loaded"},
            ],
        },
    },
    forms=("json_schema",),
    refuses={"json_object": 400},
    missing=200,  # it answers so to what it does not know
)
LLAMA_CPP = Standin(
    {
        "/v1/models": listing("models/qwen3-8b-q4.gguf", owner="llamacpp"),
        "/props": {
            "default_generation_settings": {"id": 0, "n_ctx": 8192},
            "total_slots": 4,
            "build_info": "b6000-abcdef0",
        },
    },
    forms=("json_schema", "json_object"),
    most=20,
)
TGI = Standin(
    {
        "/v1/models": listing("bigscience/bloom-560m", owner="bigscience/bloom-560m"),
        "/info": {
            "model_id": "bigscience/bloom-560m",
            "max_input_tokens": 1024,
            "max_total_tokens": 2048,
            "version": "3.3.4",
            "router": "text-generation-router",
        },
    },
    refuses={"json_schema": 422, "json_object": 422},
    most=5,
)
SGLANG = Standin(
    {
        "/v1/models": listing("qwen/qwen2.5-0.5b-instruct", owner="sglang"),
        "/get_model_info": {
            "model_path": "qwen/qwen2.5-0.5b-instruct",
            "tokenizer_path": "qwen/qwen2.5-0.5b-instruct",
            "is_generation": True,
        },
        "/get_server_info": {"version": "0.5.3"},
    },
    forms=("json_schema",),
    most=20,
    several=True,
)
VLLM = Standin(
    {"/v1/models": listing("Qwen/Qwen3-8B", owner="vllm"), "/version": {"version": "0.32.0"}},
    forms=("json_schema",),
    most=20,
    several=True,
)
OTHER = Standin({"/v1/models": listing("mine", owner="me")})


@pytest.fixture
async def on_port(monkeypatch):
    """Serves a stand-in; gives its port."""
    monkeypatch.setenv("NO_PROXY", "*")
    runners = []

    async def serve(standin):
        app = web.Application()
        app.router.add_get("/{path:.*}", standin.get)
        app.router.add_post("/v1/chat/completions", standin.chat)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner.addresses[0][1]

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("standin", "kind", "version", "model", "form", "alternatives", "several"),
    [
        (OLLAMA, "Ollama", "0.12.3", "llama3.2:latest", "json_schema", 0, False),
        (LM_STUDIO, "LM Studio", "", "qwen2-vl-7b-instruct", "json_schema", 0, False),
        (
            LLAMA_CPP,
            "llama.cpp",
            "b6000-abcdef0",
            "models/qwen3-8b-q4.gguf",
            "json_schema",
            20,
            False,
        ),
        (TGI, "TGI", "3.3.4", "bigscience/bloom-560m", "prompt", 5, False),
        (SGLANG, "SGLang", "0.5.3", "qwen/qwen2.5-0.5b-instruct", "json_schema", 20, True),
        (VLLM, "vLLM", "0.32.0", "Qwen/Qwen3-8B", "json_schema", 20, True),
        (OTHER, "OpenAI-compatible", "", "mine", "prompt", 0, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_server_is_told_by_its_own_words_and_tried_out(
    on_port, standin, kind, version, model, form, alternatives, several
):
    port = await on_port(standin)
    (server,) = await find_servers([port])
    assert (server.kind, server.version) == (kind, version)
    assert server.url == f"http://127.0.0.1:{port}/v1"
    able = await try_out(server)
    assert (able.model, able.form, able.alternatives) == (model, form, alternatives)
    assert able.several == several
    assert able.fault == ""


async def test_a_port_without_a_server_and_one_that_speaks_of_something_else(on_port):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        unused = free.getsockname()[1]
    shop = await on_port(Standin({"/": {"shop": "open"}}))
    assert await find_servers([unused, shop]) == []


async def test_a_server_that_wants_a_key_is_not_tried(on_port):
    class Closed(Standin):
        async def get(self, request):
            return web.json_response({"error": "Unauthorized"}, status=401)

    port = await on_port(Closed({}))
    (server,) = await find_servers([port])
    assert server.wants_key


async def test_a_server_that_never_answers_holds_nobody_up(on_port, monkeypatch):
    monkeypatch.setattr("silversmith.models.local_servers.LOOK_SECONDS", 0.2)

    class Silent(Standin):
        async def get(self, request):
            await asyncio.sleep(5)
            return web.json_response({})

    ports = [await on_port(Silent({})), await on_port(VLLM)]
    assert [one.kind for one in await find_servers(ports)] == ["vLLM"]


async def test_a_model_that_cannot_be_loaded_is_told(on_port):
    class Full(Standin):
        async def chat(self, request):
            text = "model requires more system memory (6.1 GiB) than is available (2.0 GiB)"
            return web.json_response({"error": {"message": text}}, status=400)

    port = await on_port(Full(VLLM.pages))
    (server,) = await find_servers([port])
    assert "more system memory" in (await try_out(server)).fault
