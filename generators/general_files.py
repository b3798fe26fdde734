"""Rows of files that are read by their number, in no order: JSON Lines and Parquet."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import RecipeError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["Lines", "Row", "Tables"]

Row = tuple[Mapping[str, Any], bytes, str]
"""A row's fields, its content as bytes, and its place behind the dataset's name."""

_BLOCK = 1 << 20


class Lines:
    """A file of JSON Lines; where each row begins stays in memory (8 bytes a row).

    Attributes:
        hash: of the file's bytes, 32 hex digits, once `all` has been gone through.

    Raises:
        OSError: it cannot be read.
        RecipeError: a line is no JSON object; says which.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = array("q")
        self._numbers = array("q")
        self.hash = ""

    def __len__(self) -> int:
        return len(self._places)

    def all(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Every row and its place, in order."""
        digest = hashlib.blake2b(digest_size=16)
        place = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                digest.update(line)
                if line.strip():
                    yield self._fields(line, number), f", line {number}"
                    self._places.append(place)
                    self._numbers.append(number)
                place += len(line)
        self.hash = digest.hexdigest()

    def read(self, row: int) -> Row:
        """A row, from 0."""
        with self._path.open("rb") as file:
            file.seek(self._places[row])
            line = file.readline()
        number = self._numbers[row]
        return self._fields(line, number), line.strip(), f"#{number}"

    def _fields(self, line: bytes, number: int) -> Mapping[str, Any]:
        where = f"general: {self._path}, line {number}"
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise RecipeError(f"{where}: not valid JSON ({error}); one row a line") from error
        if not isinstance(fields, dict):
            raise RecipeError(f"{where}: a row is an object with messages, or prompt and response")
        return fields


class Tables:
    """A Parquet file, or all in a folder and below it, by name. One group of rows is in memory.

    Attributes:
        hash: of the files' names and bytes, 32 hex digits, once `all` has been gone through.

    Raises:
        OSError: a file cannot be read.
        RecipeError: there is no such file, or one is no Parquet.
    """

    def __init__(self, path: Path) -> None:
        self._paths = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not self._paths:
            raise RecipeError(
                f"general: {path} holds no Parquet files; name a file of JSON Lines or Parquet, or"
                " a folder of Parquet files"
            )
        self._folder = path if path.is_dir() else None
        self._groups: list[tuple[int, int]] = []  # file, group
        self._begins: list[int] = []  # the first row of each group, in all files
        self._firsts: list[int] = []  # and of each file
        self._length = 0
        for number in range(len(self._paths)):
            rows = self._open(number).metadata
            self._firsts.append(self._length)
            for group in range(rows.num_row_groups):
                self._groups.append((number, group))
                self._begins.append(self._length)
                self._length += rows.row_group(group).num_rows
        self._held: tuple[int, list[dict[str, Any]]] = (-1, [])
        self.hash = ""

    def __len__(self) -> int:
        return self._length

    def all(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Every row and its place, in order."""
        digest = hashlib.blake2b(digest_size=16)
        for path in self._paths:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        for row in range(self._length):
            fields, _, place = self.read(row)
            yield fields, place
        self.hash = digest.hexdigest()

    def read(self, row: int) -> Row:
        """A row, from 0; its place counts the rows of its file from 1."""
        at = bisect_right(self._begins, row) - 1
        number, group = self._groups[at]
        if self._held[0] != at:
            self._held = (at, self._open(number).read_row_group(group).to_pylist())
        fields = self._held[1][row - self._begins[at]]
        path = self._paths[number]
        within = f"/{path.relative_to(self._folder)}" if self._folder is not None else ""
        content = orjson.dumps(fields, default=str, option=orjson.OPT_SORT_KEYS)
        return fields, content, f"{within}#{row - self._firsts[number] + 1}"

    def _open(self, number: int) -> pq.ParquetFile:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self._paths[number])
        except pa.ArrowInvalid as error:
            raise RecipeError(f"general: {self._paths[number]} is no Parquet ({error})") from error
