"""Structured output: how an endpoint is asked for it, and how what comes back is read.

`parse_reply` holds a reply to its draft's fields, not to its letters. What cannot be read with
certainty raises ReplyError, whose reason is sent back to the model.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from pydantic import ValidationError

from ..errors import ReplyError
from ..records import Draft
from .base import Request, SchemaForm
from .salvage import Found, json_objects, without_thinking
from .schema import strict_schema

__all__ = ["parse_reply", "strict_schema", "with_form"]

MOST_PROBLEMS = 5
"""How many problems of a reply are named to the model."""


def with_form(request: Request, form: SchemaForm) -> dict[str, Any]:
    """The body of a request, for `orjson.dumps`: its parameters, and its messages and
    `response_format` as the form of asking for structured output wants them.

    In the forms "json_object" and "prompt" the schema follows the last user message (the last
    message where there is none of a user).
    """
    body: dict[str, Any] = {**request.parameters, "messages": request.messages}
    if request.schema is None:
        return body
    schema = _schema_json(request.schema)
    if form == "json_schema":
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": _schema_name(request.schema_name),
                "strict": True,
                "schema": orjson.Fragment(schema),
            },
        }
        return body
    body["messages"] = _told(request.messages, schema.decode())
    if form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def parse_reply(text: str, finish_reason: str, draft: type[Draft]) -> Draft:
    """The draft that a reply holds.

    Of several JSON objects in a reply the last one that fits wins: models repeat the schema,
    give an example or think aloud first, and settle last. A reply whose last object has no end
    is refused even where an earlier one fits, since what it was about to say is not known.

    Args:
        text: the message's content.
        finish_reason: why the endpoint ended it; "length" where it was cut at the token limit.
        draft: what the reply must be.

    Raises:
        ReplyError: nothing in the reply fits; `reason` says what is wrong, in words for the
            model, and `truncated` that the endpoint cut it.
    """
    try:
        return draft.model_validate(orjson.loads(text))
    except (orjson.JSONDecodeError, ValidationError):
        pass
    rest, thinking = without_thinking(text)
    if thinking and finish_reason == "length":
        raise _cut(text)
    found = list(json_objects(rest))
    if found and found[-1].open:
        raise _cut(text) if finish_reason == "length" else ReplyError(found[-1].problem, text=text)
    problem = ""
    for piece in reversed(found):
        fitting, why = _fitting(piece, draft)
        if fitting is not None:
            return fitting
        problem = problem or why
    if finish_reason == "length":
        raise _cut(text)
    raise ReplyError(problem or _nothing(text, finish_reason), text=text)


@functools.cache
def _schema_name(name: str) -> str:
    """A name as endpoints allow it."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64] or "reply"


def _schema_json(schema: Mapping[str, Any]) -> bytes:
    """The schema as compact JSON, made once: the strict schema of a class is one object."""
    made = _SCHEMAS.get(id(schema))
    if made is None or made[0] is not schema:
        if len(_SCHEMAS) >= MOST_SCHEMAS:
            _SCHEMAS.clear()
        made = _SCHEMAS[id(schema)] = (schema, orjson.dumps(schema))
    return made[1]


MOST_SCHEMAS = 256
_SCHEMAS: dict[int, tuple[Mapping[str, Any], bytes]] = {}


def _told(messages: Sequence[Mapping[str, str]], schema: str) -> list[Mapping[str, str]]:
    """The messages with the schema in words."""
    told = list(messages)
    users = [i for i, message in enumerate(told) if message["role"] == "user"]
    place = users[-1] if users else len(told) - 1
    words = f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{schema}"
    told[place] = {**told[place], "content": f"{told[place]['content']}\n\n{words}"}
    return told


def _fitting(piece: Found, draft: type[Draft]) -> tuple[Draft | None, str]:
    """The draft in a piece of the reply, or why there is none."""
    value = piece.value
    if isinstance(value, list):
        if len(value) != 1:
            return None, f"a list of {len(value)} objects came where one object is wanted"
        value = value[0]
    if piece.problem:
        return None, piece.problem
    try:
        return draft.model_validate(value), ""
    except ValidationError as error:
        first = error
    if not _numbers_as_text(value, first):
        return None, _problems(first)
    try:
        return draft.model_validate(value), ""
    except ValidationError as error:
        return None, _problems(error)


def _numbers_as_text(value: Any, error: ValidationError) -> bool:
    """Writes numbers where text is wanted as text; whether there were any. (Text where a number
    is wanted is read by pydantic.)"""
    mended = False
    for problem in error.errors(include_url=False, include_context=False):
        number = problem["input"]
        plain = isinstance(number, (int, Decimal)) and not isinstance(number, bool)
        if problem["type"] == "string_type" and plain:
            *path, last = problem["loc"]
            holder = value
            for key in path:
                holder = holder[key]
            holder[last] = str(number)
            mended = True
    return mended


def _problems(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False)
    words = []
    for problem in problems[:MOST_PROBLEMS]:
        where = ".".join(str(part) for part in problem["loc"])
        given = "" if problem["type"] == "missing" else f" (it was {_short(problem['input'])})"
        words.append(f"{where}: {problem['msg']}{given}" if where else problem["msg"] + given)
    if len(problems) > MOST_PROBLEMS:
        words.append(f"and {len(problems) - MOST_PROBLEMS} more")
    return "; ".join(words)


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _cut(text: str) -> ReplyError:
    reason = "the reply was cut off at the token limit before its JSON was complete"
    return ReplyError(reason, text=text, truncated=True)


def _nothing(text: str, finish_reason: str) -> str:
    if finish_reason == "content_filter":
        return "the endpoint's content filter withheld the reply"
    return "there is no JSON object in the reply" if text.strip() else "the reply is empty"
