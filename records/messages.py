"""Conversations as datasets write them, read into turns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import orjson

from ..errors import SeedError
from .sample import Turn

__all__ = ["all_objects", "is_messages", "kind_of", "read_messages", "read_transcript"]

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}

_SPEAKER = re.compile(r"(?:\A|\n\n)(Human|Assistant):")


def is_messages(value: Any) -> bool:
    """Whether it is a list of messages (objects with `role` or `from`), or one as JSON text."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return False
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return False
    return bool(value) and all_objects(value) and ("role" in value[0] or "from" in value[0])


def read_messages(value: Any, column: str) -> tuple[Turn, ...]:
    """Messages as turns. Roles go by their usual names (`human`, `gpt`, `developer` …); of a
    content in parts the texts are taken; system messages that are empty are left out.

    Args:
        value: that of which `is_messages` is true.
        column: where it stands, for messages of errors.

    Raises:
        SeedError: an unknown role, an empty message, or a part that is not text.
    """
    messages = orjson.loads(value) if isinstance(value, str) else value
    turns = []
    for number, message in enumerate(messages):
        where = f"{column}[{number}]"
        said = str(message.get("role") or message.get("from") or "")
        role = _ROLES.get(said.lower())
        if role is None:
            raise SeedError(f"{where} has the role {said!r}; known: {', '.join(_ROLES)}")
        content = message.get("content")
        text = _text(message.get("value") if content is None else content, where)
        if text.strip():
            turns.append(Turn(role, text))
        elif role != "system":
            raise SeedError(f"{where} is empty (a message of the {role})")
    if not turns:
        raise SeedError(f"column {column!r} holds no message")
    return tuple(turns)


def read_transcript(text: str, column: str) -> tuple[Turn, ...]:
    """The turns of a text in the form of Anthropic's preference data, where "\\n\\nHuman:" and
    "\\n\\nAssistant:" part the turns; none where the text is not of this form.

    Raises:
        SeedError: a turn is empty.
    """
    parts = _SPEAKER.split(text)
    if len(parts) < 5 or parts[0].strip() or parts[1] != "Human":
        return ()
    said = zip(parts[1::2], parts[2::2], strict=True)
    roles = {"Human": "user", "Assistant": "assistant"}
    return read_messages(
        [{"role": roles[who], "content": what.strip()} for who, what in said], column
    )


def all_objects(value: Any) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Whether it is a list of objects."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value)


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a value of type {type(value).__name__}"


def _text(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if not isinstance(value, Sequence):
        raise SeedError(f"{where} holds {kind_of(value)}, not text")
    texts = []
    for part in value:
        text = part
        if isinstance(part, Mapping):
            text = part.get("text") if part.get("type", "text") == "text" else None
        if not isinstance(text, str):
            raise SeedError(f"{where} holds a part that is not text")
        texts.append(text)
    return "\n".join(texts)
