"""Rows of a general dataset, to be mixed in: instruction pairs or conversations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import RecipeError, SeedError
from ..records import Sample, SeedRef
from ..records.shapes import sample_from_fields
from .general_files import Lines, Tables

__all__ = ["GeneralRows"]


class GeneralRows:
    """A dataset of finished samples: a file of JSON Lines or Parquet, or a folder of Parquet files,
    such as the `kept` of a run. Every row is looked at when it is opened; what stays in memory is
    where the rows begin.

    Args:
        path: the file or folder.
        name: what to call it in samples.
        licence: its licence, or "".

    Attributes:
        hash: of the bytes of all files, 32 hex digits.

    Raises:
        RecipeError: it is missing or empty, or a row is no sample; says which row.
    """

    def __init__(self, path: Path, name: str, licence: str) -> None:
        self._name = name
        self._licence = licence
        is_table = path.is_dir() or path.suffix == ".parquet"
        try:
            self._rows = Tables(path) if is_table else Lines(path)
            for fields, place in self._rows.all():
                _sample(fields, f"general: {path}{place}")
        except FileNotFoundError as error:
            raise RecipeError(
                f"general: {path} does not exist; paths start from the recipe's folder"
            ) from error
        except OSError as error:
            raise RecipeError(f"general: {path} cannot be read ({error})") from error
        if not len(self._rows):
            raise RecipeError(f"general: {path} holds no rows")
        self.hash = self._rows.hash

    def __len__(self) -> int:
        return len(self._rows)

    def sample(self, row: int) -> Sample:
        """The sample in a row, from 0; its seed says which file and line, or row, it is.

        Raises:
            RecipeError: the file has changed since it was opened.
        """
        try:
            fields, content, place = self._rows.read(row)
        except OSError as error:
            raise RecipeError(f"general: {self._name} cannot be read ({error})") from error
        found = _sample(fields, f"general: {self._name}{place}")
        return Sample(
            messages=found.messages,
            rejected=found.rejected,
            answer=found.answer,
            strategy="general",
            seed=SeedRef(
                hashlib.blake2b(content, digest_size=16).hexdigest(),
                f"{self._name}{place}",
                self._licence,
            ),
        )


def _sample(fields: Mapping[str, Any], where: str) -> Sample:
    try:
        return sample_from_fields(fields)
    except SeedError as error:
        raise RecipeError(f"{where}: {error}") from error
