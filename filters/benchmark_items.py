"""The items of benchmark files: their texts, each with its place."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ..errors import RecipeError

__all__ = ["Item", "read_items"]

_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt")
_SHORTEST = 2  # words of a text that can tell an item


class Item(NamedTuple):
    """One text of a benchmark.

    Attributes:
        place: `file#line`, or `file#n` in files that have no lines.
        text: a field of the item, or a line of a text file.
    """

    place: str
    text: str


def read_items(path: Path, fields: Sequence[str] = ()) -> list[Item]:
    """The texts of a file: JSON Lines, JSON (an array), CSV, TSV, Parquet or text, which may be
    packed as .gz.

    Args:
        path: the file.
        fields: which fields of an item are texts; by default all that hold text of two words or
            more, also in lists and in fields of fields.

    Raises:
        RecipeError: the file is missing, of another kind or broken, or holds no text; says where.
    """
    items: list[Item] = []
    try:
        for place, row in _rows(path):
            if fields and isinstance(row, dict) and not any(name in row for name in fields):
                raise RecipeError(
                    f"{place}: there is no field {fields[0]!r}; fields: {', '.join(row)}"
                )
            chosen = [row.get(name) for name in fields] if fields and isinstance(row, dict) else row
            items += (Item(place, text) for text in _texts(chosen))
    except OSError as error:
        raise RecipeError(
            f"the benchmark file {path} cannot be read ({error.strerror or error})"
        ) from error
    except (orjson.JSONDecodeError, UnicodeDecodeError, csv.Error) as error:
        raise RecipeError(f"the benchmark file {path} is broken: {error}") from error
    if not items:
        raise RecipeError(
            f"the benchmark file {path} holds no text of {_SHORTEST} words or more; name another"
            " file, or its fields with `fields:`"
        )
    return items


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    name = path.name.lower().removesuffix(".gz")
    ending = next((one for one in _SUFFIXES if name.endswith(one)), None)
    if ending is None:
        raise RecipeError(f"the benchmark file {path} is none of {', '.join(_SUFFIXES)}")
    if ending == ".parquet":
        from pyarrow import ArrowException, parquet

        try:
            rows = parquet.read_table(path).to_pylist()
        except ArrowException as error:
            raise RecipeError(f"the benchmark file {path} is broken: {error}") from error
        yield from ((f"{path.name}#{n}", row) for n, row in enumerate(rows, 1))
        return
    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        data = gzip.decompress(data)
    if ending == ".json":
        whole = orjson.loads(data)
        listed = whole if isinstance(whole, list) else [whole]
        yield from ((f"{path.name}#{n}", row) for n, row in enumerate(listed, 1))
        return
    text = data.decode("utf-8-sig")
    if ending in (".csv", ".tsv"):
        reader = csv.DictReader(
            io.StringIO(text, newline=""), delimiter="\t" if ending == ".tsv" else ","
        )
        yield from ((f"{path.name}#{reader.line_num}", row) for row in reader)
        return
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{path.name}#{number}"
        if not line.strip():
            continue
        if ending == ".txt":
            yield place, line
            continue
        try:
            yield place, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise RecipeError(
                f"{path}, line {number}: it is no JSON ({error}); fix the benchmark file"
            ) from error


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value.split()) >= _SHORTEST:
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
