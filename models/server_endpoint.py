"""What the simulated server answers, and what it counts."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import EndpointError
from .chat_request import BadRequest, ChatRequest, read_request
from .embedding_request import read_embedding_request
from .server_batches import Batches
from .server_options import ServerOptions
from .simulated import SimulatedModel, SimulatedOptions, completion_body
from .simulated_embedding import embedding_body

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Endpoint", "Stats"]

_JSON = {"Content-Type": "application/json"}

Answer = Callable[[bytes], dict[str, Any]]
"""What is said to a request's body; raises `BadRequest`."""


@dataclass(slots=True)
class Stats:
    """Counts since the start or the last reset.

    Attributes:
        received: requests for a completion or for embeddings, whatever became of them.
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
        t_recv0: when the first of them came, in seconds since 1970; None before that.
        files, batches, batch_requests: files uploaded, batches created, and the requests of
            those that were valid; the counts above are without them.
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
    t_recv0: float | None = None
    files: int = 0
    batches: int = 0
    batch_requests: int = 0


class Endpoint:
    """Answers requests, and counts.

    Args:
        options: how to behave.
        stop: set when the server ends; it lets go of requests that hang.
    """

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
        self._batches = Batches(options, self._completion, lambda: self._stats)
        self._reset()

    def _reset(self) -> None:
        in_flight = self._stats.in_flight  # What is under way stays counted as such.
        self._stats = Stats(in_flight=in_flight, max_in_flight=in_flight)
        self._faults = Random(self._options.seed)
        # Whether a request was answered, by its digest: about 100 MB for a million requests.
        self._answered: dict[bytes, bool] = {}
        self._taken: deque[float] = deque()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request of any kind."""
        path, method = request.raw_path.partition("?")[0], request.method
        if path == "/v1/chat/completions" and method == "POST":
            return await self._complete(request, self._chat)
        if path == "/v1/embeddings" and method == "POST":
            return await self._complete(request, self._embeddings)
        if path == "/health":
            return _response({"status": "ok"})
        if path == "/stats":
            return _response(asdict(self._stats))
        if path == "/reset" and method == "POST":
            self._reset()
            return _response({"status": "ok"})
        if path == "/v1/models":
            return self._models(request)
        if path.startswith(("/v1/files", "/v1/batches")):
            return await self._batched(request, path)
        return _refusal(BadRequest(f"There is no {method} {path} here.", status=404))

    async def _complete(self, request: web.BaseRequest, reply: Answer) -> web.Response:
        stats = self._stats
        stats.received += 1
        stats.t_recv0 = stats.t_recv0 or time.time()
        stats.in_flight += 1
        stats.max_in_flight = max(stats.max_in_flight, stats.in_flight)
        try:
            return await self._answer(request, reply)
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

    async def _answer(self, request: web.BaseRequest, reply: Answer) -> web.Response:
        """What `reply` says to the request's body, after limits and faults.

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
        said = reply(body)
        stats = self._stats
        stats.ok += 1
        stats.answered_again += self._answered.get(digest, False)
        self._answered[digest] = True
        return _response(said)

    async def _batched(self, request: web.BaseRequest, path: str) -> web.Response:
        """The answer to a request of the Batch API. A fault comes before anything is done or
        after all of it is, as chance has it."""
        chance = self._faults.random() if self._options.fail_rate else 1.0
        fault = BadRequest("The server had a simulated error.", status=500)
        try:
            self._admit(request)
            if chance < self._options.fail_rate / 2:
                raise fault
            answer = await self._batches.handle(request, path)
            await asyncio.sleep(self._latency)
            if chance < self._options.fail_rate:
                raise fault
        except BadRequest as error:
            return _refusal(error)
        return _file(answer) if isinstance(answer, bytes) else _response(answer)

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

    def _chat(self, body: bytes) -> dict[str, Any]:
        """The completion that a body asks for.

        Raises:
            BadRequest: as `read_request` and `_completion`.
        """
        options = self._options
        chat = read_request(
            body, response_format=options.response_format, logprobs=options.logprobs
        )
        return self._completion(chat)

    def _embeddings(self, body: bytes) -> dict[str, Any]:
        """The embeddings that a body asks for.

        Raises:
            BadRequest: as `read_embedding_request`, or there is no such model.
        """
        asked = read_embedding_request(body)
        self._know(asked.model)
        return embedding_body(
            asked.texts, model=asked.model, width=asked.width, base64=asked.base64
        )

    def _know(self, model: str) -> None:
        """Refuse a model that it does not answer for."""
        models = self._options.models
        if models and model not in models:
            problem = f"The model {model!r} does not exist."
            raise BadRequest(problem, "model", status=404, code="model_not_found")

    def _completion(self, chat: ChatRequest) -> dict[str, Any]:
        """The completion.

        Raises:
            BadRequest: there is no such model, or no answer fits.
        """
        self._know(chat.model)
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
            alternatives=chat.alternatives,
        )
        return body

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


def _file(data: bytes) -> web.Response:
    from aiohttp import web

    return web.Response(body=data, content_type="application/octet-stream")


def _refusal(error: BadRequest) -> web.Response:
    headers = {**_JSON, "Retry-After": "1"} if error.status == 429 else _JSON
    return _response(error.body, error.status, headers)
