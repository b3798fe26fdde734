"""Finding the JSON in what a model wrote around it, and in spite of how it wrote it.

Tolerated is what real models do and what leaves no doubt about the content: fences, prose and
thinking around the object, raw control characters and stray backslashes inside strings, a comma
too many before a bracket or missing at the end of a line before the next key, True and None.
Never tolerated is a missing end: what is cut off stays cut off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .surrogates import without_surrogates

__all__ = ["Found", "json_objects", "without_thinking"]

MOST_PIECES = 100
"""After so many pieces that look like JSON, the rest of a reply is not searched."""

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*'
_START = re.compile(r'\{\s*["}]|\[\s*\{\s*["}]')
_BRACKETS = re.compile(_STRING + r'(?:"|\Z)|[{}\[\]]', re.DOTALL)
_MENDABLE = re.compile(
    _STRING + r'"(?P<missing>(?=\s*\n\s*"\w+"\s*:))?'
    r"|(?P<comma>,)(?=\s*[}\]])"
    r"|\b(?P<constant>True|False|None)\b",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(?P<stray>\\)')
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
_THINK = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)
_END_OF_THINKING = re.compile(r"</(think|thinking|reasoning)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a reply that looks like a JSON object, or a list of them.

    Attributes:
        value: what it decodes to; floating-point numbers as Decimal, as they were written.
        problem: why there is no value, in words for the model; "" where there is one.
        open: True where the piece never ends.
    """

    value: Any = None
    problem: str = ""
    open: bool = False


def json_objects(text: str) -> Iterator[Found]:
    """The outermost pieces in the order of the text. After a piece that never ends nothing more
    comes, since all that follows lies within it."""
    position = 0
    for _ in range(MOST_PIECES):
        start = _START.search(text, position)
        if start is None:
            return
        end = _end(text, start.start())
        if end is None:
            yield Found(problem="the JSON is not complete: its end is missing", open=True)
            return
        yield _decoded(text[start.start() : end])
        position = end


def without_thinking(text: str) -> tuple[str, bool]:
    """The text without a block of thinking before its JSON, and whether that block never ends.

    Some chat templates write the opening tag into the prompt, so that a reply has only the
    closing one.
    """
    first = _START.search(text)
    opening = _THINK.search(text)
    if opening and (first is None or opening.start() < first.start()):
        closing = _END_OF_THINKING.search(text, opening.end())
        if closing is None:
            return text[opening.end() :], True
        return text[: opening.start()] + text[closing.end() :], False
    *_, last = (None, *_END_OF_THINKING.finditer(text))
    if last is None or _lies_in_object(text, last.start()):
        return text, False
    return text[last.end() :], False


def _lies_in_object(text: str, position: int) -> bool:
    """Whether the place is inside a JSON object, where a tag is only what a string says."""
    searched = 0
    for _ in range(MOST_PIECES):
        start = _START.search(text, searched, position)
        if start is None or (end := _end(text, start.start())) is None:
            return False
        if end > position:
            return True
        searched = end
    return False


def _end(text: str, start: int) -> int | None:
    """Where the bracket at `start` is closed, brackets inside strings aside; None if it is not."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        token = match[0]
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _decoded(piece: str) -> Found:
    try:
        return Found(_loads(piece))
    except RecursionError:
        return Found(problem="the JSON is nested too deeply")
    except ValueError:
        try:
            return Found(_loads(_MENDABLE.sub(_mend, piece)))
        except ValueError as error:
            return Found(problem=f"the JSON is broken: {_where(error)}")


def _loads(piece: str) -> Any:
    value = json.loads(piece, strict=False, parse_float=Decimal, parse_constant=_refuse)
    return _sound(value) if "\\u" in piece or not piece.isascii() else value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _mend(match: re.Match[str]) -> str:
    if match["comma"]:
        return ""
    if match["constant"]:
        return _CONSTANTS[match["constant"]]
    string = _ESCAPE.sub(lambda m: r"\\" if m["stray"] else m[0], match[0])
    return string + "," if match["missing"] is not None else string


def _sound(value: Any) -> Any:
    """The value without lone surrogates."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): _sound(item) for key, item in value.items()}
    return value


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        return f"{error.msg}, near {without_surrogates(near)!r}"
    return str(error)
