"""A proxy in front of an OpenAI-compatible server through which everything goes wrong.

    silversmith simulate --port 8000
    python benchmarks/faulty.py --to http://127.0.0.1:8000/v1 --rate reset=0.05 --rate empty=0.02

Faults are of two kinds. A passing one hits any request by chance, and the same request may
succeed the next time. A lasting one is decided by the request itself, so that the same request
always meets it: what a run makes of such replies can be compared with another run. GET /stats
counts what happened; POST /outage?seconds=60 is as if the server were gone for so long; POST
/rates, with an object of kinds and shares, sets other rates and starts the counts anew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from hashlib import blake2b
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

__all__ = ["LASTING", "PASSING", "main"]

PASSING = {
    "error_500": "HTTP 500",
    "bad_gateway": "HTTP 502 with a web page",
    "hang": "no answer, ever",
    "reset": "the connection is reset in mid-body",
    "cut": "the connection is closed in mid-body",
    "truncated": "a whole HTTP response, but the JSON in it has no end",
    "no_choices": "a completion without a choice",
    "error_object": "a 200 with an error object inside",
    "limited": "HTTP 429 with Retry-After: 1",
    "limited_date": "HTTP 429 with a date a second ahead as Retry-After",
    "limited_bare": "HTTP 429 without Retry-After",
}
LASTING = {
    "empty": "an empty reply",
    "more_choices": "three choices instead of one, the first being the right one",
    "huge": "5 MB of thinking before the reply",
    "huge_text": "5 MB of text instead of the reply",
    "long": "5 MB of words in one of the reply's strings",
    "invalid_utf8": "bytes that are no UTF-8 in the middle of the reply",
    "echo": "the request's headers, the key among them, instead of the reply",
}
FIVE_MB = 5_000_000
LARGEST_REQUEST = 64 * 1024 * 1024


class Proxy:
    """Passes requests on and spoils some of the answers.

    Args:
        to: the base URL of the server behind it, up to `/v1`.
        rates: the share of requests that meets each kind of fault.
        seed: decides which.
    """

    def __init__(self, to: str, rates: Mapping[str, float], seed: int) -> None:
        self._to = to.rstrip("/")
        self._seed = seed
        self._tasks: set[asyncio.Task[None]] = set()
        self._set(rates)

    def _set(self, rates: Mapping[str, float]) -> None:
        self._rates = dict(rates)
        self._chance = Random(self._seed)
        self._counts: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._delivered: set[bytes] = set()

    async def serve(self, host: str, port: int) -> None:
        """Serve until it is cancelled; says where on standard output."""
        loop = asyncio.get_running_loop()

        def make(*parts: Any) -> web.BaseRequest:
            return web.BaseRequest(*parts, loop, client_max_size=LARGEST_REQUEST)

        self._server = web.Server(
            self.handle, request_factory=make, handler_cancellation=True, access_log=None
        )
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.5)
        limits = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=limits, auto_decompress=False) as self._behind:
            await self._runner.setup()
            self._site = web.TCPSite(self._runner, host, port, reuse_address=True)
            await self._site.start()
            self._host, self._port = host, self._runner.addresses[0][1]
            print(f"listening on http://{host}:{self._port}/v1", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                await self._runner.cleanup()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request of any kind."""
        path = request.path
        if path == "/stats":
            faults = dict(sorted(self._faults.items()))
            return web.json_response({**self._counts, "faults": faults})
        if path == "/outage":
            task = asyncio.create_task(self._outage(float(request.query["seconds"])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return web.json_response({})
        if path == "/rates":
            self._set(await request.json())
            return web.json_response({})
        return await self._complete(request)

    async def _outage(self, seconds: float) -> None:
        """Nobody listens for so long, and whoever was connected is thrown out."""
        await asyncio.sleep(0.05)  # let the answer to who asked for it get out
        await self._site.stop()
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()

    async def _complete(self, request: web.BaseRequest) -> web.StreamResponse:
        self._counts["received"] += 1
        body = await request.read()
        digest = blake2b(body, digest_size=16).digest()
        passing = self._drawn(PASSING, self._chance)
        lasting = self._drawn(LASTING, Random(digest + self._seed.to_bytes(8, "big")))
        try:
            if passing is not None:
                self._faults[passing] += 1
                return await self._fault(passing, request, body)
            status, reply = await self._ask(request, body)
            if status == 200 and lasting is not None:
                self._faults[lasting] += 1
                reply = _spoiled(lasting, reply, request)
            response = web.Response(body=reply, status=status, content_type="application/json")
            with contextlib.suppress(ConnectionResetError):  # whoever asked has gone
                await response.prepare(request)
                await response.write_eof()
                self._count(digest, status)
            return response
        except (asyncio.CancelledError, ConnectionError):
            self._counts["aborted"] += 1
            raise

    def _drawn(self, kinds: Mapping[str, str], chance: Random) -> str | None:
        at = chance.random()
        for kind in kinds:
            at -= self._rates.get(kind, 0.0)
            if at < 0:
                return kind
        return None

    def _count(self, digest: bytes, status: int) -> None:
        if status == 200:
            self._counts["delivered"] += 1
            self._counts["delivered_again"] += digest in self._delivered
            self._delivered.add(digest)

    async def _ask(self, request: web.BaseRequest, body: bytes) -> tuple[int, bytes]:
        path = request.path.removeprefix("/v1")
        headers = {"Content-Type": "application/json"}
        if "Authorization" in request.headers:
            headers["Authorization"] = request.headers["Authorization"]
        try:
            async with self._behind.request(
                request.method, self._to + path, data=body, headers=headers
            ) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError:
            return 502, b"{}"

    async def _fault(self, kind: str, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        said = request.headers.get("Authorization", "")
        if kind == "error_500":
            return _error(500, f"The server had an error ({said}).")
        if kind == "bad_gateway":
            page = f"<html><body>Bad gateway {said}</body></html>"
            return web.Response(text=page, status=502, content_type="text/html")
        if kind == "limited":
            return _error(429, "Slow down.", {"Retry-After": "1"})
        if kind == "limited_date":
            return _error(
                429, "Slow down.", {"Retry-After": formatdate(time.time() + 1, usegmt=True)}
            )
        if kind == "limited_bare":
            return _error(429, "Slow down.")
        if kind == "error_object":
            return _error(200, f"overloaded {said}")
        if kind == "no_choices":
            return web.json_response({"object": "chat.completion", "choices": []})
        if kind == "hang":
            await asyncio.sleep(3600)
        _, reply = await self._ask(request, body)
        half = reply[: len(reply) // 2]
        if kind == "truncated":
            return web.Response(body=half, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Length": str(len(reply))})
        with contextlib.suppress(ConnectionResetError):  # whoever asked was killed
            await response.prepare(request)
            await response.write(half)
        transport = request.transport
        if transport is not None and kind == "reset":
            _reset_on_close(transport.get_extra_info("socket"))
        if transport is not None:
            transport.abort()
        return response


def _reset_on_close(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    error = {"error": {"message": message, "type": "server_error", "code": None}}
    return web.json_response(error, status=status, headers=headers)


def _spoiled(kind: str, reply: bytes, request: web.BaseRequest) -> bytes:
    """The reply as a lasting fault leaves it."""
    completion: dict[str, Any] = json.loads(reply)
    message = completion["choices"][0]["message"]
    if kind == "empty":
        message["content"] = ""
    elif kind == "more_choices":
        completion["choices"] += [
            {"index": 1, "message": {"role": "assistant", "content": "Or so."}},
            {"index": 2, "message": None},
        ]
    elif kind == "huge":
        message["content"] = f"<think>{_text(FIVE_MB)}</think>{message['content']}"
    elif kind == "huge_text":
        message["content"] = _text(FIVE_MB)
    elif kind == "long":
        message["content"] = _longer(message["content"])
    elif kind == "echo":
        message["content"] = f"You sent {dict(request.headers)}"
    text = json.dumps(completion, ensure_ascii=False).encode()
    if kind == "invalid_utf8":
        middle = text.index(b'"content"') + len(message["content"]) // 2
        at = text.index(b" ", middle) + 1
        text = text[:at] + b"\xff\xc3(" + text[at:]
    return text


def _longer(text: str) -> str:
    """JSON whose first string is 5 MB long; any other text as it is."""
    try:
        value = json.loads(text)
        key = next(key for key in value if isinstance(value[key], str))
    except (ValueError, StopIteration, TypeError):
        return text
    return json.dumps({**value, key: f"{value[key]} {_text(FIVE_MB)}"})


def _text(length: int) -> str:
    line = 'Well, {let me see: "a" is [1, 2], or is it? \\ So they say.\n'
    return line * (length // len(line))


def _rates(words: Sequence[str]) -> dict[str, float]:
    rates = {}
    for word in words:
        kind, _, share = word.partition("=")
        if kind not in {**PASSING, **LASTING}:
            raise SystemExit(f"unknown fault {kind}; there are {', '.join({**PASSING, **LASTING})}")
        rates[kind] = float(share)
    return rates


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", required=True, metavar="URL", help="the server behind, up to /v1")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    kinds = "; ".join(f"{kind}: {words}" for kind, words in {**PASSING, **LASTING}.items())
    parser.add_argument(
        "--rate", action="append", default=[], metavar="KIND=SHARE", help=kinds.replace("%", "%%")
    )
    options = parser.parse_args()
    proxy = Proxy(options.to, _rates(options.rate), options.seed)
    try:
        asyncio.run(proxy.serve(options.host, options.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
