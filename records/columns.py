"""Which column of a row holds what: by a mapping, or by the columns' names."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator

from ..errors import SeedError
from .messages import is_messages, kind_of

__all__ = ["FIELDS", "ColumnMap", "columns_of", "filled", "name_columns", "text_of"]

_NAMES = {
    "messages": ("messages", "conversations", "conversation"),
    "system": ("system", "system_prompt", "system_message"),
    "instruction": ("instruction", "prompt", "question", "problem", "query"),
    "input": ("input", "context"),
    "response": ("response", "output", "completion", "solution", "answer", "target", "reply"),
    "chosen": ("chosen",),
    "rejected": ("rejected",),
    "answer": ("answer",),
    "passage": ("passage",),
    "candidates": ("candidates",),
}

FIELDS = tuple(_NAMES)
"""What a column may hold."""

_FIELD_OF = {name: field for field, names in _NAMES.items() for name in (*names, field)}

_EXCLUDES = {
    "instruction": {"messages"},
    "response": {"messages", "chosen", "rejected"},
    "messages": {"chosen", "rejected"},
    "chosen": {"messages"},
    "rejected": {"messages"},
}
"""Who maps the left means a shape that has no place for the right, whatever else is there."""


def _known_fields(mapping: dict[str, str]) -> dict[str, str]:
    for name in mapping:
        if name not in _FIELD_OF:
            raise ValueError(f"{name!r} is no field; known: {', '.join(FIELDS)}")
    return mapping


ColumnMap = Annotated[dict[str, str], AfterValidator(_known_fields)]
"""Which column holds what, field to column, such as {"instruction": "ask", "response": "said"}.

Fields are instruction, input, response, system, messages, chosen, rejected, answer, passage and
candidates; a usual name of one, such as prompt, stands for it. `answer` is the response; where
`response`, `messages`, `chosen` or `candidates` is mapped too, it is the reference answer beside
it. `passage` is the text that the response has to be supported by, `candidates` a list of
answers in the place of a response."""


def columns_of(fields: Mapping[str, Any], mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Field to column: what the mapping says, then what the columns' names say, in any case.

    Of several columns that could hold a field, the first that is not empty is taken; a column of
    nulls is no column. `messages` is only a column that does hold messages. An input that stands
    without an instruction is the instruction; a response beside a mapped `rejected` is the chosen
    answer.

    Raises:
        SeedError: the mapping names an unknown field, or a column that is not there.
    """
    signs = tuple(map(_sign, fields.values()))
    return dict(_columns_of(tuple(fields), signs, tuple(mapping.items()) if mapping else ()))


def text_of(fields: Mapping[str, Any], column: str | None) -> str:
    """A column's text; "" for null and for no column; numbers as JSON writes them.

    Raises:
        SeedError: it holds no text.
    """
    value = fields[column] if column is not None else None
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return orjson.dumps(value).decode()
    raise SeedError(f"column {column!r} holds {kind_of(value)}, not text")


def filled(fields: Mapping[str, Any], column: str) -> str:
    """A column's text.

    Raises:
        SeedError: it holds no text, or nothing but white space.
    """
    text = text_of(fields, column)
    if not text.strip():
        raise SeedError(f"column {column!r} is empty")
    return text


def name_columns(fields: Mapping[str, Any]) -> str:
    """The names of the columns that are there, for messages."""
    names = [str(name) for name in fields]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"{', '.join(names[:20]) or 'none'}{more}"


_NULL, _BLANK, _TEXT, _MESSAGES, _OTHER = range(5)
_MAY_BE_JSON = frozenset("[ \t\r\n\f\v")


def _sign(value: Any) -> int:
    """What it is about a value that decides which column holds what."""
    if isinstance(value, str):
        if not value or value.isspace():
            return _BLANK
        return _MESSAGES if value[0] in _MAY_BE_JSON and is_messages(value) else _TEXT
    if value is None:
        return _NULL
    return _MESSAGES if is_messages(value) else _OTHER


@functools.lru_cache(maxsize=1024)
def _columns_of(
    names: tuple[str, ...], signs: tuple[int, ...], mapping: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    """As `columns_of`, worked out once for all rows that are alike in what decides it."""
    sign_of = dict(zip(names, signs, strict=True))
    columns: dict[str, str] = {}
    for name, column in mapping:
        if name not in _FIELD_OF:
            raise SeedError(f"{name!r} is no field to map; known: {', '.join(FIELDS)}")
        if column not in sign_of:
            raise SeedError(
                f"there is no column {column!r} (mapped to {name});"
                f" columns: {name_columns(sign_of)}"
            )
        columns[_FIELD_OF[name]] = column
    beside = {"response", "messages", "chosen", "candidates"}
    if "answer" in columns and not columns.keys() & beside:
        columns["response"] = columns.pop("answer")
    skipped = {other for field in columns for other in _EXCLUDES.get(field, ())}
    taken = set(columns.values())
    by_name = {
        str(name).strip().lower(): name
        for name, sign in sign_of.items()
        if sign != _NULL and name not in taken
    }
    for field, names in _NAMES.items():
        if field in columns or field in skipped:
            continue
        found = [by_name[name] for name in names if name in by_name]
        if field == "messages":
            found = [column for column in found if sign_of[column] == _MESSAGES]
        if found:
            columns[field] = next((c for c in found if sign_of[c] != _BLANK), found[0])
    if "chosen" not in columns and "response" in columns and _maps(mapping, "rejected"):
        columns["chosen"] = columns.pop("response")
    if "input" in columns and sign_of[columns["input"]] != _BLANK:
        alone = "instruction" not in columns and columns.keys() & {"response", "chosen"}
        if alone or ("instruction" in columns and sign_of[columns["instruction"]] == _BLANK):
            columns["instruction"] = columns.pop("input")
    return columns


def _maps(mapping: tuple[tuple[str, str], ...], field: str) -> bool:
    return any(_FIELD_OF[name] == field for name, _ in mapping)
