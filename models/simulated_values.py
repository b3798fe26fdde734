"""Writers of single values that fit a JSON schema: texts, numbers and enums."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import EndpointError
from .simulated_fields import Content, one_of, string_of

__all__ = [
    "Json",
    "Write",
    "enum_of",
    "limits_in_words",
    "number_for",
    "refusal",
    "subset_of",
    "text_for",
]

Json = Mapping[str, Any]
Write = Callable[[Content, int, int], Any]
"""Writes a value: the content, the place in the nearest array, the depth of references."""

_LIMIT = re.compile(r"\bat (least|most) (-?\d+(?:\.\d+)?)( items?| characters)?")
_LIMIT_KEYS = {
    ("array", " item"): "Items",
    ("array", " items"): "Items",
    ("string", " characters"): "Length",
    ("integer", ""): "imum",
    ("number", ""): "imum",
}
_FORMATS = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "P3D",
    "email": "reader@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://example.org/page",
    "uuid": "3f2a6c1e-5b7d-4e8f-9a0b-1c2d3e4f5a6b",
}


def refusal(reason: str) -> EndpointError:
    """The error for a schema that no value fits."""
    return EndpointError(f"The JSON schema cannot be followed: {reason}.", status=400)


def limits_in_words(schema: Json) -> dict[str, float]:
    """The limits that a description ends with, such as "(at least 2 items)": strict schemas have
    no keywords for them."""
    tail = str(schema.get("description", "")).rpartition("(")[2].lower()
    limits: dict[str, float] = {}
    for side, number, unit in _LIMIT.findall(tail):
        if key := _LIMIT_KEYS.get((str(schema.get("type")), unit)):
            limits[("min" if side == "least" else "max") + key] = float(number)
    return limits


def enum_of(values: list[Any], name: str) -> Write:
    """Writes one of the values."""
    if not values:
        raise refusal("an enum is empty")
    return lambda content, index, depth: one_of(content, name, values, index)


def subset_of(values: list[Any], least: int, most: int) -> Write:
    """Writes a list of different ones of the values."""
    if least > most:
        raise refusal(f"{least} different values of an enum of {len(values)} are wanted")

    def write(content: Content, index: int, depth: int) -> list[Any]:
        start = content.dice.below(len(values)) if values else 0
        count = min(most, max(least, 1) + content.dice.below(2))
        return [values[(start + place) % len(values)] for place in range(count)]

    return write


def text_for(schema: Json, name: str, parent: str) -> Write:
    """Writes a text of the schema's length and format."""
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    fixed = _FORMATS.get(schema.get("format", ""))
    if most is not None and least > most:
        raise refusal(f"no text is at least {least} and at most {most} characters long")

    def write(content: Content, index: int, depth: int) -> str:
        text = fixed or string_of(content, name, parent, index)
        while len(text) < least:
            text += f" {content.filler()}"
        return text if most is None or len(text) <= most else text[: int(most)]

    return write


def number_for(schema: Json, name: str, *, whole: bool) -> Write:
    """Writes a number within the schema's bounds."""
    step = schema.get("multipleOf", 1 if whole else None)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    floor = max((b for b in (low, above) if b is not None), default=None)
    ceiling = min((b for b in (high, below) if b is not None), default=None)
    if floor is None:
        floor = 0 if ceiling is None or ceiling > 0 else ceiling - 100
    if ceiling is None:
        ceiling = floor + (100 if whole or step else 1)
    if step is not None:
        return _stepped(name, step, floor, ceiling, above, below, whole=whole)
    if floor > ceiling or (floor == ceiling and floor in (above, below)):
        raise refusal(f"no number lies between {floor} and {ceiling}")
    span = float(ceiling) - float(floor)

    def write(content: Content, index: int, depth: int) -> float:
        share = content.share(name)
        number = content.number(name)
        value = round(floor + span * share, 2) if number is None else number
        if floor <= value <= ceiling and value not in (above, below):
            return value
        return floor + span * min(max(share, 1e-3), 1 - 1e-3)

    return write


def _stepped(
    name: str, step: Any, floor: Any, ceiling: Any, above: Any, below: Any, *, whole: bool
) -> Write:
    if whole and step != int(step):
        raise refusal("multipleOf of an integer is no integer")
    first, last = math.ceil(floor / step), math.floor(ceiling / step)
    first += first * step == above
    last -= last * step == below
    if first > last:
        raise refusal(f"no multiple of {step} lies between {floor} and {ceiling}")

    def write(content: Content, index: int, depth: int) -> Any:
        number = content.number(name)
        if number is not None and first * step <= number <= last * step and number % step == 0:
            return number
        count = first + round(content.share(name) * (last - first))
        return int(count * step) if whole else count * step

    return write
