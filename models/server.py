"""The simulated model as a real OpenAI-compatible HTTP server, with set latency, limits and faults.

POST /v1/chat/completions, GET /v1/models, GET /health; GET /stats counts what happened since the
start or the last POST /reset.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ..errors import EndpointError, SilversmithError
from .chat_request import BadRequest, ChatRequest, read_request
from .simulated import SimulatedModel, SimulatedOptions, completion_body

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["ServerOptions", "Stats", "serve"]

_LARGEST_REQUEST = 64 * 1024 * 1024
_JSON = {"Content-Type": "application/json"}
_TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error"}


class ServerOptions(BaseModel):
    """How the server behaves."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = Field(default=0, ge=0, le=65535)
    """The port to listen on; 0 takes any free one."""

    latency_ms: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How long each answer takes, in milliseconds."""

    max_concurrency: int = Field(default=0, ge=0)
    """How many requests are answered at a time, further ones queue; 0 sets no limit."""

    rate_limit: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How many requests are taken within any second, further ones get HTTP 429 with
    "Retry-After: 1"; 0 sets no limit."""

    fail_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of requests that get HTTP 500."""

    hang_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of requests that are never answered; they occupy no place of
    `max_concurrency`."""

    malformed_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of structured replies that are broken JSON; the same request gets the same."""

    flawed: float = Field(default=0.2, ge=0, le=1)
    """The share of drafts with a planted flaw."""

    seed: int = 0
    """Decides on replies, flaws and faults."""

    models: tuple[str, ...] = ()
    """The models that it answers for, others get HTTP 404; by default any name will do."""

    api_key: str | None = Field(default=None, repr=False)
    """The key that requests must carry, or None."""

    response_format: bool = True
    """False answers HTTP 400 to `response_format`, as a server without structured output."""


@dataclass(slots=True)
class Stats:
    """Counts since the start or the last reset.

    Attributes:
        received: requests for a completion, whatever became of them.
        ok: answered with HTTP 200, malformed ones included.
        failed_500, limited_429: answered with these faults.
        refused: answered with another 4xx, for a fault of the request's own.
        malformed: answers with a choice that is broken JSON on purpose.
        hung: requests that were not to be answered.
        aborted: requests that the client gave up, hung ones included.
        in_flight, max_in_flight: requests neither answered nor given up, queued and hung ones
            included; now, and at most at one time.
        distinct, repeated: different request bodies, and requests with one that had come before.
        answered_again: requests with HTTP 200 to a body that had been answered with it before.
    """

    received: int = 0
    ok: int = 0
    failed_500: int = 0
    limited_429: int = 0
    refused: int = 0
    malformed: int = 0
    hung: int = 0
    aborted: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    distinct: int = 0
    repeated: int = 0
    answered_again: int = 0


def _announce(address: str) -> None:
    print(f"listening on {address}", flush=True)


def serve(options: ServerOptions, *, announce: Callable[[str], None] = _announce) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        options: how to behave.
        announce: called with the base URL, such as "http://127.0.0.1:8000/v1", once it answers.

    Raises:
        SilversmithError: the address cannot be listened on.
    """
    asyncio.run(_serve(options, announce))


async def _serve(options: ServerOptions, announce: Callable[[str], None]) -> None:
    from aiohttp import web

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_REQUEST
        )

    endpoint = _Endpoint(options, stop)
    server = web.Server(
        endpoint.handle, request_factory=make, handler_cancellation=True, access_log=None
    )
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=4096)
        try:
            await site.start()
        except OSError as error:
            raise SilversmithError(_not_listening(options, error)) from error
        port = runner.addresses[0][1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        announce(f"http://{host}:{port}/v1")
        await stop.wait()
    finally:
        await runner.cleanup()


def _not_listening(options: ServerOptions, error: OSError) -> str:
    host, port = options.host, options.port
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use; choose another one, or 0 for any free port."
    # The loop puts words of its own around a system error's, and none around a resolver's.
    known = error.errno is not None and error.errno > 0
    reason = os.strerror(error.errno) if known else error.strerror or str(error)
    return f"The server cannot listen on port {port} of {host}: {reason}; choose another address."


class _Endpoint:
    """Answers requests, and counts."""

    def __init__(self, options: ServerOptions, stop: asyncio.Event) -> None:
        self._options = options
        self._stop = stop
        self._model = SimulatedModel(
            SimulatedOptions(
                flawed=options.flawed, seed=options.seed, malformed=options.malformed_rate
            )
        )
        self._places = asyncio.Semaphore(options.max_concurrency or 2**31)
        self._latency = options.latency_ms / 1000
        self._key = f"Bearer {options.api_key}".encode() if options.api_key else None
        self._stats = Stats()
        self._reset()

    def _reset(self) -> None:
        in_flight = self._stats.in_flight  # What is under way stays counted as such.
        self._stats = Stats(in_flight=in_flight, max_in_flight=in_flight)
        self._faults = Random(self._options.seed)
        self._answered: dict[bytes, bool] = {}
        self._taken: deque[float] = deque()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request of any kind."""
        path, method = request.raw_path.partition("?")[0], request.method
        if path == "/v1/chat/completions" and method == "POST":
            return await self._complete(request)
        if path == "/health":
            return _response({"status": "ok"})
        if path == "/stats":
            return _response(asdict(self._stats))
        if path == "/reset" and method == "POST":
            self._reset()
            return _response({"status": "ok"})
        if path == "/v1/models":
            return self._models(request)
        return _refusal(BadRequest(f"There is no {method} {path} here.", status=404))

    async def _complete(self, request: web.BaseRequest) -> web.Response:
        stats = self._stats
        stats.received += 1
        stats.in_flight += 1
        stats.max_in_flight = max(stats.max_in_flight, stats.in_flight)
        try:
            return await self._answer(request)
        except BadRequest as error:
            self._stats.limited_429 += error.status == 429
            self._stats.failed_500 += error.status == 500
            self._stats.refused += error.status not in (429, 500)
            return _refusal(error)
        except (asyncio.CancelledError, ConnectionError):
            self._stats.aborted += 1
            raise
        finally:
            self._stats.in_flight -= 1

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        """The completion.

        Raises:
            BadRequest: any answer but HTTP 200.
        """
        self._admit(request)
        self._limit()
        body = await _read(request)
        digest = blake2b(body, digest_size=8).digest()
        if digest in self._answered:
            self._stats.repeated += 1
        else:
            self._stats.distinct += 1
            self._answered[digest] = False
        options, faults = self._options, self._faults
        hangs = options.hang_rate > 0 and faults.random() < options.hang_rate
        fails = options.fail_rate > 0 and faults.random() < options.fail_rate
        if hangs:
            self._stats.hung += 1
            await self._stop.wait()
        async with self._places:
            if self._latency:
                await asyncio.sleep(self._latency)
        if fails or hangs:
            raise BadRequest("The server had a simulated error.", status=500)
        reply = self._reply(read_request(body, response_format=options.response_format))
        stats = self._stats
        stats.ok += 1
        stats.answered_again += self._answered.get(digest, False)
        self._answered[digest] = True
        return reply

    def _admit(self, request: web.BaseRequest) -> None:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if self._key is not None and not hmac.compare_digest(given, self._key):
            raise BadRequest("Incorrect API key provided.", status=401, code="invalid_api_key")

    def _limit(self) -> None:
        """Take a place within the second (or the longer time that one request has), or refuse."""
        if not (limit := self._options.rate_limit):
            return
        now, taken = time.monotonic(), self._taken
        while taken and taken[0] <= now - max(1.0, 1 / limit):
            taken.popleft()
        if len(taken) >= max(1.0, limit):
            raise BadRequest("Rate limit reached.", status=429, code="rate_limit_exceeded")
        taken.append(now)

    def _reply(self, chat: ChatRequest) -> web.Response:
        models = self._options.models
        if models and chat.model not in models:
            problem = f"The model {chat.model!r} does not exist."
            raise BadRequest(problem, "model", status=404, code="model_not_found")
        try:
            answers = [
                self._model.answer(
                    chat.messages,
                    chat.schema,
                    chat.seed,
                    choice=choice,
                    json_object=chat.json_object,
                )
                for choice in range(chat.choices)
            ]
        except EndpointError as error:
            raise BadRequest(str(error), "response_format") from None
        self._stats.malformed += any(answer.malformed for answer in answers)
        body, _, _ = completion_body(
            answers,
            model=chat.model,
            prompt_characters=sum(len(message["content"]) for message in chat.messages),
            max_tokens=chat.max_tokens,
        )
        return _response(body)

    def _models(self, request: web.BaseRequest) -> web.Response:
        try:
            self._admit(request)
        except BadRequest as error:
            return _refusal(error)
        card = {"object": "model", "created": 0, "owned_by": "silversmith"}
        names = self._options.models or ("simulated",)
        return _response({"object": "list", "data": [{"id": name, **card} for name in names]})


async def _read(request: web.BaseRequest) -> bytes:
    from aiohttp import web

    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise BadRequest("The request is larger than 64 MiB.", status=413) from None


def _response(data: Any, status: int = 200, headers: Mapping[str, str] = _JSON) -> web.Response:
    from aiohttp import web

    return web.Response(body=orjson.dumps(data), status=status, headers=headers)


def _refusal(error: BadRequest) -> web.Response:
    shape = {
        "message": str(error),
        "type": _TYPES.get(error.status, "invalid_request_error"),
        "param": error.param,
        "code": error.code,
    }
    headers = {**_JSON, "Retry-After": "1"} if error.status == 429 else _JSON
    return _response({"error": shape}, error.status, headers)
