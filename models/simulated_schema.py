"""From a JSON schema to a writer of values that fit it.

The keywords of JSON Schema 2020-12 that a pydantic model's schema uses are followed: type, enum,
const, anyOf, oneOf, allOf, $ref, properties, required, additionalProperties, items, prefixItems,
minItems, maxItems, uniqueItems, bounds and multipleOf of numbers, minLength, maxLength and format
of strings. `pattern`, `not` and conditions are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .simulated_fields import Content, string_of, truth_of
from .simulated_values import (
    Json,
    Write,
    enum_of,
    limits_in_words,
    number_for,
    refusal,
    subset_of,
    text_for,
)

__all__ = ["Form", "compile_schema"]

_NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "discriminator", "$comment"}
    | {"$defs", "definitions", "$schema", "$id"}
)
_DEEP = 4
_TOO_DEEP = 40


@dataclass(frozen=True, slots=True)
class Form:
    """A compiled schema.

    Attributes:
        write: writes a value that fits; its arguments are content, 0 and 0.
        names: the names of all properties that hold a text, a number or a list.
        steps: how many items the array `steps` may have, at least and at most.
    """

    write: Write
    names: frozenset[str]
    steps: tuple[int, int]


def compile_schema(schema: Json) -> Form:
    """The writer for a schema.

    Raises:
        EndpointError: status 400; no value fits the schema, or it points nowhere.
    """
    compiler = _Compiler(schema)
    try:
        write = compiler.value(schema, "", "")
    except RecursionError:
        raise refusal("it is nested too deeply") from None
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        # A keyword with a value of another type than the specification says.
        raise refusal(f"it is no valid schema ({error})") from error
    return Form(write, frozenset(compiler.names), compiler.steps)


class _Compiler:
    def __init__(self, root: Json) -> None:
        self.root = root
        self.names: set[str] = set()
        self.steps = (2, 5)
        self.refs: dict[tuple[str, str, str], Write | None] = {}

    def value(self, schema: Any, name: str, parent: str) -> Write:
        """The writer for one schema; `parent` is the name of the array or object around it."""
        if schema is True or schema == {}:
            return lambda content, index, depth: string_of(content, name, parent, index)
        if not isinstance(schema, Mapping):
            raise refusal("a part of it is neither an object nor true")
        if "$ref" in schema or "allOf" in schema:
            return self._reference(schema, name, parent)
        if "const" in schema:
            constant = schema["const"]
            return lambda content, index, depth: constant
        if "enum" in schema:
            return enum_of(list(schema["enum"]), name)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._choice(schema, key, name, parent)
        return self._typed(schema, name, parent)

    def _typed(self, schema: Json, name: str, parent: str) -> Write:
        kind = schema.get("type")
        schema = {**limits_in_words(schema), **schema}
        if isinstance(kind, list):
            parts = [{**schema, "type": one} for one in kind]
            return self._choice({"anyOf": parts}, "anyOf", name, parent)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, name)
        if kind == "array" or (kind is None and ("items" in schema or "prefixItems" in schema)):
            return self._array(schema, name, parent)
        if kind == "integer" or kind == "number":
            return number_for(schema, name, whole=kind == "integer")
        if kind == "boolean":
            return lambda content, index, depth: truth_of(content, name)
        if kind == "null":
            return lambda content, index, depth: None
        if kind == "string" or kind is None:
            return text_for(schema, name, parent)
        raise refusal(f"{kind!r} is no type")

    def _reference(self, schema: Json, name: str, parent: str) -> Write:
        rest = {k: v for k, v in schema.items() if k not in ("$ref", "allOf") and k not in _NOTES}
        parts = [{"$ref": schema["$ref"]}] if "$ref" in schema else []
        parts += list(schema.get("allOf", ()))
        if len(parts) == 1 and not rest:
            (only,) = parts
            if set(only) - _NOTES != {"$ref"}:
                return self.value(only, name, parent)
            return self._pointer(only["$ref"], name, parent)
        merged: dict[str, Any] = dict(rest)
        for part in parts:
            target = part
            for _ in range(_TOO_DEEP):
                if "$ref" not in target:
                    break
                target = self._target(target["$ref"])
            else:
                raise refusal("a $ref leads to itself")
            merged = _merge(target, merged)
        return self.value(merged, name, parent)

    def _pointer(self, pointer: str, name: str, parent: str) -> Write:
        key = (pointer, name, parent)
        refs = self.refs
        if key not in refs:
            refs[key] = None  # A schema may contain itself: what is under way is not begun again.
            refs[key] = self.value(self._target(pointer), name, parent)

        def write(content: Content, index: int, depth: int) -> Any:
            inner = refs[key]
            if inner is None or depth > _TOO_DEEP:
                raise refusal(f"{pointer} contains itself without an end")
            return inner(content, index, depth + 1)

        return write

    def _target(self, pointer: str) -> Any:
        node: Any = self.root
        if not pointer.startswith("#"):
            raise refusal(f"$ref {pointer!r} points outside")
        for part in pointer[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or part not in node:
                raise refusal(f"$ref {pointer!r} points nowhere")
            node = node[part]
        return node

    def _is_object(self, part: Any) -> bool:
        if isinstance(part, Mapping) and "$ref" in part:
            part = self._target(part["$ref"])
        return isinstance(part, Mapping) and ("properties" in part or part.get("type") == "object")

    def _choice(self, schema: Json, key: str, name: str, parent: str) -> Write:
        rest = {k: v for k, v in schema.items() if k != key and k not in _NOTES}
        parts = [_merge(part, rest) if rest else part for part in schema[key]]
        real = [part for part in parts if not (isinstance(part, Mapping) and _is_null(part))]
        writes = [self.value(part, name, parent) for part in real]
        flat = [w for w, p in zip(writes, real, strict=True) if not _nests(p)]
        if not parts:
            raise refusal(f"{key} is empty")
        optional = len(real) < len(parts)

        def write(content: Content, index: int, depth: int) -> Any:
            if not writes or (optional and (depth > _DEEP or content.leaves_out(name))):
                return None
            ways = flat if flat and depth > _DEEP else writes
            return content.dice.pick(ways)(content, index, depth)

        return write

    def _object(self, schema: Json, name: str) -> Write:
        properties = schema.get("properties", {})
        self.names.update(key for key, part in properties.items() if not self._is_object(part))
        required = frozenset(schema.get("required", ()))
        fields = [(key, self.value(part, key, name)) for key, part in properties.items()]
        needed = [(key, write) for key, write in fields if key in required]
        fields += [(key, self.value(True, key, name)) for key in sorted(required - set(properties))]
        extra = schema.get("additionalProperties")
        more = self.value(extra, name, name) if isinstance(extra, Mapping) else None
        least = int(schema.get("minProperties", 1))

        def write(content: Content, index: int, depth: int) -> dict[str, Any]:
            chosen = needed if depth > _DEEP else fields
            made = {key: field(content, index, depth) for key, field in chosen}
            if more is not None and (depth <= _DEEP or least > len(made)):
                for place in range(max(least - len(made), 1)):
                    made[f"{content.word()}_{place}"] = more(content, place, depth)
            return made

        return write

    def _array(self, schema: Json, name: str, parent: str) -> Write:
        first = [self.value(part, name, parent) for part in schema.get("prefixItems", ())]
        items = schema.get("items", True)
        item = None if items is False else self.value(items, name, name or parent)
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, 5 if name == "steps" else 3)))
        if item is None:
            most = min(most, len(first))
        if least > most:
            raise refusal(f"no array has at least {least} and at most {most} items")
        usual = max(least, min(most, max(1, len(first))))
        if name == "steps":
            self.steps = (max(least, min(2, most)), most)
        unique = bool(schema.get("uniqueItems"))
        if unique and isinstance(items, Mapping) and "enum" in items and not first:
            return subset_of(list(items["enum"]), least, min(most, len(items["enum"])))

        def length(content: Content, depth: int) -> int:
            if depth > _DEEP:
                return least
            planned = content.items(name)
            if planned is not None:
                return max(least, min(most, planned))
            return usual + content.dice.below(min(most, usual + 2) - usual + 1)

        def write(content: Content, index: int, depth: int) -> list[Any]:
            made: list[Any] = []
            wanted = length(content, depth)
            for place in range(wanted * 8 if unique else wanted):
                one = first[len(made)] if len(made) < len(first) else item
                if one is None or len(made) == wanted:
                    break
                value = one(content, place, depth + (depth > _DEEP))
                if not unique or value not in made:
                    made.append(value)
            return made

        return write


def _merge(one: Any, other: Json) -> dict[str, Any]:
    """Both schemas in one; of the same keyword, the second one's counts."""
    if not isinstance(one, Mapping):
        return dict(other)
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _is_null(part: Json) -> bool:
    return part.get("type") == "null" or part.get("const", 0) is None


def _nests(part: Any) -> bool:
    return isinstance(part, Mapping) and (
        "$ref" in part or "properties" in part or part.get("type") in ("object", "array")
    )
