"""Rows of a general dataset, to be mixed in: instruction pairs or conversations in JSON Lines."""

from __future__ import annotations

import hashlib
from array import array
from pathlib import Path

import orjson

from ..errors import RecipeError, SeedError
from ..records import Sample, SeedRef
from ..records.shapes import sample_from_fields

__all__ = ["GeneralRows"]


class GeneralRows:
    """A JSON Lines file of finished samples. Every row is looked at when it is opened; what stays
    in memory is where the rows begin (8 bytes each).

    Args:
        path: the file.
        name: what to call it in samples.
        licence: its licence, or "".

    Attributes:
        hash: of the file's bytes, 32 hex digits.

    Raises:
        RecipeError: the file is missing or empty, or a row is no sample; says the line.
    """

    def __init__(self, path: Path, name: str, licence: str) -> None:
        self._path = path
        self._name = name
        self._licence = licence
        self._rows = array("q")
        self._lines = array("q")
        digest = hashlib.blake2b(digest_size=16)
        place = 0
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    digest.update(line)
                    if line.strip():
                        self._sample(line, number)
                        self._rows.append(place)
                        self._lines.append(number)
                    place += len(line)
        except FileNotFoundError as error:
            raise RecipeError(
                f"general: {path} does not exist; paths start from the recipe's folder"
            ) from error
        except OSError as error:
            raise RecipeError(f"general: {path} cannot be read ({error})") from error
        if not self._rows:
            raise RecipeError(f"general: {path} holds no rows")
        self.hash = digest.hexdigest()

    def __len__(self) -> int:
        return len(self._rows)

    def sample(self, row: int) -> Sample:
        """The sample in a row, from 0; its seed says which file and line it is.

        Raises:
            RecipeError: the file has changed since it was opened.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._rows[row])
                line = file.readline()
        except OSError as error:
            raise RecipeError(f"general: {self._path} cannot be read ({error})") from error
        found = self._sample(line, self._lines[row])
        source = f"{self._name}#{self._lines[row]}"
        content = hashlib.blake2b(line.strip(), digest_size=16).hexdigest()
        return Sample(
            messages=found.messages,
            rejected=found.rejected,
            answer=found.answer,
            strategy="general",
            seed=SeedRef(content, source, self._licence),
        )

    def _sample(self, line: bytes, number: int) -> Sample:
        where = f"general: {self._path}, line {number}"
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise RecipeError(f"{where}: not valid JSON ({error}); one row a line") from error
        if not isinstance(fields, dict):
            raise RecipeError(f"{where}: a row is an object with messages, or prompt and response")
        try:
            return sample_from_fields(fields)
        except SeedError as error:
            raise RecipeError(f"{where}: {error}") from error
