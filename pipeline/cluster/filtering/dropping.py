"""What a dataset filter says on a cluster."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Dropped"]


class Dropped(NamedTuple):
    """A sample goes.

    Attributes:
        row: its number in the dataset.
        reason: why, in the filter's words.
        because_of: the id of the sample that was preferred, or "".
    """

    row: int
    reason: str
    because_of: str = ""
