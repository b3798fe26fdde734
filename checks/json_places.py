"""Where in a text of JSON a value stands."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["value_place"]

_DECODER = json.JSONDecoder(strict=False)
_WHITE = " \t\n\r"


def value_place(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """The start and the end of the value at a path of keys, in the last JSON object of the text
    that has it; the quotation marks of a string are left out. None where no object has it.

    Args:
        text: JSON, perhaps with other words around it.
        path: the keys, from the outermost.
    """
    found = None
    start = text.find("{")
    while start >= 0:
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        found = _descend(text, start, path) or found
        start = text.find("{", end)
    return found


def _descend(text: str, at: int, path: Sequence[str]) -> tuple[int, int] | None:
    """The value's place in the object that begins at `at`, which is known to be whole."""
    for key in path:
        if text[at] != "{":
            return None
        place = _member(text, at + 1, key)
        if place is None:
            return None
        at = place
    _, end = _DECODER.raw_decode(text, at)
    return (at + 1, end - 1) if text[at] == '"' else (at, end)


def _member(text: str, at: int, wanted: str) -> int | None:
    """Where the value of a key begins; of the same key twice, the last, as JSON is read."""
    found = None
    at = _past(text, at, _WHITE)
    while text[at] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _past(text, at, _WHITE + ":")
        if key == wanted:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _past(text, at, _WHITE + ",")
    return found


def _past(text: str, at: int, what: str) -> int:
    while text[at] in what:
        at += 1
    return at
