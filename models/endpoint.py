"""An OpenAI-compatible endpoint, or several that serve the same model.

All that is about the protocol is the `openai` package's: address, key, headers, errors. A
request goes straight through the HTTP client under it, which costs a sixth of the CPU time of
`chat.completions.create` and leaves the body as it came, for the journal. When it goes, and to
which endpoint, is the line's affair (see `line.py`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import aiohttp
import httpx2
import orjson

from ..errors import EndpointError, ReplyError
from . import faults
from .base import Reply, Request, SchemaForm
from .deadlines import Deadlines
from .gate import Gate, Ticket
from .heeded import constraints
from .lean_openai import openai
from .line import Line
from .logprobs import MOST_ALTERNATIVES, has_alternatives
from .meter import Meter
from .pace import Paces
from .probe import probe
from .replicas import Replica, Replicas
from .retry import Freedom, RetryPolicy, Setback
from .sentences import Sentences
from .spec import ModelSpec
from .structured import with_form
from .wire import Answer, Wire

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

TRIAL_TIMEOUT = 30.0
"""Seconds for trying whether an endpoint that was set aside is well again, at most."""

MOVES = 2
"""How often a request may go to another endpoint at no cost, for each endpoint that there is."""

TRIAL = Request([{"role": "user", "content": "Say ready."}])

REFUSED = frozenset({400, 403, 404, 422, 501})
"""Statuses by which an endpoint refuses a parameter that it does not know or allow."""

OVERLOADED = frozenset({503, 504, 529})
"""Statuses by which a server says that it has too much to do."""

Tell = Callable[[Sentences, openai.APIError, int], EndpointError]
"""What to say of a fault after so many tries."""


class EndpointConnection:
    """A connection with one model at its endpoint, or at several. Belongs to the event loop that
    it is used in.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.
        policy: when a request is repeated; by default as `spec.retries` says.
        paces: the paces of all servers of the run; by default the model's alone.
        key: the endpoint's key, where no environment variable holds it.
    """

    def __init__(
        self,
        spec: ModelSpec,
        name: str = "",
        policy: RetryPolicy | None = None,
        paces: Paces | None = None,
        *,
        key: str = "",
    ) -> None:
        self.spec = spec
        self._given_key = key
        self.name = name
        self.meter = Meter()
        self._policy = policy or RetryPolicy(retries=spec.retries)
        self._paces = paces or Paces()
        self._deadlines = Deadlines()
        self._form: SchemaForm | None = None
        self._alternatives: int | None = None
        self._looking = asyncio.Lock()
        self._client: openai.AsyncOpenAI | None = None

    @property
    def form(self) -> SchemaForm:
        """How the endpoint is asked for structured output; known after `open`."""
        if self._form is None:
            raise RuntimeError("the connection is not open")
        return self._form

    async def open(self, form: SchemaForm | None = None) -> None:
        """Connect, and find out by tiny requests whether host, key, model and parameters are
        right, and how the endpoint takes a request for structured output. Of several endpoints
        each is asked; one that gives no answer is set aside, as long as another one does.

        Args:
            form: what an earlier run found out; None finds it out.

        Raises:
            EndpointError: fatal; the sentence says what to do.
        """
        self._connect(self._key())
        self._form = None
        try:
            await self._open_all(form)
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
        if request.logprobs:
            await self.alternatives()
        content = self._content(request, self.form)
        return await self._answer(content, self._line, self._policy, Sentences.later)

    async def alternatives(self) -> int:
        """For how many alternatives of a token the endpoint gives log-probabilities, tried out; 0
        where it gives none.

        Raises:
            EndpointError: it gives no answer to such small requests at all.
        """
        if self._alternatives is None:
            async with self._looking:
                if self._alternatives is None:
                    self._alternatives = await self._most_alternatives()
        return self._alternatives

    async def close(self) -> None:
        """Close all connections with the endpoint."""
        if self._client is not None:
            await self._replicas.close()
            await self._client.close()
            self._client = None

    def _key(self) -> str:
        variable = self.spec.key_variable
        if variable is None:
            return self._given_key
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
        places = self.spec.at_once
        self._wire = Wire(
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
            base_url=self.spec.urls[0],
            api_key=key or "none",
            max_retries=0,
            http_client=self._wire,
        )
        headers = self._wire.headers.copy()
        headers.update(self._client.auth_headers if key else {})
        for header, value in self._client.default_headers.items():
            if isinstance(value, str):
                headers[header] = value
        self._headers = dict(headers)
        self._secret = key.encode() if len(key) >= SECRET_FROM else b""
        replicas = [self._replica(url, key, self._client) for url in self.spec.urls]
        self._url, self._sentences = replicas[0].address, replicas[0].sentences
        self._line = Line([replica.gate for replica in replicas])
        self._replicas = Replicas(replicas, self._line, self._is_well, self._note_aside)

    def _replica(self, url: str | None, key: str, client: openai.AsyncOpenAI) -> Replica:
        base = (client if url is None else client.with_options(base_url=url)).base_url
        said = str(base).rstrip("/")
        gate = Gate(
            self.spec.concurrency,
            self._paces.of(said, key),
            requests_per_minute=self.spec.requests_per_minute,
            tokens_per_minute=self.spec.tokens_per_minute,
        )
        sentences = Sentences(self.spec, self.name, said, key, self._policy.patience)
        return Replica(said, gate, base.copy_with(path=f"{base.path}chat/completions"), sentences)

    async def _open_all(self, form: SchemaForm | None) -> None:
        """Ask each endpoint; the first that answers says how to ask."""
        silent: list[tuple[Replica, EndpointError]] = []
        for replica in self._replicas:
            try:
                send = self._send_first(replica)
                form = await probe(send, form)
                await self._see_constraints(send, replica)
            except EndpointError as error:
                if not error.retryable or len(self._replicas) == 1:
                    raise
                silent.append((replica, error))
        if len(silent) == len(self._replicas):
            raise silent[0][1]
        self._form = form
        for replica, _ in silent:
            self._replicas.set_aside(replica)

    async def _see_constraints(
        self, send: Callable[[Request, SchemaForm], Awaitable[Reply]], replica: Replica
    ) -> None:
        """See that the recipe's own constraints on answers are heeded."""
        for constraint in constraints(self.spec.parameters):
            answer = (await send(TRIAL, "prompt")).text
            if not constraint.holds(answer):
                raise replica.sentences.unheeded(constraint.name, constraint.kind, answer)

    def _send_first(self, replica: Replica) -> Callable[[Request, SchemaForm], Awaitable[Reply]]:
        """What sends the requests of the probe to one endpoint; where they cannot succeed, it
        says so within seconds."""
        policy = replace(
            self._policy,
            retries=min(4, self._policy.retries),
            longest_wait=min(4.0, self._policy.longest_wait),
            patience=min(60.0, self._policy.patience),
            give_up_after=8.0,
        )
        line = Line([replica.gate])

        async def send(request: Request, form: SchemaForm) -> Reply:
            return await self._answer(
                self._content(request, form), line, policy, Sentences.at_first
            )

        return send

    def _content(self, request: Request, form: SchemaForm, alternatives: int = 0) -> bytes:
        body = {"model": self.spec.model, **self.spec.parameters, **with_form(request, form)}
        if self.spec.send_seed:
            body["seed"] = request.seed
        if request.logprobs and (number := alternatives or self._alternatives):
            body["logprobs"], body["top_logprobs"] = True, number
        return orjson.dumps(body)

    async def _most_alternatives(self) -> int:
        """Endpoints refuse log-probabilities, take the request without heeding it, or allow fewer
        alternatives, so that it is tried out by tiny requests."""
        for number in (MOST_ALTERNATIVES, 5):
            content = self._content(replace(TRIAL, logprobs=True), self.form, number)
            try:
                reply = await self._answer(content, self._line, self._policy, Sentences.later)
            except EndpointError as error:
                if error.status not in REFUSED:
                    raise
                continue
            # Whether the tokens make up the text is of no account here: a weak model's may not.
            if has_alternatives(reply):
                return number
        return 0

    async def _answer(self, content: bytes, line: Line, policy: RetryPolicy, tell: Tell) -> Reply:
        """The reply to one request; tenacity comes in only after a first fault, since its loop
        costs more than the request."""
        try:
            return await self._try(content, line)
        except Setback as setback:
            known = [setback]
        tries = 1

        async def again() -> Reply:
            nonlocal tries
            if known:
                raise known.pop()
            tries += 1
            self.meter.retried += 1
            return await self._try(content, line, again=True)

        try:
            return await policy.retrying(most_moves=MOVES * len(self._replicas))(again)
        except Setback as setback:
            raise tell(setback.sentences, setback.fault, tries) from None

    async def _try(self, content: bytes, line: Line, *, again: bool = False) -> Reply:
        """One request.

        Raises:
            Setback: what came of it instead of a reply.
        """
        ticket = await line.enter(len(content), again=again)
        replica = self._replicas.at(ticket.gate)
        meter = self.meter
        meter.calls += 1
        meter.in_flight += 1
        try:
            answer = await self._post(replica, content, self.spec.timeout)
            ticket.gate.told(line.now(), answer.headers)
            reply = self._read(answer)
            ticket.gate.answered(ticket, line.now(), reply.usage)
        except openai.APIError as fault:
            meter.failure(faults.reason(fault))
            freedom = self._learn(ticket, line.now(), fault)
            raise Setback(fault, replica.sentences, freedom) from None
        finally:
            meter.in_flight -= 1
            line.leave(ticket)
        self._replicas.answers(replica)
        meter.answer(reply.usage)
        return reply

    async def _post(self, replica: Replica, content: bytes, timeout: float) -> Answer:
        deadline = self._deadlines.start(timeout)
        replica.under_way.add(deadline)
        try:
            async with deadline:
                return await self._wire.exchange(replica.address, self._headers, content)
        except TimeoutError:
            raise openai.APITimeoutError(_post(replica)) from None
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise faults.connection_fault(error, _post(replica)) from None
        finally:
            replica.under_way.discard(deadline)
            self._deadlines.end(deadline)

    def _read(self, answer: Answer) -> Reply:
        if not 200 <= answer.status < 300:
            raise faults.status_fault(answer.response)
        body = answer.body
        if self._secret and self._secret in body:
            body = body.replace(self._secret, BLOT)
        try:
            return Reply.from_body(body)
        except ReplyError as error:
            whole = replace(answer, body=body).response
            raise faults.broken_answer(whole, error.reason) from None

    def _learn(self, ticket: Ticket, now: float, fault: openai.APIError) -> Freedom:
        """What a fault says of the endpoint; returns whether the request goes on at no cost."""
        gate, replica = ticket.gate, self._replicas.at(ticket.gate)
        asked = faults.asked_wait(fault)
        if asked is not None and asked > self._policy.patience:
            asked = None  # whoever was told so ends the run
        elif isinstance(fault, openai.RateLimitError) and faults.is_passing(fault):
            self._replicas.answers(replica)
            gate.refused(ticket, now, asked)
            return "waits"
        status = fault.status_code if isinstance(fault, openai.APIStatusError) else 0
        lost = isinstance(fault, openai.APIConnectionError)
        strained = status in OVERLOADED or isinstance(fault, openai.APITimeoutError)
        gate.failed(now, strained=strained)
        if strained and asked is not None:
            gate.pace.pause(now + asked)
        if not lost and status < 500:
            self._replicas.answers(replica)
        elif self._form is not None and self._replicas.fails(replica, lost=lost):
            return "moves"
        return None

    async def _is_well(self, replica: Replica) -> bool:
        """Whether an endpoint that was set aside gives an answer again."""
        content = self._content(TRIAL, self.form)
        self.meter.calls += 1
        try:
            timeout = min(TRIAL_TIMEOUT, self.spec.timeout)
            reply = self._read(await self._post(replica, content, timeout))
        except openai.APIError as fault:
            self.meter.failure(faults.reason(fault))
            return isinstance(fault, openai.RateLimitError)
        self.meter.answer(reply.usage)
        return True

    def _note_aside(self, urls: Sequence[str]) -> None:
        self.meter.aside = tuple(urls)


def _post(replica: Replica) -> httpx2.Request:
    """A request, for an error to name."""
    return httpx2.Request("POST", replica.address)
