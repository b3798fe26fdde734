"""How an endpoint takes a request for structured output.

Endpoints differ, and some take a `response_format` without heeding it. So each form is tried on
a prompt that calls for plain words: an answer that is JSON all the same shows that the form
works. What is found out must be the same every time, whatever passes between, since it is part
of every later request: a form is given up only after several answers without JSON, or where the
endpoint refuses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson

from ..errors import EndpointError
from .base import Reply, Request, SchemaForm
from .salvage import without_thinking

__all__ = ["probe"]

Send = Callable[[Request, SchemaForm], Awaitable[Reply]]

ANSWERS = 3
"""So many answers without JSON show that an endpoint does not heed a form."""

_WORDS: dict[SchemaForm, str] = {
    "json_schema": "Say ready.",
    # Some endpoints refuse json_object where the prompt does not mention JSON.
    "json_object": "Say ready. Plain words will do; JSON is not needed.",
    "prompt": "Say ready.",
}
_SCHEMA = {
    "type": "object",
    "properties": {"ready": {"type": "string"}},
    "required": ["ready"],
    "additionalProperties": False,
}


async def probe(send: Send, form: SchemaForm | None) -> SchemaForm:
    """The best form that the endpoint heeds; or `form`, after one request in it, where it is
    known.

    Raises:
        EndpointError: from `send`; one that refuses a form (400, 422, 501) counts only where
            the endpoint refuses plain requests as well.
    """
    if form is not None:
        await send(_request(form), form)
        return form
    for better in ("json_schema", "json_object"):
        try:
            if await _heeds(send, better):
                return better
        except EndpointError as error:
            if error.status not in (400, 422, 501):
                raise
    await send(_request("prompt"), "prompt")
    return "prompt"


async def _heeds(send: Send, form: SchemaForm) -> bool:
    for _ in range(ANSWERS):
        reply = await send(_request(form), form)
        if _is_shaped(reply.text, form):
            return True
    return False


def _request(form: SchemaForm) -> Request:
    schema = None if form == "prompt" else _SCHEMA
    return Request([{"role": "user", "content": _WORDS[form]}], schema, "ready")


def _is_shaped(text: str, form: SchemaForm) -> bool:
    """Whether the form shaped the answer. One that is cut off counts as well."""
    answer = without_thinking(text)[0].strip().removeprefix("```json").removeprefix("```").lstrip()
    if not answer.startswith("{"):
        return False
    try:
        value = orjson.loads(answer.removesuffix("```"))
    except orjson.JSONDecodeError:
        return True
    # JSON of another shape: the endpoint takes a schema for a mere wish for JSON.
    return form == "json_object" or "ready" in value
