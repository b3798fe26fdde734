"""From a JSON schema to a writer of values that fit it.

The keywords of JSON Schema 2020-12 that a pydantic model's schema uses are followed: type, enum,
const, anyOf, oneOf, allOf, $ref, properties, required, additionalProperties, items, prefixItems,
minItems, maxItems, uniqueItems, bounds and multipleOf of numbers, minLength, maxLength and format
of strings. `pattern`, `not` and conditions are not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import EndpointError
from .simulated_fields import Content, one_of, string_of, truth_of

__all__ = ["Form", "compile_schema"]

Json = Mapping[str, Any]
Write = Callable[[Content, int, int], Any]
"""Writes a value: the content, the place in the nearest array, the depth of references."""

_NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "discriminator", "$comment"}
    | {"$defs", "definitions", "$schema", "$id"}
)
_LIMIT = re.compile(r"\bat (least|most) (-?\d+(?:\.\d+)?)( items?| characters)?")
_LIMIT_KEYS = {
    ("array", " item"): "Items",
    ("array", " items"): "Items",
    ("string", " characters"): "Length",
    ("integer", ""): "imum",
    ("number", ""): "imum",
}
_DEEP = 4
_TOO_DEEP = 40
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
        raise _refuse("it is nested too deeply") from None
    return Form(write, frozenset(compiler.names), compiler.steps)


def _refuse(reason: str) -> EndpointError:
    return EndpointError(f"The JSON schema cannot be followed: {reason}.", status=400)


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
            raise _refuse("a part of it is neither an object nor true")
        if "$ref" in schema or "allOf" in schema:
            return self._reference(schema, name, parent)
        if "const" in schema:
            constant = schema["const"]
            return lambda content, index, depth: constant
        if "enum" in schema:
            return _enum(list(schema["enum"]), name)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._choice(schema, key, name, parent)
        return self._typed(schema, name, parent)

    def _typed(self, schema: Json, name: str, parent: str) -> Write:
        kind = schema.get("type")
        schema = {**_limits_in_words(schema), **schema}
        if isinstance(kind, list):
            parts = [{**schema, "type": one} for one in kind]
            return self._choice({"anyOf": parts}, "anyOf", name, parent)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, name)
        if kind == "array" or (kind is None and ("items" in schema or "prefixItems" in schema)):
            return self._array(schema, name, parent)
        if kind == "integer" or kind == "number":
            return _number(schema, name, whole=kind == "integer")
        if kind == "boolean":
            return lambda content, index, depth: truth_of(content, name)
        if kind == "null":
            return lambda content, index, depth: None
        if kind == "string" or kind is None:
            return _string(schema, name, parent)
        raise _refuse(f"{kind!r} is no type")

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
                raise _refuse("a $ref leads to itself")
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
                raise _refuse(f"{pointer} contains itself without an end")
            return inner(content, index, depth + 1)

        return write

    def _target(self, pointer: str) -> Any:
        node: Any = self.root
        if not pointer.startswith("#"):
            raise _refuse(f"$ref {pointer!r} points outside")
        for part in pointer[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or part not in node:
                raise _refuse(f"$ref {pointer!r} points nowhere")
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
            raise _refuse(f"{key} is empty")
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
        if any(part is False for part in properties.values()):
            raise _refuse("a property is false")

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
            raise _refuse(f"no array has at least {least} and at most {most} items")
        usual = max(least, min(most, max(1, len(first))))
        if name == "steps":
            self.steps = (max(least, min(2, most)), most)
        unique = bool(schema.get("uniqueItems"))
        if unique and isinstance(items, Mapping) and "enum" in items and not first:
            return _subset(list(items["enum"]), least, min(most, len(items["enum"])))

        def length(content: Content, depth: int) -> int:
            if depth > _DEEP:
                return least
            if name == "steps":
                return max(least, min(most, len(content.steps)))
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


def _limits_in_words(schema: Json) -> dict[str, float]:
    """The limits that a description ends with, such as "(at least 2 items)": strict schemas have
    no keywords for them."""
    tail = str(schema.get("description", "")).rpartition("(")[2].lower()
    limits: dict[str, float] = {}
    for side, number, unit in _LIMIT.findall(tail):
        if key := _LIMIT_KEYS.get((str(schema.get("type")), unit)):
            limits[("min" if side == "least" else "max") + key] = float(number)
    return limits


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


def _enum(values: list[Any], name: str) -> Write:
    if not values:
        raise _refuse("an enum is empty")
    return lambda content, index, depth: one_of(content, name, values, index)


def _subset(values: list[Any], least: int, most: int) -> Write:
    if least > most:
        raise _refuse(f"{least} different values of an enum of {len(values)} are wanted")

    def write(content: Content, index: int, depth: int) -> list[Any]:
        start = content.dice.below(len(values)) if values else 0
        count = min(most, max(least, 1) + content.dice.below(2))
        return [values[(start + place) % len(values)] for place in range(count)]

    return write


def _string(schema: Json, name: str, parent: str) -> Write:
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    fixed = _FORMATS.get(schema.get("format", ""))
    if most is not None and least > most:
        raise _refuse(f"no text is at least {least} and at most {most} characters long")

    def write(content: Content, index: int, depth: int) -> str:
        text = fixed or string_of(content, name, parent, index)
        while len(text) < least:
            text += f" {content.filler()}"
        return text if most is None or len(text) <= most else text[: int(most)]

    return write


def _number(schema: Json, name: str, *, whole: bool) -> Write:
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
        raise _refuse(f"no number lies between {floor} and {ceiling}")
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
        raise _refuse("multipleOf of an integer is no integer")
    first, last = math.ceil(floor / step), math.floor(ceiling / step)
    first += first * step == above
    last -= last * step == below
    if first > last:
        raise _refuse(f"no multiple of {step} lies between {floor} and {ceiling}")

    def write(content: Content, index: int, depth: int) -> Any:
        number = content.number(name)
        if number is not None and first * step <= number <= last * step and number % step == 0:
            return number
        count = first + round(content.share(name) * (last - first))
        return int(count * step) if whole else count * step

    return write
