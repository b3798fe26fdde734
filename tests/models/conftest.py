"""A real HTTP server in the test's own process that answers by a script."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from silversmith.models import ModelSpec
from silversmith.models.endpoint import EndpointConnection
from silversmith.models.retry import RetryPolicy

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "sk-canary-7f3a9b1c5d2e4f60"


class Endpoint:
    """Answers with the scripted answers in turn, then with plain completions."""

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.otherwise: Answer = self.completion('{"ready": "yes"}')
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        self.url = ""
        self.stop_listening: Callable[[], Awaitable[None]]

    def then(self, *answers: Answer) -> None:
        """What to answer next."""
        self.script.extend(answers)

    def always(self, answer: Answer) -> None:
        """What to answer when the script is at its end."""
        self.otherwise = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        self.connections.add(request.transport)
        answer = self.script.popleft() if self.script else self.otherwise
        return await answer(request)

    @staticmethod
    def body(text: str | None, **changes: Any) -> dict[str, Any]:
        """A chat completion."""
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "tiny-2025",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
            **changes,
        }

    def completion(self, text: str | None, **changes: Any) -> Answer:
        return self.raw(json.dumps(self.body(text, **changes)))

    @staticmethod
    def raw(
        body: str | bytes,
        status: int = 200,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        data = body.encode() if isinstance(body, str) else body

        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=data, status=status, content_type=kind, headers=headers)

        return answer

    def error(self, status: int, message: str = "went wrong", **rest: Any) -> Answer:
        headers = rest.pop("headers", None)
        return self.raw(
            json.dumps({"error": {"message": message, **rest}}), status, headers=headers
        )

    @staticmethod
    def cut(body: bytes, announced: int) -> Answer:
        """Announces more bytes than it sends, and closes the connection."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(announced)})
            await response.prepare(request)
            await response.write(body)
            assert request.transport is not None
            request.transport.close()
            return response

        return answer

    @staticmethod
    def reset(after: bytes = b"") -> Answer:
        """Resets the connection, in the middle of the body where there is one."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            if after:
                await response.prepare(request)
                await response.write(after)
            assert request.transport is not None
            request.transport.abort()
            return response

        return answer

    @staticmethod
    def hang() -> Answer:
        async def answer(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(60)
            raise AssertionError("nobody waits that long")

        return answer


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with serving() as endpoint:
        yield endpoint


@pytest.fixture
async def another() -> AsyncIterator[Endpoint]:
    """A second endpoint."""
    async with serving() as endpoint:
        yield endpoint


@asynccontextmanager
async def serving() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/v1/chat/completions", endpoint.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    endpoint.stop_listening = site.stop
    yield endpoint
    await runner.cleanup()


Connect = Callable[..., EndpointConnection]


@pytest.fixture
async def connect(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Makes connections with the endpoint that wait for milliseconds between tries."""
    monkeypatch.setenv("CANARY_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "*")
    made: list[EndpointConnection] = []

    def make(*, policy: dict[str, Any] | None = None, **options: Any) -> EndpointConnection:
        spec = ModelSpec.parse(
            {"model": "tiny", "base_url": endpoint.url, "api_key_env": "CANARY_KEY", **options}
        )
        waits = {"first_wait": 0.001, "longest_wait": 0.002, "retries": spec.retries}
        connection = EndpointConnection(spec, "writer", RetryPolicy(**{**waits, **(policy or {})}))
        made.append(connection)
        return connection

    yield make
    for connection in made:
        await connection.close()


@pytest.fixture
async def connection(connect: Connect, endpoint: Endpoint) -> EndpointConnection:
    """An open connection whose first request is forgotten."""
    connection = connect()
    await connection.open("json_schema")
    endpoint.bodies.clear()
    endpoint.headers.clear()
    connection.meter.calls = connection.meter.answered = 0
    return connection
