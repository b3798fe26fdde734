"""What goes to a model, what comes back, and what a way to reach one must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..records import Usage

__all__ = ["Connection", "Reply", "Request", "SchemaForm"]

SchemaForm = Literal["json_schema", "json_object", "prompt"]
"""How an endpoint is asked for structured output: by `response_format` with a schema, by
`response_format` json_object with the schema in the prompt, or by the prompt alone."""


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
    """

    messages: Sequence[Mapping[str, str]]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "reply"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came.

    Attributes:
        body: the raw body of the response (JSON, UTF-8); everything else is read from it.
        text: the message's content, "" where there is none.
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


class Connection(Protocol):
    """A way to reach one model, with retries and limits inside."""

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
