"""Runs a command and measures it as a whole: wall clock, CPU time and memory of its tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measured", "measure", "tree"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command.

    Attributes:
        started: when it was started, in seconds since 1970.
        wall_s: from its start to its end.
        cpu_s: user and system time of the process and of all its children that it waited for.
        peak_rss_mb: on Linux the largest sum of resident memory over the tree, sampled; elsewhere
            the largest of a single process. In MiB.
        status: its exit status, negative for a signal.
        timed_out: True where it was killed for taking longer than allowed.
    """

    started: float
    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    status: int
    timed_out: bool


def measure(command: Sequence[str], folder: Path, log: Path, timeout_s: float) -> Measured:
    """Run a command in a folder, its output into a log file, and measure it.

    It runs in a process group of its own, which is killed after `timeout_s` seconds.
    """
    with open(log, "wb") as output:
        started = time.time()
        clock = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    memory = _Memory(process.pid)
    memory.start()
    timer = threading.Timer(timeout_s, _kill, [process.pid])
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        _kill(process.pid)
        raise
    finally:
        timer.cancel()
        memory.stop.set()
        memory.join()
    wall = time.perf_counter() - clock
    process.returncode = os.waitstatus_to_exitcode(status)
    largest = usage.ru_maxrss / _MIB if sys.platform == "darwin" else usage.ru_maxrss / 1024
    return Measured(
        started=started,
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_rss_mb=max(largest, memory.peak / _MIB),
        status=process.returncode,
        timed_out=wall >= timeout_s,
    )


class _Memory(threading.Thread):
    """Samples the memory of a process tree, where /proc tells it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.1):
            self.peak = max(self.peak, sum(map(_resident, tree(self.pid))))


def tree(pid: int) -> list[int]:
    """A process and all that it and these have begun."""
    pids = [pid]
    for parent in pids:  # grows as children are found
        try:
            for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
                pids += map(int, tasks.read_text().split())
        except OSError:
            continue  # it has ended in the meantime
    return pids


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0  # it has ended in the meantime, or there is no /proc
    return pages * os.sysconf("SC_PAGE_SIZE")


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
