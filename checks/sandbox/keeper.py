"""The first process of a sandbox: it has the walls built, starts the sides, and ends everything.

The keeper is process 1 of a new pid namespace: when it ends, the kernel ends all that is left in
there. It runs none of the answer's or the tests' code. The tests run beside it; the answer runs
in a pid namespace within, where it sees and can signal nobody but itself. It ends when the tests
(or the whole program) end, when the caller closes the control pipe (or dies), or when the time is
over.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
from collections.abc import Callable
from typing import Any

from .answering import answer_side, run_whole
from .judging import tests_side
from .line import Line, LineBroken
from .walls import WallError, build_root, enter_namespaces, shut_in

__all__ = ["arrange", "keep", "report"]

_CLONE_NEWPID = 0x20000000
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_GRACE_S = 60
"""Who keeps the time is the caller; the keeper does where the caller is stopped for long."""
_CONTROL, _REPORT, _VERDICT = 3, 4, 5
_HIGHEST = 256


def keep(job: dict[str, Any]) -> None:
    """Do one job: see `running` for what is in it.

    Expects the tests as what is left to read on descriptor 0, and on 3, 4 and 5 the control pipe,
    the report and the verdict. The report's lines are "refused" and why; or "ready", then either
    "timeout", or "ended" and the statuses of the tests' and the answer's process, as waitpid
    gives them; and last "gone", when no process but the writer is left. Returns only in a process
    that ran a whole program, to end as Python ends.
    """
    try:
        enter_namespaces()
        build_root(job["paths"], job["covered"], job["scratch"])
    except (WallError, OSError) as error:
        report(f"refused {error}")
        os._exit(0)
    keeper = os.fork()
    if keeper == 0:
        return _keep(job)
    # From here on this process only waits.
    os.waitpid(keeper, 0)
    report("gone")
    os._exit(0)


def arrange(descriptors: list[int]) -> None:
    """Make these descriptors 0, 1, 2 ... and close all others."""
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD, _HIGHEST) for one in descriptors]
    for place, copy in enumerate(aside):
        os.dup2(copy, place)
    for one in {*aside, *descriptors}:
        if one >= len(descriptors):
            os.close(one)
    os.closerange(len(descriptors), _HIGHEST)


def report(text: str) -> None:
    """Tell the caller a line."""
    os.write(_REPORT, f"{text}\n".encode())


def _keep(job: dict[str, Any]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    os.environ.clear()
    to_answer, to_tests = os.pipe(), os.pipe()
    tests = None
    if not job["whole"]:
        tests = _start(lambda: _tests(job, to_tests[0], to_answer[1]))
    if libc.unshare(_CLONE_NEWPID) != 0:
        report("refused a pid namespace within the first cannot be had")
        os._exit(0)
    # The tests are not in this process's memory: only their own process reads them.
    answer = os.fork()
    if answer == 0:
        return _answer(job, to_answer[0], to_tests[1])
    for end in (0, *to_answer, *to_tests):
        os.close(end)
    report("ready")
    awaited = answer if tests is None else tests
    poll = select.poll()
    poll.register(os.pidfd_open(awaited), select.POLLIN)
    poll.register(_CONTROL, select.POLLIN)
    happened = [place for place, _ in poll.poll((job["seconds"] + _GRACE_S) * 1000)]
    if not happened:
        report("timeout")
    if not happened or _CONTROL in happened:
        os._exit(0)
    statuses = []
    for child in (tests, answer):
        if child is None:
            statuses.append(0)
            continue
        # One that is at its end already keeps the status that it ends with.
        os.kill(child, _SIGKILL)
        statuses.append(os.waitpid(child, 0)[1])
    report(f"ended {statuses[0]} {statuses[1]}")
    os._exit(0)


def _start(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def _tests(job: dict[str, Any], read: int, write: int) -> None:
    tests = b"".join(iter(lambda: os.read(0, 1 << 16), b"")).decode("utf-8", "surrogatepass")
    arrange([_null(), 1, 2, read, write, _VERDICT, _REPORT])
    _shut_in(job, report=6)
    kind, reason = tests_side(3, 4, tests)
    rest = f"{kind}\n{reason}".encode("utf-8", "replace")
    while rest:
        rest = rest[os.write(5, rest) :]


def _answer(job: dict[str, Any], read: int, write: int) -> None:
    if job["whole"]:
        arrange([_file(job["stdin"]), 1, 2, _REPORT])
        _shut_in(job, report=3)
        run_whole(job["code"])
        return
    try:
        arrange([_null(), 1, 2, read, write, _REPORT])
        _shut_in(job, report=5)
        answer_side(Line(3, 4), job["code"])
    except LineBroken:
        os._exit(0)
    finally:
        os._exit(1)


def _shut_in(job: dict[str, Any], report: int) -> None:
    try:
        readable = [*job["paths"], *job["covered"]]
        shut_in(job["seconds"], job["memory"], job["scratch"], readable)
    except (WallError, OSError) as error:
        os.write(report, f"refused {error}\n".encode())
        os._exit(1)
    os.close(report)


def _null() -> int:
    return os.open("/dev/null", os.O_RDWR)


def _file(data: bytes) -> int:
    """A file without a name that holds the data, at its start."""
    place = os.open("/tmp/stdin", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink("/tmp/stdin")
    while data:
        data = data[os.write(place, data) :]
    os.lseek(place, 0, os.SEEK_SET)
    return place
