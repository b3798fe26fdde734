"""Rows of JSON Lines, JSON and CSV files, one by one, each with its line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any, NamedTuple, cast

import orjson

from ..errors import SeedError
from .base import OnBadRow, bad_row
from .files import File, reason_of
from .values import plain

__all__ = ["SUFFIXES", "Row", "read_rows"]

SUFFIXES = tuple(
    ending + packed
    for packed in ("", ".gz")
    for ending in (".jsonl", ".ndjson", ".json", ".csv", ".tsv")
)
"""Endings of the files that `read_rows` reads."""

_LONGEST_CELL = 2**24
"""Characters in one cell of a CSV file; where a quote is missing, all that follows is one cell."""

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """A row as it was read.

    Attributes:
        fields: its columns; in CSV every value is text.
        source: `file#line`; for a JSON array `file#n` with the row's number in it, from 1.
        where: the same place for messages, `file:line`.
    """

    fields: dict[str, Any]
    source: str
    where: str


def read_rows(file: File, on_bad_row: OnBadRow | None = None) -> Iterator[Row]:
    """The rows of a file whose name ends in one of `SUFFIXES`.

    JSON Lines and CSV are read line by line, whatever their size. A file called `.json` is read
    line by line too where its first line is an object of its own; else it is loaded whole, and
    holds an array of objects, an object with one such array, or one object, which is one row.
    CSV has a header; its columns are parted by commas, or by semicolons or tabs where the header
    has no comma. Files are UTF-8, with or without a byte order mark. NaN is kept; integers
    beyond 64 bits become floats, and lone surrogates U+FFFD.

    Args:
        file: what to read.
        on_bad_row: is told of a row that cannot be read, and of an empty file.

    Raises:
        SeedError: the file cannot be read; or a row cannot, and there is nobody to tell.
    """
    ending = file.name.lower().removesuffix(".gz").rpartition(".")[2]
    rows = {"csv": _csv_rows, "tsv": _csv_rows, "json": _json_rows}.get(ending, _json_lines)
    any_row = False
    try:
        with _open(file) as stream:
            for item in rows(file.name, stream):
                any_row = True
                if isinstance(item, Row):
                    yield item
                else:
                    bad_row(*item, on_bad_row)
    except (OSError, EOFError, zlib.error) as error:
        raise SeedError(f"{file.name}: cannot be read ({reason_of(error)})") from error
    if not any_row:
        holds_bytes = file.path.stat().st_size > 0
        bad_row(file.name, "holds no row" if holds_bytes else "is empty", on_bad_row)


Bad = tuple[str, str]


def _open(file: File) -> IO[bytes]:
    if file.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(file.path, "rb"))
    return open(file.path, "rb")


def _json_lines(name: str, stream: Iterable[bytes]) -> Iterator[Row | Bad]:
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(_BOM)
        where = f"{name}:{number}"
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            if not line.strip():
                continue
            try:
                fields = _lenient(line)
            except ValueError as error:
                yield where, _what_is_wrong(error, line)
                continue
        if isinstance(fields, dict):
            yield Row(fields, f"{name}#{number}", where)
        else:
            hint = "; a file that is one JSON array is called .json" if number == 1 else ""
            yield where, f"holds {_kind(fields)} where a row is a JSON object{hint}"


def _json_rows(name: str, stream: IO[bytes]) -> Iterator[Row | Bad]:
    head = _up_to_text(stream)
    if head and _is_object(head[-1].removeprefix(_BOM)):
        head += (more := _up_to_text(stream))
        if more and more[-1].strip():
            yield from _json_lines(name, chain(head, stream))
            return
    data = (b"".join(head) + stream.read()).removeprefix(_BOM)
    if not data.strip():
        return
    try:
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            value = _lenient(data)
    except json.JSONDecodeError as error:
        raise SeedError(
            f"{name}:{error.lineno}: is not JSON: {error.msg} (column {error.colno})"
        ) from error
    except ValueError as error:
        raise SeedError(f"{name}: {_what_is_wrong(error, data)}") from error
    del data
    for number, fields in enumerate(_items(name, value), 1):
        if isinstance(fields, dict):
            yield Row(fields, f"{name}#{number}", f"{name}, row {number}")
        else:
            yield f"{name}, row {number}", f"is {_kind(fields)} where a row is a JSON object"


def _up_to_text(stream: IO[bytes]) -> list[bytes]:
    """The next lines, up to the first that is not blank."""
    lines = []
    for line in stream:
        lines.append(line)
        if line.removeprefix(_BOM).strip():
            break
    return lines


def _items(name: str, value: Any) -> list[Any]:
    """The rows of a whole JSON file."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise SeedError(f"{name}: holds {_kind(value)} where an array of rows is expected")
    arrays = {
        key: inner
        for key, inner in value.items()
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner)
    }
    if len(arrays) > 1:
        raise SeedError(
            f"{name}: holds several arrays of rows ({', '.join(arrays)});"
            " keep the rows in a file of their own"
        )
    return next(iter(arrays.values()), [value])


def _csv_rows(name: str, stream: IO[bytes]) -> Iterator[Row | Bad]:
    # Bytes that are no UTF-8 come through as lone surrogates, so that only their row is lost.
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    head = text.readline()
    if head.encode("utf-8", "surrogateescape").startswith(_UTF16):
        raise SeedError(f"{name}: is UTF-16, not UTF-8; save it as UTF-8")
    delimiter = next((d for d in ",;\t" if d in head), ",")
    if name.lower().removesuffix(".gz").endswith(".tsv"):
        delimiter = "\t"
    records = _records(name, csv.reader(chain([head], text), delimiter=delimiter, strict=True))
    header: list[str] = []
    for line, cells in records:
        where = f"{name}:{line}"
        if isinstance(cells, str):
            if not header:
                raise SeedError(f"{where}: the header is no CSV: {cells}")
            yield where, f"is no CSV: {cells}"
        elif not header:
            header = _header(where, cells)
        elif any(map(_not_utf8, cells)):
            yield where, "is not UTF-8; save the file as UTF-8"
        elif len(cells) != len(header):
            yield where, f"has {len(cells)} cells where the header has {len(header)}"
        else:
            yield Row(dict(zip(header, cells, strict=True)), f"{name}#{line}", where)


def _records(name: str, reader: Any) -> Iterator[tuple[int, list[str] | str]]:
    """Each record, or what is wrong with it, with the line where it starts; no blank lines."""
    while True:
        line = reader.line_num + 1
        # The limit is the module's, for the whole process: it is put back at once.
        limit = csv.field_size_limit(_LONGEST_CELL)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger than" in str(error):
                raise SeedError(
                    f"{name}:{line}: a cell is longer than {_LONGEST_CELL:,} characters;"
                    " is a closing quote missing?"
                ) from error
            missing = "a closing quote is missing"
            yield line, missing if "unexpected end" in str(error) else str(error)
            continue
        finally:
            csv.field_size_limit(limit)
        if cells:
            yield line, cells


def _header(where: str, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if any(map(_not_utf8, header)):
        raise SeedError(f"{where}: the header is not UTF-8; save the file as UTF-8")
    twice = next((cell for cell in header if header.count(cell) > 1), None)
    if twice is not None:
        raise SeedError(f"{where}: two columns are called {twice!r}")
    return header


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _lenient(data: bytes) -> Any:
    """What Python's own parser reads beyond the strict one: NaN, and lone surrogates."""
    try:
        return plain(json.loads(data.decode()))
    except RecursionError as error:
        raise ValueError("nests too deeply") from error


def _what_is_wrong(error: ValueError, data: bytes) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} (column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        if data.startswith(_UTF16):
            return "is UTF-16, not UTF-8; save it as UTF-8"
        return (
            f"is not UTF-8 (byte 0x{data[error.start]:02x} at byte {error.start + 1});"
            " save the file as UTF-8"
        )
    return str(error)


def _not_utf8(cell: str) -> bool:
    return not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell)


def _kind(value: Any) -> str:
    kinds = {list: "an array", dict: "an object", str: "text", bool: "a boolean"}
    return "null" if value is None else kinds.get(type(value), "a number")
