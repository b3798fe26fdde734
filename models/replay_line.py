"""One recorded reply: a line of JSON that says what it answers, and what was answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ..errors import EndpointError, ReplyError
from .base import Reply
from .surrogates import without_surrogates

__all__ = ["Line", "digest", "parse_line", "prompt_hash", "prompt_key", "sample_key", "text_key"]


def prompt_hash(messages: Sequence[Mapping[str, Any]]) -> str:
    """The hash by which a line names a prompt: SHA-256 in hex of `[[role, content], …]` as
    compact JSON in UTF-8, nothing escaped that need not be (Python's
    `json.dumps(…, ensure_ascii=False, separators=(",", ":"))`).
    """
    pairs = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(orjson.dumps(pairs)).hexdigest()


def sample_key(name: str) -> bytes:
    """What the lines for a sample are found by."""
    return b"sample " + name.encode()


def prompt_key(messages: Sequence[Mapping[str, Any]]) -> bytes:
    """What the lines for these messages are found by."""
    return b"prompt " + prompt_hash(messages).encode()


def text_key(text: str) -> bytes:
    """What the lines are found by that name the text of the last user message alone."""
    return b"text " + hashlib.sha256(text.encode()).digest()


def digest(key: bytes) -> int:
    """A key in 64 bits."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Line:
    """A recorded reply.

    Attributes:
        number: the line's number in the file, from 1.
        key: what it is found by: the sample where it names one, else the prompt.
        prompt: the key of the prompt where it names one beside the sample, else None.
        asker, draw, turn, attempt: what else must hold, as in `Purpose`; None holds always.
        named: what it is for, in words.
        body: the chat completion.
    """

    number: int
    key: bytes
    prompt: bytes | None
    asker: str | None
    draw: int | None
    turn: int | None
    attempt: int | None
    named: str
    body: dict[str, Any]

    @property
    def answers(self) -> tuple[object, ...]:
        """All that it names."""
        return (self.key, self.prompt, self.asker, self.draw, self.turn, self.attempt)


def parse_line(raw: bytes, path: str, number: int) -> Line:
    """Read a line.

    Raises:
        EndpointError: fatal; something in it is wrong. Says file, line and field.
    """
    try:
        row = _decoded(raw)
        name = _name(row.get("sample"))
        prompt = _prompt(row)
        if name is None and prompt is None:
            raise ValueError("it names nothing to match: add `sample`, `prompt` or `prompt_hash`")
        return Line(
            number,
            key=sample_key(name) if name is not None else prompt or b"",
            prompt=prompt if name is not None else None,
            asker=_text(row, "asker"),
            draw=_number(row, "draw"),
            turn=_number(row, "turn"),
            attempt=_number(row, "attempt"),
            named=f"sample {name!r}" if name is not None else "this prompt",
            body=_body(row),
        )
    except ValueError as error:
        raise EndpointError(f"{path}, line {number}: {error}", fatal=True) from error


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # Python's own decoder reads what models let slip: lone surrogates, control characters.
        try:
            row = json.loads(raw.decode("utf-8", "replace"), strict=False)
            row = orjson.loads(without_surrogates(json.dumps(row, ensure_ascii=False)))
        except (ValueError, RecursionError):
            raise ValueError("it is cut off or is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    return row


def _name(sample: Any) -> str | None:
    if sample is None:
        return None
    if isinstance(sample, int) and not isinstance(sample, bool):
        return str(sample)
    if not isinstance(sample, str) or not sample:
        raise ValueError("`sample` is not the id of a sample: a text, or a whole number")
    return sample


def _prompt(row: Mapping[str, Any]) -> bytes | None:
    prompt, hash_ = row.get("prompt"), row.get("prompt_hash")
    if prompt is not None and hash_ is not None:
        raise ValueError("it has both `prompt` and `prompt_hash`: leave one of the two away")
    if isinstance(prompt, str):
        return text_key(prompt)
    if prompt is not None:
        return prompt_key(_messages(prompt))
    if hash_ is None:
        return None
    if not isinstance(hash_, str) or len(hash_) != 64 or set(hash_) - set("0123456789abcdef"):
        raise ValueError("`prompt_hash` is no SHA-256 in 64 small hex digits")
    return b"prompt " + hash_.encode()


def _messages(prompt: Any) -> list[dict[str, str]]:
    wrong = "`prompt` is neither a text nor a list of messages with `role` and `content`"
    if not isinstance(prompt, list) or not prompt:
        raise ValueError(wrong)
    messages = []
    for message in prompt:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ValueError(wrong)
        content = message.get("content")
        if isinstance(content, list):
            parts = [part.get("text") if isinstance(part, dict) else None for part in content]
            texts = [part for part in parts if isinstance(part, str)]
            content = "".join(texts) if len(texts) == len(parts) else None
        if not isinstance(content, str):
            raise ValueError(wrong)
        messages.append({"role": message["role"], "content": content})
    return messages


def _text(row: Mapping[str, Any], field: str) -> str | None:
    value = row.get(field)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{field}` is no text")
    return value or None


def _number(row: Mapping[str, Any], field: str) -> int | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"`{field}` is no whole number from 0")
    return value


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    reply, body = row.get("reply"), row.get("body")
    if (reply is None) == (body is None):
        raise ValueError("it needs either `reply` (a text) or `body` (a whole chat completion)")
    model = _text(row, "model")
    if body is None:
        return _completion(row, reply, model)
    if not isinstance(body, dict):
        raise ValueError("`body` is no JSON object")
    try:
        Reply.from_body(orjson.dumps(body))
    except ReplyError as error:
        raise ValueError(f"`body` holds no reply: {error.reason}") from None
    return body if body.get("model") or model is None else {**body, "model": model}


def _completion(row: Mapping[str, Any], reply: Any, model: str | None) -> dict[str, Any]:
    """The chat completion that such a reply is."""
    if isinstance(reply, dict):
        reply = orjson.dumps(reply).decode()
    if not isinstance(reply, str):
        raise ValueError("`reply` is neither a text nor a JSON object")
    usage = row.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise ValueError("`usage` is no object with `prompt_tokens` and `completion_tokens`")
    completion = {
        "object": "chat.completion",
        "model": model or "",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply},
                "finish_reason": _text(row, "finish_reason") or "stop",
            }
        ],
    }
    return completion if usage is None else {**completion, "usage": usage}
