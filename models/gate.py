"""How many requests an endpoint gets at once, and when it gets none."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Gate"]


class Gate:
    """Lets so many requests through at once, and none while the endpoint asked for a pause.

    A 429 that says when to come back concerns the endpoint, not one request: whoever sends
    before that only collects another 429. Belongs to the event loop that it is used in.
    """

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._opens_at = 0.0

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long; requests that are under way go on."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    async def __aenter__(self) -> None:
        await self._places.acquire()
        try:
            while (wait := self._opens_at - time.monotonic()) > 0:
                await asyncio.sleep(wait)
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._places.release()
