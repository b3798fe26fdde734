"""What the tests of the simulated model share: requests, and a checker of JSON schemas."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

PASSAGE = """Notice period. Either party may end this agreement in writing with a notice period of
thirty days. The notice must name the service that it concerns, and it must reach the other
party at the address in Schedule 2.

Return of equipment. Within fourteen days after the end of the agreement the customer returns
all equipment that belongs to the provider. Where a device is damaged beyond ordinary wear, the
customer pays 40 percent of its list price. The provider inspects returned devices within a week
and reports any damage with photographs.

Open invoices. Invoices that are open at the end of the agreement remain due. The provider may
charge interest of 5 percent a year from the day on which an invoice should have been paid."""


def messages(text: str, system: str = "You write training data.") -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def judging(instruction: str, response: str, more: str = "") -> list[dict[str, str]]:
    text = f"<instruction>\n{instruction}\n</instruction>\n\n<response>\n{response}\n</response>"
    return messages(f"{text}\n{more}\nNow judge the response.", "You judge training data.")


@pytest.fixture(scope="session")
def passage() -> str:
    return PASSAGE


@pytest.fixture(scope="session")
def drafting() -> Callable[..., list[dict[str, str]]]:
    """The messages of a request for a draft, from a passage."""

    def ask(extra: str = "", passage: str = PASSAGE) -> list[dict[str, str]]:
        return messages(f'Write one.\n{extra}\n<passage source="x.md">\n{passage}\n</passage>')

    return ask


@pytest.fixture(scope="session")
def judged() -> Callable[..., list[dict[str, str]]]:
    """The messages of a request for a verdict, about an instruction and a response."""
    return judging


@pytest.fixture(scope="session")
def misfit() -> Callable[[Any, Mapping[str, Any]], str | None]:
    """Says why a value does not fit a schema, or None: written for these tests alone, from the
    specification of JSON Schema 2020-12."""
    return lambda value, schema: _misfit(value, schema, schema)


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "number": (int, float),
    "integer": (int,),
}


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _misfit(value: Any, schema: Any, root: Mapping[str, Any]) -> str | None:
    if isinstance(schema, bool):
        return None if schema else f"{value!r} where nothing is allowed"
    return _combination_misfit(value, schema, root) or _value_misfit(value, schema, root)


def _combination_misfit(value: Any, schema: Any, root: Any) -> str | None:
    parts = list(schema.get("allOf", ()))
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].split("/")[1:]:
            target = target[part]
        parts.append(target)
    for part in parts:
        if problem := _misfit(value, part, root):
            return problem
    for key in ("anyOf", "oneOf"):
        if key in schema and all(_misfit(value, part, root) for part in schema[key]):
            return f"{value!r} fits none of {key}"
    return None


def _value_misfit(value: Any, schema: Any, root: Any) -> str | None:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_a(value, kind) for kind in kinds):
        return f"{value!r} is no {kinds}"
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        return f"{value!r} is not among the values"
    if isinstance(value, dict):
        return _object_misfit(value, schema, root)
    if isinstance(value, list):
        return _array_misfit(value, schema, root)
    if isinstance(value, str):
        return _text_misfit(value, schema)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_misfit(value, schema)
    return None


def _object_misfit(value: dict[str, Any], schema: Any, root: Any) -> str | None:
    properties = schema.get("properties", {})
    if missing := set(schema.get("required", ())) - set(value):
        return f"{missing} are missing"
    if len(value) < schema.get("minProperties", 0):
        return "too few properties"
    for key, inner in value.items():
        part = properties.get(key, schema.get("additionalProperties", True))
        if problem := _misfit(inner, part, root):
            return f"{key}: {problem}"
    return None


def _array_misfit(value: list[Any], schema: Any, root: Any) -> str | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        return f"{len(value)} items"
    if schema.get("uniqueItems") and any(one in value[:i] for i, one in enumerate(value)):
        return "an item twice"
    first = schema.get("prefixItems", [])
    for place, inner in enumerate(value):
        part = first[place] if place < len(first) else schema.get("items", True)
        if problem := _misfit(inner, part, root):
            return f"[{place}]: {problem}"
    return None


def _text_misfit(value: str, schema: Any) -> str | None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return f"{len(value)} characters"
    if schema.get("format") == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"{value!r} is no date"
    return None


def _number_misfit(value: float, schema: Any) -> str | None:
    inside = (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
    )
    step = schema.get("multipleOf")
    if step and abs(value / step - round(value / step)) > 1e-9:
        return f"{value} is no multiple of {step}"
    return None if inside else f"{value} is out of bounds"
