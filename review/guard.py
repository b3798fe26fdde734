"""What stands before the page: which requests are looked at, and what browsers are told.

It is an ASGI application around another one, so that no reply goes past it.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import orjson

__all__ = ["LARGEST_BODY", "Attempts", "Guard"]

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of a request; a mended sample of some megabytes still fits."""

_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        b" connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none';"
        b" form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
        b" trusted-types 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_SAFE = {"GET", "HEAD", "OPTIONS"}

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]


class Guard:
    """Refuses requests that were meant for another host or come from another site's page, and
    those that are too large; sends the headers that keep a page from running what it should not.

    A host's name is held against those that are known, which is what stops DNS rebinding; a bare
    address is nobody else's name and is let in.

    Args:
        hosts: the names that the page goes by, besides localhost.
        origins: other origins from which it is used, such as that of a proxy.
    """

    def __init__(
        self, app: App, hosts: Collection[str] = (), origins: Collection[str] = ()
    ) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower() for host in hosts)}
        self._origins = {origin.lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ())) + _HEADERS
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _drain(receive)
            await _refuse(sending, *refusal)
            return
        await self._app(scope, _bounded(receive), sending)

    def _refusal(self, scope: Scope, headers: dict[str, bytes]) -> tuple[int, str] | None:
        host = headers.get("host", b"").decode("latin-1").lower()
        name = _hostname(host)
        if name not in self._hosts and not _is_address(name):
            return 421, "This page goes by another name: open it by the link that you were given"
        if scope["method"] not in _SAFE:
            origin = headers.get("origin", b"").decode("latin-1").lower()
            if origin and origin not in self._origins and urlsplit(origin).netloc != host:
                return 403, "This was sent from another site's page, and is refused"
        try:
            length = int(headers.get("content-length", b"0"))
        except ValueError:
            return 400, "The length of the request is no number"
        if length > LARGEST_BODY:
            return 413, f"This is larger than {LARGEST_BODY // 1024 // 1024} MB"
        return None


class Attempts:
    """Failed attempts to log in, of each address; bounded, whoever asks how often.

    Args:
        limit: how many an address may make in `seconds`.
    """

    def __init__(self, limit: int = 10, seconds: float = 60.0) -> None:
        self._limit = limit
        self._seconds = seconds
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """For how long the address may not try again; 0 where it may."""
        failed = self._failed.get(address)
        now = time.monotonic()
        while failed and failed[0] <= now - self._seconds:
            failed.popleft()
        if failed and len(failed) >= self._limit:
            return failed[0] + self._seconds - now
        return 0.0

    def failed(self, address: str) -> None:
        """An attempt failed."""
        self._failed.setdefault(address, deque(maxlen=self._limit)).append(time.monotonic())
        self._failed.move_to_end(address)
        while len(self._failed) > 10_000:
            self._failed.popitem(last=False)


def _bounded(receive: Any) -> Callable[[], Awaitable[Message]]:
    """A body without a stated length is bounded as well: what is too much ends it."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message: Message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > LARGEST_BODY:
                return {"type": "http.disconnect"}
        return message

    return bounded


async def _drain(receive: Any) -> None:
    """Take what still comes, within bounds: who is cut off while sending does not hear why."""
    seen = 0
    while seen < 8 * LARGEST_BODY:
        message = await receive()
        seen += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _refuse(send: Any, status: int, sentence: str) -> None:
    body = orjson.dumps({"error": sentence})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
