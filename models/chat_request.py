"""A request to the simulated server, read and checked as OpenAI's endpoint does it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

__all__ = ["BadRequest", "ChatRequest", "Logprobs", "read_request"]

_SCHEMA_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST_CHOICES = 128
_MOST_ALTERNATIVES = 20

Logprobs = Literal["given", "refused", "ignored"]
"""What a server makes of a request for log-probabilities."""

_TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error"}


class BadRequest(Exception):
    """A request that is refused with an OpenAI-shaped error object.

    Args:
        message: one sentence.
        param: the parameter that is wrong, or None.
        status: the HTTP status.
        code: OpenAI's code for it, or None.
    """

    def __init__(
        self, message: str, param: str | None = None, *, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.param = param
        self.status = status
        self.code = code

    @property
    def body(self) -> dict[str, Any]:
        """The error object."""
        return {
            "error": {
                "message": str(self),
                "type": _TYPES.get(self.status, "invalid_request_error"),
                "param": self.param,
                "code": self.code,
            }
        }


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat completion as it was asked for.

    Attributes:
        model: the model's name.
        messages: role and content (text) each.
        schema: the JSON schema of `response_format`, or None.
        json_object: True where bare JSON of any form is asked for.
        seed: the request's seed; 0 where it has none.
        choices: how many answers.
        max_tokens: where to cut an answer, or None.
        alternatives: for how many alternatives of each token the log-probability is wanted; None
            where none are.
    """

    model: str
    messages: list[dict[str, str]]
    schema: Mapping[str, Any] | None
    json_object: bool
    seed: int
    choices: int
    max_tokens: int | None
    alternatives: int | None = None


def read_request(
    body: bytes, *, response_format: bool = True, logprobs: Logprobs = "given"
) -> ChatRequest:
    """The request in a body of POST /v1/chat/completions.

    Args:
        body: JSON.
        response_format: False refuses that parameter, as a server without structured output.
        logprobs: whether log-probabilities are given, refused, or passed over in silence.

    Raises:
        BadRequest: something in it is wrong or not simulated; says which parameter.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise BadRequest("The body is not a JSON object.")
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("The name of a model is missing.", "model")
    if data.get("stream"):
        raise BadRequest("Streaming is not simulated: leave out 'stream'.", "stream")
    for tools in ("tools", "functions"):
        if data.get(tools):
            raise BadRequest(f"Tool calls are not simulated: leave out {tools!r}.", tools)
    messages = _messages(data.get("messages"))
    schema, json_object = _format(data.get("response_format"), messages, allowed=response_format)
    limits = ("max_completion_tokens", "max_tokens")
    given = (_integer(data, name, 1, 2**31) for name in limits)
    return ChatRequest(
        model=model,
        messages=messages,
        schema=schema,
        json_object=json_object,
        seed=_integer(data, "seed", -(2**63), 2**63 - 1) or 0,
        choices=_integer(data, "n", 1, _MOST_CHOICES) or 1,
        max_tokens=next((limit for limit in given if limit is not None), None),
        alternatives=_alternatives(data, logprobs),
    )


def _alternatives(data: Mapping[str, Any], logprobs: Logprobs) -> int | None:
    """For how many alternatives log-probabilities are to be given; None where none are."""
    wanted = data.get("logprobs") or False
    if not isinstance(wanted, bool):
        raise BadRequest("'logprobs' must be true or false.", "logprobs")
    number = _integer(data, "top_logprobs", 0, _MOST_ALTERNATIVES)
    if number is not None and not wanted:
        raise BadRequest("'top_logprobs' needs 'logprobs': true.", "top_logprobs")
    if wanted and logprobs == "refused":
        raise BadRequest("This server does not support 'logprobs'.", "logprobs")
    return (number or 0) if wanted and logprobs == "given" else None


def _integer(data: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadRequest(f"{name!r} must be an integer from {low} to {high}.", name)
    return value


def _messages(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise BadRequest("'messages' must be a list with at least one message.", "messages")
    messages: list[dict[str, str]] = []
    for place, message in enumerate(value):
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str):
            raise BadRequest(f"messages[{place}] must have a role.", f"messages[{place}].role")
        messages.append({"role": role, "content": _content(message.get("content"), place)})
    return messages


def _content(content: Any, place: int) -> str:
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    texts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            where = f"messages[{place}].content"
            raise BadRequest(f"{where} must be text, or a list of parts with a text.", where)
        texts.append(text)
    return "\n".join(texts)


def _format(
    value: Any, messages: list[dict[str, str]], *, allowed: bool
) -> tuple[Mapping[str, Any] | None, bool]:
    """The schema, and whether bare JSON of any form is asked for."""
    name = "response_format"
    if value is None:
        return None, False
    if not allowed:
        raise BadRequest("This server does not support 'response_format'.", name)
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "text":
        return None, False
    if kind == "json_object":
        if not any("json" in message["content"].lower() for message in messages):
            raise BadRequest("'messages' must contain the word 'json' in some form.", "messages")
        return None, True
    if kind != "json_schema":
        raise BadRequest("'response_format.type' is text, json_object or json_schema.", name)
    wanted = value.get("json_schema")
    if not isinstance(wanted, dict) or not isinstance(wanted.get("schema"), dict):
        raise BadRequest("'response_format.json_schema.schema' is missing.", name)
    if not _SCHEMA_NAME.fullmatch(str(wanted.get("name", ""))):
        raise BadRequest("'response_format.json_schema.name' must be a short name.", name)
    schema: Mapping[str, Any] = wanted["schema"]
    if wanted.get("strict"):
        try:
            problem = _not_strict(orjson.dumps(schema))
        except (AttributeError, TypeError):
            problem = "a keyword has a value of a wrong type"
        if problem:
            raise BadRequest(f"Invalid schema for response_format: {problem}.", name)
    return schema, False


@functools.lru_cache(maxsize=256)
def _not_strict(schema: bytes) -> str | None:
    """Why OpenAI's strict mode refuses a schema, or None."""
    root = orjson.loads(schema)
    if root.get("type") != "object":
        return "the root must be of type object"
    waiting: list[tuple[str, Any]] = [("the root", root)]
    for where, node in waiting:  # grows as parts name others
        if not isinstance(node, dict):
            continue
        properties = node.get("properties", {})
        if "properties" in node or node.get("type") == "object":
            if node.get("additionalProperties") is not False:
                return f"in {where}, 'additionalProperties' must be false"
            if missing := sorted(set(properties) - set(node.get("required", ()))):
                return f"in {where}, 'required' lacks {', '.join(missing)}"
        waiting += properties.items()
        waiting += node.get("$defs", {}).items()
        waiting += [(where, part) for part in node.get("anyOf", ())]
        waiting.append((f"the items of {where}", node.get("items")))
    return None
