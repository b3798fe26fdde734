"""What several processes of one run spend, in a small file that all of them see at once.

Each process writes its own line and reads all of them, so that nothing is locked: a number of
eight bytes is written whole.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Ledger", "Spent"]

_LINE = struct.Struct("=4d")
_LINES = 64


class Spent(NamedTuple):
    """What one process, or all of them, have spent: requests made or under way, tokens, US dollars
    (not a number where that is unknown), and replies with which no tokens were reported."""

    requests: float = 0.0
    tokens: float = 0.0
    cost: float = 0.0
    unmetered: float = 0.0


class Ledger:
    """The file; a context manager.

    Args:
        path: where it is; made by `make`.
    """

    def __init__(self, path: Path) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _LINE.size * _LINES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._map.close()

    @staticmethod
    def make(path: Path) -> None:
        """Make an empty ledger."""
        path.write_bytes(bytes(_LINE.size * _LINES))

    def write(self, line: int, spent: Spent) -> None:
        """Note what the process of that line has spent so far."""
        _LINE.pack_into(self._map, line * _LINE.size, *spent)

    def others(self, line: int) -> Spent:
        """What all processes but that one have spent."""
        lines = [
            _LINE.unpack_from(self._map, other * _LINE.size)
            for other in range(_LINES)
            if other != line
        ]
        return Spent(*(sum(column) for column in zip(*lines, strict=True)))
