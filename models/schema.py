"""A pydantic model as a JSON schema that every endpoint takes.

The common ground of OpenAI's strict mode (platform.openai.com/docs/guides/structured-outputs),
Azure, and the grammars behind vLLM, SGLang and llama.cpp is small: types, properties, items,
enum, const, anyOf. What lies beyond it is refused by one endpoint and mis-handled by another
(xgrammar lets raw control characters into a string with maxLength; uniqueItems is a "Grammar
error"), so a constraint goes into the description, where the model can read it, and pydantic
holds the reply to it afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from ..errors import RecipeError

__all__ = ["strict_schema"]

MOST_VALUES_OF_A_SCALE = 20
"""A bounded integer with no more values than this becomes an enum, which all endpoints enforce."""

_IN_WORDS: dict[str, Callable[[Any], str]] = {
    "minimum": lambda v: f"at least {v}",
    "maximum": lambda v: f"at most {v}",
    "exclusiveMinimum": lambda v: f"more than {v}",
    "exclusiveMaximum": lambda v: f"less than {v}",
    "multipleOf": lambda v: f"a multiple of {v}",
    "minLength": lambda v: "not empty" if v == 1 else f"at least {v} characters",
    "maxLength": lambda v: f"at most {v} characters",
    "pattern": lambda v: f"matching {v}",
    "format": lambda v: f"format: {v}",
    "minItems": lambda v: "at least 1 item" if v == 1 else f"at least {v} items",
    "maxItems": lambda v: f"at most {v} items",
    "uniqueItems": lambda v: "no item twice" if v else "",
}


@functools.cache
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a draft, in OpenAI's strict form.

    Every property is required, nothing else is allowed, and descriptions are kept. The result
    is made once per class and shared: it must not be changed.

    Raises:
        RecipeError: the class has a field that no strict schema can express (a dict with free
            keys, `Any`, a tuple of fixed length); says which.
    """
    schema = model.model_json_schema(mode="validation")
    strict = _Strict(model.__name__, schema.get("$defs", {}))
    if schema.get("type") != "object" and "$ref" not in schema:
        raise strict.refusal("it is no object with named fields", ())
    result = strict.convert(schema, ())
    if strict.recursive:
        # A class that holds itself cannot be written out: its definition stays.
        result["$defs"] = {name: strict.definition(name) for name in sorted(strict.recursive)}
    return result


class _Strict:
    """Converts one schema; definitions are written out where they are used."""

    def __init__(self, title: str, definitions: Mapping[str, Any]) -> None:
        self.title = title
        self.definitions = definitions
        self.recursive: set[str] = set()
        self.open: list[str] = []

    def refusal(self, why: str, path: tuple[str, ...]) -> RecipeError:
        where = ".".join((self.title, *path))
        return RecipeError(f"{where} cannot be asked of a model as strict JSON: {why}")

    def definition(self, name: str) -> dict[str, Any]:
        self.open = [name]
        return self.convert(self.definitions[name], (name,))

    def convert(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        if "$ref" in schema:
            return self.reference(schema, path)
        if len(schema.get("allOf", ())) == 1:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            return self.convert({**schema["allOf"][0], **rest}, path)
        words = [_IN_WORDS[key](schema[key]) for key in _IN_WORDS if key in schema]
        result = self.shape(schema, path)
        if "enum" in result and schema.get("type") == "integer":
            words = []
        if description := _described(schema.get("description", ""), words):
            result["description"] = description
        return result

    def reference(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name in self.open or name in self.recursive:
            self.recursive.add(name)
            return {"$ref": schema["$ref"]}  # strict mode allows no key beside $ref
        self.open.append(name)
        described = {key: schema[key] for key in ("description",) if key in schema}
        result = self.convert({**self.definitions[name], **described}, path)
        self.open.pop()
        return {"$ref": schema["$ref"]} if name in self.recursive and path else result

    def shape(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """The schema without its description."""
        kind = schema.get("type")
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return {"anyOf": [self.convert(option, path) for option in schema[union]]}
        if "const" in schema or "enum" in schema:
            return {key: schema[key] for key in ("type", "const", "enum") if key in schema}
        if kind == "object":
            return self.object(schema, path)
        if kind == "array":
            if "items" not in schema or "prefixItems" in schema:
                raise self.refusal("it is a list whose items have no single type", path)
            return {"type": "array", "items": self.convert(schema["items"], path)}
        if kind == "integer" and (scale := _scale(schema)):
            return {"type": "integer", "enum": scale}
        if not isinstance(kind, str):
            raise self.refusal("it has no type", path)
        return {"type": kind}

    def object(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        if schema.get("additionalProperties") or "properties" not in schema:
            raise self.refusal("its keys are free; use a list of objects with a name", path)
        properties = {
            name: self.convert(value, (*path, name)) for name, value in schema["properties"].items()
        }
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }


def _scale(schema: Mapping[str, Any]) -> list[int]:
    """All values of a small bounded integer, or []."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", float("-inf")) + 1)
    high = schema.get("maximum", schema.get("exclusiveMaximum", float("inf")) - 1)
    if not 0 <= high - low < MOST_VALUES_OF_A_SCALE:
        return []
    step = schema.get("multipleOf", 1)
    return [value for value in range(int(low), int(high) + 1) if value % step == 0]


def _described(description: str, words: list[str]) -> str:
    limits = ", ".join(word for word in words if word)
    if not limits:
        return description
    return f"{description.rstrip()} ({limits})" if description else limits.capitalize()
