"""An OpenAI-compatible endpoint.

All that is about the protocol is the `openai` package's: address, key, headers, errors. A
request goes straight through the HTTP client under it, which costs a sixth of the CPU time of
`chat.completions.create` and leaves the body as it came, for the journal.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import httpx2
import openai
import orjson

from ..errors import EndpointError, ReplyError
from . import faults
from .base import Reply, Request, SchemaForm
from .gate import Gate
from .meter import Meter
from .probe import probe
from .retry import RetryPolicy
from .sentences import Sentences
from .spec import ModelSpec
from .structured import with_form

__all__ = ["EndpointConnection"]

CONNECT_TIMEOUT = 10.0
"""Seconds for making a connection, at most."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the 5 after which the servers behind most
endpoints (uvicorn, node) close it, perhaps just when we send."""

SECRET_FROM = 16
"""Keys of this length or more are blotted out of replies too; a shorter one is a placeholder
("EMPTY", "not-needed"), which may well be a word of the reply."""

BLOT = b"***"

Tell = Callable[[openai.APIError, int], EndpointError]
"""What to say of a fault after so many tries."""


class EndpointConnection:
    """A connection with one model at an endpoint.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.
        policy: when a request is repeated; by default as `spec.retries` says.
    """

    def __init__(self, spec: ModelSpec, name: str = "", policy: RetryPolicy | None = None) -> None:
        self.spec = spec
        self.name = name
        self.meter = Meter()
        self._policy = policy or RetryPolicy(retries=spec.retries)
        self._form: SchemaForm | None = None
        self._client: openai.AsyncOpenAI | None = None

    @property
    def form(self) -> SchemaForm:
        """How the endpoint is asked for structured output; known after `open`."""
        if self._form is None:
            raise RuntimeError("the connection is not open")
        return self._form

    async def open(self, form: SchemaForm | None = None) -> None:
        """Connect, and find out by tiny requests whether host, key, model and parameters are
        right, and how the endpoint takes a request for structured output.

        Args:
            form: what an earlier run found out; None finds it out.

        Raises:
            EndpointError: fatal; the sentence says what to do.
        """
        self._connect(self._key())
        try:
            self._form = await probe(self._send_first, form)
        except BaseException:
            await self.close()
            raise
        self.meter.forget_failures()

    async def send(self, request: Request) -> Reply:
        """Send one request, and again after a passing fault.

        Raises:
            EndpointError: `retryable` where all repetitions met passing faults; `fatal` where no
                request can succeed any more; else the endpoint refuses this request.
        """
        content = self._content(request, self.form)
        return await self._answer(content, self._policy, self._sentences.later)

    async def close(self) -> None:
        """Close all connections with the endpoint."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _key(self) -> str:
        variable = self.spec.key_variable
        if variable is None:
            return ""
        key = os.environ.get(variable, "").strip()
        if not key:
            who = f"model {self.name or 'in use'} ({self.spec.label})"
            raise EndpointError(
                f"{who} needs a key, and the environment variable {variable}, which is to hold it, "
                "is not set; set it and run the command again",
                fatal=True,
            )
        if not (key.isascii() and key.isprintable()):
            raise EndpointError(
                f"the environment variable {variable} holds characters that no key has; "
                "set it to the key alone",
                fatal=True,
            )
        return key

    def _connect(self, key: str) -> None:
        places = self.spec.concurrency
        self._http = openai.DefaultAioHttpClient(
            limits=httpx2.Limits(
                max_connections=places,
                max_keepalive_connections=places,
                keepalive_expiry=KEEP_ALIVE,
            ),
            timeout=httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT, self.spec.timeout)),
            follow_redirects=False,
        )
        # Without a key of ours the package would take OPENAI_API_KEY and send it to anyone.
        self._client = openai.AsyncOpenAI(
            base_url=self.spec.base_url,
            api_key=key or "none",
            max_retries=0,
            http_client=self._http,
        )
        base = self._client.base_url
        self._url = base.copy_with(path=f"{base.path}chat/completions")
        self._headers = self._http.headers.copy()
        self._headers.update(self._client.auth_headers if key else {})
        for header, value in self._client.default_headers.items():
            if isinstance(value, str):
                self._headers[header] = value
        self._gate = Gate(places)
        self._secret = key.encode() if len(key) >= SECRET_FROM else b""
        self._sentences = Sentences(
            self.spec, self.name, str(base).rstrip("/"), key, self._policy.patience
        )

    async def _send_first(self, request: Request, form: SchemaForm) -> Reply:
        """Send a request of the probe; where it cannot succeed, say so within seconds."""
        policy = replace(
            self._policy,
            retries=min(4, self._policy.retries),
            first_wait=min(0.25, self._policy.first_wait),
            longest_wait=min(4.0, self._policy.longest_wait),
            patience=min(60.0, self._policy.patience),
            give_up_after=8.0,
        )
        return await self._answer(self._content(request, form), policy, self._sentences.at_first)

    def _content(self, request: Request, form: SchemaForm) -> bytes:
        body = {"model": self.spec.model, **self.spec.parameters, **with_form(request, form)}
        if self.spec.send_seed:
            body["seed"] = request.seed
        return orjson.dumps(body)

    async def _answer(self, content: bytes, policy: RetryPolicy, tell: Tell) -> Reply:
        """The reply to one request; tenacity comes in only after a first fault, since its loop
        costs more than the request."""
        try:
            return await self._try(content)
        except openai.APIError as fault:
            known = [fault]
        tries = 1

        async def again() -> Reply:
            nonlocal tries
            if known:
                raise known.pop()
            tries += 1
            self.meter.retried += 1
            return await self._try(content)

        try:
            return await policy.retrying()(again)
        except openai.APIError as fault:
            raise tell(fault, tries) from None

    async def _try(self, content: bytes) -> Reply:
        """One request.

        Raises:
            openai.APIError: what came of it instead of a reply.
        """
        meter = self.meter
        async with self._gate:
            meter.calls += 1
            meter.in_flight += 1
            try:
                reply = self._read(await self._post(content))
            except openai.APIError as fault:
                meter.failure(faults.reason(fault))
                self._pause(fault)
                raise
            finally:
                meter.in_flight -= 1
        meter.answer(reply.usage)
        return reply

    async def _post(self, content: bytes) -> httpx2.Response:
        # A body given as a stream spares httpx2 the headers that aiohttp adds anyway, and a known
        # encoding spares it the search for one: together a sixth of the call.
        request = httpx2.Request(
            "POST", self._url, headers=self._headers, stream=httpx2.ByteStream(content)
        )
        request.headers.encoding = self._headers.encoding
        request.read()
        try:
            async with asyncio.timeout(self.spec.timeout):
                return await self._http.send(request)
        except TimeoutError:
            raise openai.APITimeoutError(request) from None
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise faults.connection_fault(error, request) from None

    def _read(self, response: httpx2.Response) -> Reply:
        if not response.is_success:
            raise faults.status_fault(response)
        body = response.content
        if self._secret and self._secret in body:
            body = body.replace(self._secret, BLOT)
        try:
            return Reply.from_body(body)
        except ReplyError as error:
            raise faults.broken_answer(response, error.reason) from None

    def _pause(self, fault: openai.APIError) -> None:
        asked = faults.asked_wait(fault)
        limited = isinstance(fault, openai.RateLimitError)
        if limited and asked is not None and asked <= self._policy.patience:
            self._gate.pause(asked)
