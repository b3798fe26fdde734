"""What an export is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar

from ..records import Component, Sample
from .sinks import JsonLines, Sink

__all__ = ["Export"]


class Export(Component, ABC):
    """One training format: a sample in, its rows out.

    A subclass is one file: its `kind` (the `--format` on the command line; a "-" in it is a "_"
    in the module's name), its options, and `rows`.
    """

    rows_have_ids: ClassVar[bool] = False
    """True where a row carries its sample's id; else the ids go to a file beside the rows,
    since trainers refuse columns that their format does not name."""

    least_rows: ClassVar[int] = 1
    """How many rows the consumer wants in a file to train on."""

    @abstractmethod
    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """The rows of one sample, as values that orjson can write."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """Why the format has no place for this sample, in a few words; None where it has.
        `rows` is asked only for the others."""
        return None

    def file(self, split: str | None) -> str:
        """The name of the file with the rows of a split, or with all rows."""
        return f"{split or 'data'}.jsonl"

    def sink(self, file: IO[bytes]) -> Sink:
        """What writes the rows to a file: JSON, one object a line."""
        return JsonLines(file)

    def beside(self, name: str, files: Mapping[str, str]) -> Mapping[str, bytes]:
        """Further files that the consumer wants beside the rows, by name; most want none.

        Args:
            name: of the run.
            files: the name of the file with the rows of each split; "train" where there are none.
        """
        return {}
