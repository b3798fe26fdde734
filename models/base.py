"""What goes to a model, what comes back, and what a way to reach one must offer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import orjson

from ..errors import ReplyError
from ..records import Usage
from .meter import Meter
from .surrogates import without_surrogates

__all__ = [
    "SIMULATED",
    "Connection",
    "Purpose",
    "Reply",
    "Request",
    "Resumable",
    "SchemaForm",
    "Served",
]

SchemaForm = Literal["json_schema", "json_object", "prompt"]
"""How an endpoint is asked for structured output: by `response_format` with a schema, by
`response_format` json_object with the schema in the prompt, or by the prompt alone."""


SIMULATED = "silversmith-simulated"
"""The `system_fingerprint` by which a simulated model owns up."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a request is asked for; a recorded reply to it is found by that.

    Attributes:
        sample: the names of the sample: its id, the place of its row (`data.jsonl#17`), and what
            the row's own column `id` says.
        asker: the name of the generator or judge that asks.
        draw, turn: the numbers of the draw, and of the asker's question for this sample, from 0.
        attempt: how often the question was asked before. The messages of a later attempt end
            with the unusable reply, and with what is wrong with it.
    """

    sample: Sequence[str] = ()
    asker: str = ""
    draw: int = 0
    turn: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One chat completion to ask for.

    Attributes:
        messages: role and content each.
        schema: the strict JSON schema that the reply must fit, or None for free text.
        schema_name: a short name for it.
        parameters: what the recipe sets (temperature, max_tokens ...).
        seed: the draw's number, for a model that is deterministic by seed and draw; sent to
            an endpoint only where the model's `send_seed` is on.
        id: for a model in batch mode: different for all requests of a run, and the same for the
            same request in the next process.
        purpose: what it is asked for, where that is known.
        logprobs: whether the log-probabilities of the reply's tokens are wanted too, with as many
            alternatives as the endpoint gives; it may give none.
    """

    messages: Sequence[Mapping[str, str]]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "reply"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    id: str = ""
    purpose: Purpose | None = None
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came.

    Attributes:
        body: the raw body of the response (JSON, UTF-8); everything else is read from it.
        text: the message's content; the refusal where there is only that; else "".
        finish_reason: "stop", "length", "content_filter" ...
        model: the model as the endpoint named it.
        usage: tokens as reported; zero where the endpoint reports none.
        simulated: True where a simulated model wrote it.
    """

    body: bytes
    text: str
    finish_reason: str = "stop"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    simulated: bool = False

    @classmethod
    def from_body(cls, body: bytes) -> Reply:
        """The reply in the body of a chat completion, the first where it holds several.

        Bytes that are no UTF-8 are replaced by U+FFFD, in `body` as well.

        Raises:
            ReplyError: the body is no chat completion: cut off, no JSON, an error, no choices.
        """
        try:
            completion, sound = orjson.loads(body), True
        except orjson.JSONDecodeError:
            body, completion, sound = *_mended(body), False
        choice = _first_choice(completion)
        text = _text(choice["message"])
        return cls(
            body=body,
            text=text if sound else without_surrogates(text),
            finish_reason=str(choice.get("finish_reason") or "stop"),
            model=str(completion.get("model") or ""),
            usage=_usage(completion.get("usage")),
            simulated=completion.get("system_fingerprint") == SIMULATED,
        )


class Connection(Protocol):
    """A way to reach one model, with retries and limits inside."""

    @property
    def meter(self) -> Meter:
        """What it has done since it was made."""
        ...

    @property
    def form(self) -> SchemaForm:
        """How it is asked for structured output; known after `open`."""
        ...

    async def open(self, form: SchemaForm | None = None) -> None:
        """Make ready, and find out by a real call whether key, model and host are right.

        Args:
            form: what an earlier run found out; None probes the endpoint.

        Raises:
            EndpointError: fatal; the sentence says what to do.
        """
        ...

    async def send(self, request: Request) -> Reply:
        """Send one request, again where that can help.

        Raises:
            EndpointError: no answer after the retries, or a refusal that retrying cannot mend.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A connection that finds the answers to its requests again in the next process, by their
    ids, until it is told that they are safe."""

    def kept(self, id_: str) -> None:
        """The reply to the request of this id is safe."""
        ...


@runtime_checkable
class Served(Protocol):
    """A connection with a server that was started for it."""

    @property
    def served(self) -> str:
        """By which program, and where, in words; "" before it is open."""
        ...


def _mended(body: bytes) -> tuple[bytes, Any]:
    """What Python's own decoder makes of a body that is not quite JSON: invalid UTF-8, lone
    surrogates in escapes, NaN, raw control characters. It invents no end to a body that is cut.
    """
    text = body.decode("utf-8", "replace")
    try:
        return text.encode(), json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise ReplyError("the body is cut off or is not JSON", text=text) from None


def _first_choice(completion: Any) -> dict[str, Any]:
    if not isinstance(completion, dict):
        raise ReplyError("the body is JSON, but no chat completion")
    if completion.get("error"):
        raise ReplyError("the body holds an error")
    choices = completion.get("choices")
    if not isinstance(choices, list):
        raise ReplyError("the body is JSON, but no chat completion")
    if not choices:
        raise ReplyError("the completion holds no choice")
    choice = choices[0]
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise ReplyError("the completion holds no message")
    if choice.get("finish_reason") == "error":
        raise ReplyError("the completion was broken off by an error")
    return choice


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        content = "".join(part for part in parts if isinstance(part, str))
    if isinstance(content, str) and content:
        return content
    refusal = message.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _usage(usage: Any) -> Usage:
    if not isinstance(usage, dict):
        return Usage(calls=1)
    return Usage(
        1,
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        _count(usage.get("prompt_tokens_details"), "cached_tokens"),
        _count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(of: Any, key: str) -> int:
    value = of.get(key) if isinstance(of, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
