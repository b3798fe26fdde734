"""Requests that come close together, collected until none has come for a while: by then, all who
ask are waiting for answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Wave"]

LARGEST_FILE = 200_000_000
"""Bytes that OpenAI takes as one file."""


class Wave:
    """Collects requests, and hands them on together. Belongs to the event loop that it is used in.

    Args:
        wait: seconds without a further request after which they are handed on.
        most: how many are handed on at once; may be changed.
        submit: is given them, as lines of a file by their ids.
    """

    def __init__(self, wait: float, most: int, submit: Callable[[dict[str, bytes]], None]) -> None:
        self.most = most
        self._wait = wait
        self._submit = submit
        self._lines: dict[str, bytes] = {}
        self._bytes = 0
        self._last_came = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, id_: str, line: bytes) -> None:
        """One more request."""
        if self._bytes + len(line) > LARGEST_FILE:
            self._hand_on()
        self._lines[id_] = line
        self._bytes += len(line)
        loop = asyncio.get_running_loop()
        self._last_came = loop.time()
        if len(self._lines) >= self.most:
            self._hand_on()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait, self._look)

    def discard(self, id_: str) -> None:
        """Nobody asks for this one any more, if it is here."""
        self._bytes -= len(self._lines.pop(id_, b""))

    def close(self) -> None:
        """Hand nothing on any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        """Hand on if no request has come for long enough, else look again then."""
        self._timer = None
        loop = asyncio.get_running_loop()
        left = self._last_came + self._wait - loop.time()
        if left > 0:
            self._timer = loop.call_later(left, self._look)
        else:
            self._hand_on()

    def _hand_on(self) -> None:
        lines, self._lines, self._bytes = self._lines, {}, 0
        if lines:
            self._submit(lines)
