"""What an export is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Component, Sample

__all__ = ["Export"]


class Export(Component, ABC):
    """One training format: a sample in, its rows out.

    A subclass is one file: its `kind` (the `--format` on the command line; a "-" in it is a "_"
    in the module's name), its options, and `rows`.
    """

    extension: ClassVar[str] = "jsonl"
    """The ending of the file that the rows go to: JSON, one object a line."""

    rows_have_ids: ClassVar[bool] = False
    """True where a row carries its sample's id; else the ids go to a file beside the rows,
    since trainers refuse columns that their format does not name."""

    @abstractmethod
    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """The rows of one sample, as values that orjson can write."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """Why the format has no place for this sample, in a few words; None where it has.
        `rows` is asked only for the others."""
        return None
