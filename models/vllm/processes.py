"""Processes as the kernel tells of them in /proc (proc(5)), so that one is never taken for
another that has got its number since."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "boot_id", "end_all", "of_session", "process"]

_POLL = 0.05


@dataclass(frozen=True)
class Process:
    """One process.

    Attributes:
        pid: its number, which another process may have one day.
        group, session: the numbers of its process group and session.
        started: when it started, in clock ticks since the machine did; with the number and the
            machine's boot it names one process for good.
        zombie: whether it has ended, and its parent has not heard of it yet.
    """

    pid: int
    group: int
    session: int
    started: int
    zombie: bool = False

    @property
    def lives(self) -> bool:
        """Whether this very process is still there."""
        now = process(self.pid)
        return now is not None and now.started == self.started and not now.zombie


def process(pid: int) -> Process | None:
    """The process of a number now, or None."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    # The name stands in brackets, and may hold brackets and spaces itself.
    state, _, group, session, *rest = text.rpartition(")")[2].split()
    return Process(pid, int(group), int(session), int(rest[15]), zombie=state in "ZX")


def boot_id() -> str:
    """Which start of the machine this is."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def of_session(session: int, *, since: int) -> list[Process]:
    """The living processes of a session that started at `since` or later.

    The kernel gives the number of a session to no other process while a process of it is left;
    once all have ended, it may. `since` then keeps older ones out, and who asks must see to it that
    the session's leader is the one it knows, or gone.
    """
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        one = process(int(entry))
        if one is not None and one.session == session and one.started >= since and not one.zombie:
            found.append(one)
    return found


def end_all(processes: Iterable[Process], *, patience: float) -> None:
    """End processes: by SIGTERM, and by SIGKILL after `patience` seconds; wait until they are
    gone. A process that cannot be ended by us is left alone."""
    left = list(processes)
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10.0)):
        left = [one for one in left if one.lives]
        for one in left:
            try:
                os.kill(one.pid, number)
            except OSError:
                continue
        until = time.monotonic() + seconds
        while any(one.lives for one in left) and time.monotonic() < until:
            time.sleep(_POLL)
