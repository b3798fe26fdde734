"""Whether two mathematical expressions are equal, decided in processes of its own.

A few worker processes (`symbolic_worker.py`) are started when they are first needed. One that
hangs, crashes or fills its memory is replaced, and its pair cannot be told. They end with this
process, however it ends.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import TypeVar

from ...errors import CheckError

__all__ = ["Compare", "in_worker", "latex_of"]

T = TypeVar("T")
Compare = Callable[[str, str, float], bool | None]

WORKERS = 2
LONGEST = 400
START_SECONDS = 120.0


def in_worker(task: Callable[[Compare], T]) -> Future[T]:
    """Have a task done beside a worker process, in a thread of the pool.

    Args:
        task: gets a function that compares two expressions, in LaTeX, the known one first. It
            says whether they are mathematically equal, or None where that cannot be told: one
            of them is no expression or is longer than 400 characters, or the CPU time (third
            argument, in seconds) or the memory (2 GiB) was not enough.

    Returns:
        A future; from async code, `await asyncio.wrap_future(...)`. It raises CheckError where
        the worker cannot be started: math-verify is not installed, for instance.
    """
    return _pool.submit(task)


def latex_of(text: str) -> str:
    """A plain expression in the LaTeX that the workers read."""
    text = text.strip().strip("$").translate(_SIGNS)
    text = text.replace("**", "^").replace("<=", r"\le ").replace(">=", r"\ge ")
    text = _ROOT.sub(r"\\sqrt{\1}", text)
    text = _ROOT_SIGN.sub(r"\\sqrt{\1}", text)
    text = _NAMED.sub(r"\\\1 ", text)
    text = _EXPONENT.sub(r"^{\1\2}", text)
    return text.replace("*", r"\cdot ")


_SIGNS = {
    ord("−"): "-", ord("–"): "-", ord("×"): r"\cdot ", ord("·"): r"\cdot ", ord("÷"): "/",
    ord("π"): r"\pi ", ord("∞"): r"\infty ", ord("≤"): r"\le ", ord("≥"): r"\ge ",
    ord("≠"): r"\ne ", ord("∪"): r"\cup ", ord("²"): "^{2}", ord("³"): "^{3}",
    ord("∅"): r"\emptyset ",
}  # fmt: skip
_ROOT = re.compile(r"(?<![A-Za-z\\])sqrt\s?\(([^()]{1,200})\)")
_ROOT_SIGN = re.compile(r"√\s?\(?([A-Za-z]|[0-9.]{1,40})\)?")
_NAMED = re.compile(r"(?<!\\)\b(pi|infty|sin|cos|tan|log|ln|exp|theta|alpha|beta)\b")
_EXPONENT = re.compile(r"\^(?:\(([^(){}]{1,40})\)|(-?[0-9]{1,40})(?![}0-9]))")


class _Worker:
    """One worker process, used by one thread."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("symbolic_worker.py")
        # -P: the folder of the script is not a place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest = b""
        if self._line(START_SECONDS) != b"ready":
            self.end()
            raise CheckError(
                "answers cannot be compared symbolically: the worker process does not start; "
                "install `math-verify[antlr4_13_2]`"
            )

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def compare(self, one: str, two: str, seconds: float) -> tuple[bool | None, bool]:
        """What the worker says, and whether it is still of use."""
        line = json.dumps({"one": one, "two": two, "seconds": seconds}).encode() + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError:
            return None, False
        # CPU time is what is limited; this is for the case that the worker does not get any.
        answer = self._line(10 * seconds + 30)
        if answer is None:
            return None, False
        equal = json.loads(answer)
        return (equal if isinstance(equal, bool) else None), True

    def _line(self, seconds: float) -> bytes | None:
        """The next line, or None where the process has ended or the time is over."""
        assert self._process.stdout is not None
        pipe, until = self._process.stdout.fileno(), monotonic() + seconds
        while b"\n" not in self._rest:
            left = until - monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return None
            read = os.read(pipe, 4096)
            if not read:
                return None
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def end(self) -> None:
        """Stop the process, if it has not ended by itself."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was still to be written has no reader any more
                    continue


class _Pool:
    """Threads, each with a worker process; both appear with the first question."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own = threading.local()
        self._threads: ThreadPoolExecutor | None = None
        self._workers: set[_Worker] = set()

    def submit(self, task: Callable[[Compare], T]) -> Future[T]:
        """Have a task done."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="symbolic")
                atexit.register(self.end)
        return self._threads.submit(task, self._compare)

    def _compare(self, one: str, two: str, seconds: float) -> bool | None:
        if max(len(one), len(two)) > LONGEST:
            return None
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is not None and worker.is_gone:
            self._give_up(worker)  # it died of something else than this question
            worker = None
        if worker is None:
            worker = self._own.worker = _Worker()
            with self._lock:
                self._workers.add(worker)
        equal, usable = worker.compare(one, two, seconds)
        if not usable:
            self._give_up(worker)
        return equal

    def _give_up(self, worker: _Worker) -> None:
        self._own.worker = None
        with self._lock:
            self._workers.discard(worker)
        worker.end()

    def end(self) -> None:
        """Stop the threads and their processes."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.end()
        self._workers.clear()


_pool = _Pool()


def _renew() -> None:
    """A forked child has neither the threads nor the right to the processes of its parent."""
    global _pool
    _pool = _Pool()


os.register_at_fork(after_in_child=_renew)
