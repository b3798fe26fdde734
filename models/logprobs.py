"""Log-probabilities of a reply's tokens, as chat completions carry them (`choices[0].logprobs`,
https://platform.openai.com/docs/api-reference/chat/object; vLLM and SGLang give the same)."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from ..records import Token
from .base import Reply

__all__ = ["MOST_ALTERNATIVES", "has_alternatives", "lighter", "tokens_of"]

MOST_ALTERNATIVES = 20
"""How many alternatives of a token may be asked for, at OpenAI and by vLLM's default."""


def tokens_of(reply: Reply) -> tuple[Token, ...]:
    """The tokens that make up the reply's text; none where the endpoint gave none, or where they
    make up another text (a reasoning parser took a part of it away, say, in the middle)."""
    tokens = [
        Token(piece, {_text(one): _number(one) for one in _entries(entry.get("top_logprobs"))})
        for piece, entry in _pieces(_content(_completion(reply)))
    ]
    whole = "".join(token.text for token in tokens)
    start = whole.find(reply.text) if reply.text else -1
    if start < 0:
        return ()
    return _between(tokens, start, start + len(reply.text))


def has_alternatives(reply: Reply) -> bool:
    """Whether the endpoint gave log-probabilities of alternatives, for whichever text."""
    return any(_entries(one.get("top_logprobs")) for one in _content(_completion(reply)))


def lighter(reply: Reply) -> Reply:
    """The reply without the alternatives of tokens that hold no digit and follow none. With twenty
    alternatives a token, they are a hundred times as long as the reply itself, and nothing is
    read from them."""
    if b'"top_logprobs"' not in reply.body:
        return reply
    completion = _completion(reply)
    entries = _content(completion)
    if not entries:
        return reply
    behind_digit = False
    for entry in entries:
        digit = any(char.isdigit() for char in _text(entry))
        if not (digit or behind_digit):
            entry["top_logprobs"] = []
        behind_digit = digit
    return replace(reply, body=orjson.dumps(completion))


def _completion(reply: Reply) -> Any:
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:  # a body that is not quite JSON has a text, and nothing more
        return None


def _content(completion: Any) -> list[dict[str, Any]]:
    choices = completion.get("choices") if isinstance(completion, dict) else None
    logprobs = choices[0].get("logprobs") if isinstance(choices, list) and choices else None
    return _entries(logprobs.get("content")) if isinstance(logprobs, dict) else []


def _entries(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _pieces(entries: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What each token adds to the text. A character may be spread over several tokens: the last
    of them adds it."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    for entry in entries:
        data = entry.get("bytes")
        if isinstance(data, list):
            try:
                pieces.append((decoder.decode(bytes(data)), entry))
                continue
            except (TypeError, ValueError):
                pass
        pieces.append((_text(entry), entry))
    return pieces


def _between(tokens: list[Token], start: int, end: int) -> tuple[Token, ...]:
    """The tokens of a part of the text; one at its border is cut, and has no alternatives."""
    found, place = [], 0
    for token in tokens:
        low, high = max(start, place), min(end, place + len(token.text))
        if low < high:
            whole = high - low == len(token.text)
            text = token.text[low - place : high - place]
            found.append(token if whole else Token(text, {}))
        place += len(token.text)
    return tuple(found)


def _text(entry: Mapping[str, Any]) -> str:
    text = entry.get("token")
    return text if isinstance(text, str) else ""


def _number(entry: Mapping[str, Any]) -> float:
    value = entry.get("logprob")
    return float(value) if isinstance(value, (int, float)) else float("-inf")
