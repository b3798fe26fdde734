"""Running a model's Python behind walls, and what came of it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import Literal, get_args

from ...errors import CheckError
from .proof import prove
from .room import SandboxUnavailable
from .talking import Talk, talk

__all__ = ["Ending", "Outcome", "run_program", "run_tests", "run_unproven"]

Ending = Literal[
    "passed", "failed", "raised", "syntax", "timeout", "memory", "output", "killed", "crashed",
    "tests",
]  # fmt: skip

_LEAST_MEMORY_MB = 64
_LONGEST_INPUT = 2_000_000


@dataclass(frozen=True)
class Outcome:
    """What came of running an answer.

    Attributes:
        passed: True where all tests passed (or the program ended well); False where the answer is
            at fault; None where the tests are, so that they say nothing of the answer.
        ending: in one word: `passed`; `failed` (a test did); `raised` (the answer did); `syntax`
            (it does not parse); `timeout`, `memory`, `output` (a limit); `killed` (it called what
            only an attack calls); `crashed` (its process ended in any other way); `tests` (they
            cannot be run, or never use the answer).
        reason: a sentence with the place, such as the assertion that failed.
        output: what was written to standard output, at most 1 MiB; with `run_tests` also to
            standard error.
        seconds: time that it took, start of the sandbox included.
    """

    passed: bool | None
    ending: Ending
    reason: str
    output: str
    seconds: float


def run_tests(code: str, tests: str, *, seconds: float = 5.0, memory_mb: int = 512) -> Outcome:
    """Run a model's Python answer against tests, in a sandbox.

    The tests find the answer's names as their own globals (or import them from `solution`,
    `answer` or `main`). They are run as a module; then its functions named `test*` and its
    unittest cases. To pass, all of that must come to its end, with the answer used.

    The answer and the tests run in two processes, and what the tests get from the answer is data,
    or a reference to an object of it: so an answer can neither see the tests nor touch the
    verdict. docs/sandbox.md says what follows from that, and what it leaves open.

    Safe to call from several threads at once. Nothing of the run is left when it returns.

    Args:
        code: the answer.
        tests: the tests; they are no more trusted than the answer.
        seconds: limit of the time that the two take together, once they have started; above 0.
        memory_mb: limit of each one's address space in MiB; at least 64.

    Raises:
        SandboxUnavailable: this machine cannot isolate the code; nothing was run.
        CheckError: an argument is out of its range.
    """
    _check(seconds, memory_mb)
    prove()
    started = time.monotonic()
    end = talk(code, tests, b"", seconds, memory_mb << 20)
    ending, reason = _of_tests(end)
    passed = True if ending == "passed" else None if ending == "tests" else False
    output = _text(end.out + end.err)
    return Outcome(passed, ending, reason, output, time.monotonic() - started)


def run_program(
    code: str, *, stdin: str = "", seconds: float = 5.0, memory_mb: int = 512
) -> Outcome:
    """Run a whole Python program in a sandbox, for what it prints.

    `passed` says that it came to its end with exit status 0; whether what it printed is right is
    the caller's to compare. What it writes to standard error is no part of `output`; where it
    fails, the last line of it is the reason.

    Args, limits and errors are those of `run_tests`; `stdin` is what the program can read, at
    most 2 million characters.
    """
    _check(seconds, memory_mb)
    if len(stdin) > _LONGEST_INPUT:
        raise CheckError("The input of a sandboxed program may have at most 2 million characters.")
    prove()
    return run_unproven(code, stdin, seconds, memory_mb)


def run_unproven(
    code: str, stdin: str = "", seconds: float = 20.0, memory_mb: int = 512
) -> Outcome:
    """`run_program` for the proof itself: it does not ask first whether the walls hold."""
    started = time.monotonic()
    end = talk(code, None, stdin.encode("utf-8", "surrogatepass"), seconds, memory_mb << 20)
    ending, reason = _of_program(end)
    passed = ending == "passed"
    return Outcome(passed, ending, reason, _text(end.out), time.monotonic() - started)


def _check(seconds: float, memory_mb: int) -> None:
    if not 0 < seconds < 86_400:
        raise CheckError(f"A sandbox's seconds must be above 0 and below a day, not {seconds}.")
    if memory_mb < _LEAST_MEMORY_MB:
        raise CheckError(
            f"A sandbox's memory_mb must be at least {_LEAST_MEMORY_MB}, not {memory_mb}."
        )


def _of_tests(end: Talk) -> tuple[Ending, str]:
    if end.stopped is not None:
        return end.stopped
    tests_status, answer_status = _statuses(end)
    kind, _, reason = _text(end.verdict).partition("\n")
    if tests_status != 0:
        return "tests", f"the tests' process {_end_of(tests_status)[1]}"
    if kind == "gone":
        ending, how = _end_of(answer_status)
        return ending, f"the answer's process {how}"
    for ending in get_args(Ending):
        if kind == ending:
            return ending, reason
    return "tests", "the tests' process ended without a verdict"


def _of_program(end: Talk) -> tuple[Ending, str]:
    if end.stopped is not None:
        return end.stopped
    status = _statuses(end)[1]
    if status == 0:
        return "passed", "the program came to its end"
    if not os.WIFEXITED(status):
        ending, how = _end_of(status)
        return ending, f"the program {how}"
    last = _last_line(end.err)
    name = last.partition(":")[0]
    if name in ("SyntaxError", "IndentationError", "TabError"):
        return "syntax", last
    if name == "MemoryError":
        return "memory", last
    return "raised", last or f"the program {_end_of(status)[1]}"


def _statuses(end: Talk) -> tuple[int, int]:
    """How the tests' and the answer's process ended, from the sandbox's report."""
    for line in _text(end.report).splitlines():
        word, _, rest = line.partition(" ")
        if word == "refused":
            raise SandboxUnavailable(
                f"Code from a model is not run here, as it cannot be isolated: {rest}. "
                "docs/sandbox.md says what the machine must allow."
            )
        if word == "ended":
            tests, answer = rest.split()
            return int(tests), int(answer)
    raise SandboxUnavailable(f"The sandbox broke off before its end ({_last_line(end.err)}).")


def _end_of(status: int) -> tuple[Ending, str]:
    if os.WIFEXITED(status):
        return "crashed", f"ended itself with exit status {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    if number == signal.SIGSYS:
        return "killed", "called what no honest program calls, and was ended by the kernel"
    if number in (signal.SIGXCPU, signal.SIGKILL):
        return "crashed", "stopped answering or used up its processor time"
    return "crashed", f"crashed ({signal.Signals(number).name})"


def _last_line(data: bytes | bytearray) -> str:
    lines = _text(data).strip().splitlines()
    return lines[-1][:1000] if lines else ""


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "replace")
