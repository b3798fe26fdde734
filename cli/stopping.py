"""Signals: the first one stops a run and leaves its books in order, the second one ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from ..errors import Interrupted

__all__ = ["Stoppable"]

T = TypeVar("T")

# Ctrl-C, a service manager, a terminal that is closed.
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
SHOW_CURSOR = "\x1b[?25h"


class Stoppable:
    """A context manager in which signals stop what `run` runs. The process is to end after it.

    A signal that was ignored before (`nohup`, a background job) stays ignored.

    Args:
        sentence: what to say to the user who stopped it.

    Raises:
        Interrupted: a signal came; what was running has been cancelled, and has ended.
    """

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # Who has been told to stop is about to end, with its own status.
            signal.signal(number, signal.SIG_IGN if self._stopped else handler)
        if self._stopped and isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
            raise Interrupted(self._sentence) from None

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work to its end, or until a signal comes."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            return await work()
        finally:
            self._task = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopped:
            self._leave()
        self._stopped = True
        if self._loop is None or self._task is None:
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._task.cancel)

    def _leave(self) -> None:
        """End at once, as a kill would: what is in the journal stays there."""
        shown = SHOW_CURSOR if sys.stderr is not None and sys.stderr.isatty() else ""
        try:
            os.write(2, f"{shown}\nsilversmith: {self._sentence}\n".encode())
        finally:
            os._exit(Interrupted.exit_status)
