"""Time limits for answers that count only the time in which this process listened."""

from __future__ import annotations

import asyncio

__all__ = ["Deadlines"]

TICK = 0.05
"""Seconds between two looks at the clock; a limit is kept to within that."""


class Deadlines:
    """Limits for what waits in one event loop.

    While the process is busy (a reply of 5 MB is read, the machine stands still), answers come in
    and are not read. A limit by the clock would be over before they are, and what is paid for
    already would be asked for again. So time counts by looks at the clock, and a look that is late
    counts for no more than two ticks.
    """

    def __init__(self) -> None:
        self._ends: dict[asyncio.Timeout, float] = {}
        self._heard = 0.0
        self._looked = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> asyncio.Timeout:
        """A limit for what is awaited inside it, as that of `asyncio.timeout`; enter it with `async
        with`, which raises TimeoutError, and `end` it."""
        now = asyncio.get_running_loop().time()
        if self._timer is None:
            self._looked = now
            self._look_later()
        timeout = asyncio.timeout(None)
        self._ends[timeout] = self._heard + min(now - self._looked, 2 * TICK) + seconds
        return timeout

    def end(self, timeout: asyncio.Timeout) -> None:
        """Forget a limit that is over."""
        del self._ends[timeout]

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        self._heard += min(now - self._looked, 2 * TICK)
        self._looked = now
        for timeout, end in self._ends.items():
            if end <= self._heard and not timeout.expired():
                timeout.reschedule(now)
        if self._ends:
            self._look_later()
        else:
            self._timer = None
