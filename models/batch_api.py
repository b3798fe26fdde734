"""The Batch API of an endpoint, through the `openai` package: files of requests in, files of
answers out.

Each call is repeated for a long time after passing faults: what is submitted goes on at the
provider meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import aiohttp
import httpx2
import orjson
from openai.types import Batch, BatchError

from ..errors import EndpointError
from . import faults
from .lean_openai import openai
from .retry import RetryPolicy
from .sentences import Sentences

__all__ = ["Batch", "BatchApi", "Result", "is_queue_full", "refusal", "request_line"]

CHAT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
MARK = "silversmith_file"
"""The key of a batch's metadata that repeats the id of its file."""

ERRORS_SHOWN = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request of a batch.

    Attributes:
        id: the request's own id.
        status: the HTTP status, or 0 where it was never carried out.
        body: the body of the response, or what the provider says instead.
    """

    id: str
    status: int
    body: bytes

    @classmethod
    def from_line(cls, line: bytes) -> Result | None:
        """The result in a line of an output or error file; None where none can be read."""
        try:
            row, dumped = orjson.loads(line), _compact
        except orjson.JSONDecodeError:
            # Invalid UTF-8, lone surrogates and the like, which a reply's own reader mends.
            try:
                row, dumped = json.loads(line.decode("utf-8", "replace"), strict=False), _escaped
            except (ValueError, RecursionError):
                return None
        if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
            return None
        response, error = row.get("response"), row.get("error")
        if isinstance(response, dict) and isinstance(status := response.get("status_code"), int):
            body = response.get("body")
            return cls(row["custom_id"], status, dumped(body))
        said = error.get("message") if isinstance(error, dict) else error
        words = str(said or "no reason is given")
        return cls(row["custom_id"], 0, words.encode("utf-8", "replace"))


def request_line(id_: str, body: bytes) -> bytes:
    """One request in the form of a batch's file.

    Args:
        id_: its own id, different from all others of the file.
        body: the body of the chat request.
    """
    return b'{"custom_id":%b,"method":"POST","url":"%b","body":%b}\n' % (
        orjson.dumps(id_),
        CHAT.encode(),
        body,
    )


class BatchApi:
    """Uploads, submits, looks, collects.

    Args:
        client: the package's client.
        who: the model, for messages.
        sentences: what to say of faults.
        policy: how long to go on after passing faults.

    All methods raise EndpointError, which is always fatal, where the endpoint does not do what
    is asked of it.
    """

    def __init__(
        self, client: openai.AsyncOpenAI, who: str, sentences: Sentences, policy: RetryPolicy
    ) -> None:
        self._client = client
        self._who = who
        self._sentences = sentences
        self._policy = policy

    async def upload(self, lines: bytes) -> str:
        """Upload a file of requests; returns its id."""

        async def attempt() -> str:
            name = "silversmith.jsonl"
            return _id(await self._client.files.create(file=(name, lines), purpose="batch"))

        return await self._patiently(attempt, "uploading requests", self._no_batches)

    async def create(self, file: str) -> str:
        """Make a batch of an uploaded file, and never two; returns its id."""
        may_exist = False

        async def attempt() -> str:
            nonlocal may_exist
            # A fault may have come after the batch was made.
            if may_exist and (made := await self._made_of(file)):
                return made
            may_exist = True
            return _id(
                await self._client.batches.create(
                    input_file_id=file,
                    endpoint=CHAT,
                    completion_window="24h",
                    metadata={MARK: file},
                )
            )

        return await self._patiently(attempt, "submitting a batch", self._no_batches)

    async def find(self, file: str) -> str | None:
        """The batch that was made of an uploaded file, or None."""
        return await self._patiently(
            lambda: self._made_of(file), "looking for its batches", self._no_batches
        )

    async def look(self, batch: str) -> Batch:
        """How a batch stands."""

        async def attempt() -> Batch:
            found = await self._client.batches.retrieve(batch)
            _id(found)
            return found

        return await self._patiently(attempt, f"looking at {batch}", self._lost(batch))

    async def read(self, batch: str, file: str, take: Callable[[bytes], None]) -> None:
        """Hand over each line of a file of answers; after a fault all of them once more."""

        async def attempt() -> None:
            content = self._client.files.with_streaming_response.content(file)
            async with content as response:
                try:
                    rest = b""
                    async for chunk in response.iter_bytes():
                        *lines, rest = (rest + chunk).split(b"\n")
                        for line in filter(None, lines):
                            take(line)
                except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
                    raise faults.connection_fault(error, response.http_request) from None
            if rest:
                take(rest)

        await self._patiently(attempt, f"collecting {batch}", self._lost(batch))

    async def _made_of(self, file: str) -> str | None:
        met: set[str] = set()
        try:
            page = await self._client.batches.list(limit=100)
        except AttributeError:  # what the package makes of an answer that is a web page
            raise _no_object() from None
        async for batch in page:
            if batch.id in met:
                return None  # a server without pages gives the same one for ever
            met.add(batch.id)
            # Either sign will do, since not all that stands before a provider passes both on.
            if batch.input_file_id == file or (batch.metadata or {}).get(MARK) == file:
                return _id(batch)
        return None

    async def _patiently(self, attempt: Callable[[], Awaitable[T]], doing: str, absent: str) -> T:
        tries = 0

        async def counted() -> T:
            nonlocal tries
            tries += 1
            try:
                return await attempt()
            except json.JSONDecodeError as error:
                request = httpx2.Request("POST", self._client.base_url)
                raise openai.APIConnectionError(
                    message=f"the answer is no JSON ({error})", request=request
                ) from None

        try:
            return await self._policy.retrying()(counted)
        except openai.APIError as fault:
            raise self._error(fault, tries, doing, absent) from None

    def _error(self, fault: openai.APIError, tries: int, doing: str, absent: str) -> EndpointError:
        status = fault.status_code if isinstance(fault, openai.APIStatusError) else None
        sentence = str(self._sentences.later(fault, tries))
        if status in (404, 405):
            sentence = f"{self._who} {absent} (HTTP {status})"
        elif faults.is_passing(fault):
            sentence += f" (while {doing}); the same command goes on from there"
        else:
            sentence += f" (while {doing})"
        return EndpointError(sentence, status=status, fatal=True)

    @property
    def _no_batches(self) -> str:
        return "offers no batches there; take `batch: true` out of the model"

    @staticmethod
    def _lost(batch: str) -> str:
        return (
            f"does not know {batch} any more; use the key that it was submitted with, or, where its"
            " answers are gone, go on in a new folder by --out NEW --reuse THIS_FOLDER"
        )


def is_queue_full(batch: Batch) -> bool:
    """Whether a batch failed only because too much is queued at the provider."""
    return any(error.code == "token_limit_exceeded" for error in _errors(batch))


def refusal(who: str, batch: Batch) -> EndpointError:
    """What to say of a batch that failed before it was worked on."""
    errors = _errors(batch)
    said = "; ".join(
        (f"line {error.line}: " if error.line else "") + str(error.message).rstrip(".")
        for error in errors[:ERRORS_SHOWN]
    )
    more = f" and {len(errors) - ERRORS_SHOWN} more" if len(errors) > ERRORS_SHOWN else ""
    return EndpointError(
        f"{who} refuses {batch.id}: {said or 'no reason is given'}{more}; correct the model's"
        " `parameters` or `batch_size`, and run the same command again",
        fatal=True,
    )


def _errors(batch: Batch) -> list[BatchError]:
    return list((batch.errors and batch.errors.data) or ())


def _id(made: Any) -> str:
    """The id of what an endpoint made.

    Raises:
        openai.APIError: it answers with something else, such as a web page.
    """
    id_ = getattr(made, "id", None)
    if isinstance(id_, str) and id_:
        return id_
    raise _no_object()


def _no_object() -> openai.APIError:
    words = "the answer is no object of the Batch API"
    return openai.APIError(words, httpx2.Request("POST", ""), body=None)


def _compact(value: Any) -> bytes:
    return orjson.dumps(value)


def _escaped(value: Any) -> bytes:
    return json.dumps(value).encode()
