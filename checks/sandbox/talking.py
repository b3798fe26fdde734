"""The caller's side of a sandbox: start it, feed it, listen, and stop it at its limits."""

from __future__ import annotations

import atexit
import contextlib
import io
import marshal
import os
import selectors
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Literal

from ...errors import CheckError
from .room import Room, SandboxUnavailable, room

__all__ = ["Talk", "talk"]

_START_S = 30
_END_S = 30
_LAST_WORDS_S = 1
_ASLEEP_S = 0.5
_OUTPUT_BYTES = 1 << 20
_SCRATCH_BYTES = 16 << 20
_CHANNEL_BYTES = 1 << 16


@dataclass
class Talk:
    """All that came from one sandbox, each part cut at its limit.

    Attributes:
        out: standard output.
        err: standard error.
        report: what its keeper said.
        verdict: what its tests' process said.
        stopped: the limit that ended it, and a sentence on it; None where it ended by itself.
    """

    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    report: bytearray = field(default_factory=bytearray)
    verdict: bytearray = field(default_factory=bytearray)
    stopped: tuple[Literal["timeout", "output"], str] | None = None


def talk(code: str, tests: str | None, stdin: bytes, seconds: float, memory: int) -> Talk:
    """Run one job in a sandbox; returns when no process of it is left.

    Args:
        code: the answer, or the whole program.
        tests: the tests; None for a whole program.
        stdin: what a whole program can read.
        seconds: limit of the time from the moment that the code is started.
        memory: limit of each process's address space in bytes.

    Raises:
        SandboxUnavailable: it could not be started.
        CheckError: it did not end when told to.
    """
    place = room()
    job = {
        "whole": tests is None,
        "code": code,
        "stdin": stdin,
        "seconds": seconds,
        "memory": memory,
        "scratch": _SCRATCH_BYTES,
    }
    body = marshal.dumps(job)
    sent = len(body).to_bytes(8, "little") + body
    sent += (tests or "").encode("utf-8", "surrogatepass")
    ours: list[io.FileIO] = []
    theirs: list[int] = []
    with contextlib.ExitStack() as files:
        # Order and direction as in `server.serve`: only the job and the control are written to.
        for written in (True, False, False, True, False, False):
            read, write = os.pipe()
            theirs.append(read if written else write)
            ours.append(files.enter_context(io.FileIO(*((write, "w") if written else (read, "r")))))
        try:
            _send_job(place, theirs)
        finally:
            for one in theirs:
                os.close(one)
        return _Listening(ours, sent, seconds).until_the_end()


class _Listening:
    """One sandbox's pipes, until all of them are closed."""

    def __init__(self, pipes: list[io.FileIO], sent: bytes, seconds: float) -> None:
        self._job, out, err, self._control, report, verdict = pipes
        self._talk = Talk()
        self._sinks = {
            out: (self._talk.out, _OUTPUT_BYTES),
            err: (self._talk.err, _OUTPUT_BYTES),
            report: (self._talk.report, _CHANNEL_BYTES),
            verdict: (self._talk.verdict, _CHANNEL_BYTES),
        }
        self._rest = memoryview(sent)
        self._seconds = seconds
        self._too_long = f"no end within {seconds:g} seconds"
        self._ready = self._gone = False
        self._deadline = time.monotonic() + _START_S

    def until_the_end(self) -> Talk:
        with selectors.DefaultSelector() as selector:
            for pipe in self._sinks:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            os.set_blocking(self._job.fileno(), False)
            selector.register(self._job, selectors.EVENT_WRITE)
            while selector.get_map():
                asked = time.monotonic()
                left = max(0.0, self._deadline - asked)
                events = selector.select(left)
                late = time.monotonic() - asked - left
                if late > _ASLEEP_S:  # this process was stopped, so the time was not the answer's
                    self._deadline += late
                elif not events and self._is_over():
                    break
                for key, _ in events:
                    if key.fileobj is self._job:
                        self._feed()
                        if self._job.closed:
                            selector.unregister(key.fileobj)
                    elif not self._hear(key.fileobj):  # type: ignore[arg-type]
                        selector.unregister(key.fileobj)
        if self._talk.stopped is None and b"timeout\n" in self._talk.report:
            self._talk.stopped = ("timeout", self._too_long)
        return self._talk

    def _is_over(self) -> bool:
        """At the deadline: stop the sandbox, or stop waiting for it."""
        if self._gone:
            # Whoever holds a pipe open is another child of the caller's.
            return True
        if self._control.closed:
            raise CheckError(f"A sandbox did not end within {_END_S} seconds of being told to.")
        if not self._ready:
            raise SandboxUnavailable(f"The sandbox did not start within {_START_S} seconds.")
        self._stop("timeout", self._too_long)
        return False

    def _stop(self, limit: Literal["timeout", "output"], sentence: str) -> None:
        # The sandbox's first process waits for that, and takes all others with it.
        self._control.close()
        self._talk.stopped = (limit, sentence)
        self._deadline = time.monotonic() + _END_S

    def _feed(self) -> None:
        try:
            self._rest = self._rest[os.write(self._job.fileno(), self._rest[: 1 << 16]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it ended early, and its report says why
            self._rest = self._rest[:0]
        if not self._rest:
            self._job.close()

    def _hear(self, pipe: io.FileIO) -> bool:
        """Take what is there; whether more may come."""
        sink, most = self._sinks[pipe]
        try:
            part = os.read(pipe.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        sink += part[: most - len(sink)]
        report = self._talk.report
        if sink is report and not self._ready and b"ready\n" in report:
            self._ready = True
            self._deadline = time.monotonic() + self._seconds
        if sink is report and not self._gone and report.endswith(b"gone\n"):
            self._gone = True
            self._deadline = time.monotonic() + _LAST_WORDS_S
        if part and len(sink) >= most and self._talk.stopped is None:
            self._stop("output", f"more than {_OUTPUT_BYTES} bytes of output")
        return bool(part)


@dataclass
class _Server:
    """The process that sandboxes are forked from, and our end of its socket."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    owner: int

    def close(self) -> None:
        self.line.close()
        if self.owner == os.getpid():
            self.process.wait()


_lock = threading.Lock()
_server: _Server | None = None


def _send_job(place: Room, descriptors: list[int]) -> None:
    for attempt in range(2):
        line = _the_server(place, afresh=attempt > 0).line
        try:
            socket.send_fds(line, [b"!"], descriptors)
            return
        except OSError as error:  # it was killed; a new one can be had
            reason = error
    raise SandboxUnavailable(f"The sandbox's server ended at once ({reason}).")


def _the_server(place: Room, afresh: bool) -> _Server:
    global _server
    with _lock:
        if _server is not None and (afresh or _server.owner != os.getpid()):
            _server.close()
            _server = None
        if _server is None:
            _server = _start_server(place)
            atexit.register(_server.close)
        return _server


def _start_server(place: Room) -> _Server:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            process = subprocess.Popen(
                [*place.command, str(theirs.fileno())],
                env=place.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise SandboxUnavailable(f"The sandbox cannot be started ({error}).") from error
    program: IO[bytes] | None = process.stdin
    assert program is not None
    with contextlib.suppress(BrokenPipeError), io.BufferedWriter(program) as whole:
        whole.write(place.program)
    return _Server(process, ours, os.getpid())
