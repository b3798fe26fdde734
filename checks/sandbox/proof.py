"""Whether the walls hold on this machine: tried, not assumed."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from dataclasses import dataclass

from .room import SandboxUnavailable

__all__ = ["Wall", "prove", "walls"]


@dataclass(frozen=True)
class Wall:
    """One thing that a shut-in program tried.

    Attributes:
        name: what should keep it from succeeding.
        holds: whether it did.
        detail: what happened.
        needed: False for a second wall behind a first one; without it programs are still run.
    """

    name: str
    holds: bool
    detail: str
    needed: bool = True


# Each function returns what it was told, and raises or returns a text that starts with "!" where
# a wall is missing. It runs as a stranger's program does.
_PROBE = """
import ctypes, errno, json, os, resource, socket, sys
outside = json.loads(input())
libc = ctypes.CDLL(None, use_errno=True)

def refused(action, *kinds):
    try:
        found = action()
    except kinds as error:
        return str(error)
    return f"! it gave {found!r}"

def files():
    return "; ".join(refused(lambda: open(path).read(9), OSError) for path in outside["files"])

def writing():
    places = [os.path.dirname(os.__file__) + "/probe", "/probe", "/dev/probe"]
    return "; ".join(refused(lambda: open(place, "w"), OSError) for place in places)

def second_wall():
    return refused(lambda: os.listdir("/"), PermissionError)

def network():
    return "; ".join(
        refused(lambda: socket.socket(family), PermissionError)
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK)
    )

def processes():
    return refused(os.fork, OSError) + "; " + refused(lambda: os.execv("/x", ["x"]), OSError)

def others():
    return refused(lambda: os.kill(outside["pid"], 0), ProcessLookupError)

def rights():
    head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    number = {"x86_64": 125, "aarch64": 90}[os.uname().machine]
    assert libc.syscall(number, head, sets) == 0, os.strerror(ctypes.get_errno())
    held = [*sets, *(cap for cap in range(64) if libc.prctl(23, cap, 0, 0, 0) == 1)]
    first = f"capabilities {held}" if not any(held) else f"! capabilities {held}"
    return first + "; " + ("no_new_privs" if libc.prctl(39, 0, 0, 0, 0) == 1 else "! privileges")

def filtering():
    return "seccomp filter" if libc.prctl(21, 0, 0, 0, 0) == 2 else "! no filter"

def limits():
    held = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] for name in
            ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE")}
    return ("! " if -1 in held.values() else "") + str(held)

def secrets():
    found = [place for place in range(256) if place > 2 and refused(
        lambda: os.fstat(place), OSError).startswith("!")]
    return f"! environment {dict(os.environ)}, open {found}" if os.environ or found else "none"

told = {}
for act in (files, writing, second_wall, network, processes, others, rights, filtering, limits,
            secrets):
    try:
        told[act.__name__] = act()
    except Exception as error:
        told[act.__name__] = f"! {type(error).__name__}: {error}"
print(json.dumps(told))
"""

_NAMES = {
    "files": "the machine's files are out of sight",
    "writing": "nothing but its own folder can be written",
    "second_wall": "Landlock stands behind the mount namespace",
    "network": "no socket can be opened",
    "processes": "no process and no program can be started",
    "others": "no other process can be reached",
    "rights": "no capability, and none to be gained",
    "filtering": "system calls are filtered",
    "limits": "processor, memory, threads, files and core dumps are limited",
    "secrets": "no environment and no open file is inherited",
}
_FATAL = "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)"


def walls() -> list[Wall]:
    """Run two probes as strangers' programs are run, and report what they could do.

    Raises:
        SandboxUnavailable: not even the start of a sandbox succeeds; the text names what fails.
    """
    # running imports this module; the probes are run without the proof that they make.
    from .running import run_unproven

    with tempfile.NamedTemporaryFile("w", prefix="silversmith-probe-") as secret:
        secret.write("secret")
        secret.flush()
        paths = [secret.name, "/etc/passwd", "/proc/self/status", "/proc/1/environ", "/sys/kernel"]
        question = json.dumps({"files": paths, "pid": os.getpid()})
        outcome = run_unproven(_PROBE, question)
    if not outcome.passed:
        raise SandboxUnavailable(f"The sandbox's probe failed ({outcome.reason}).")
    told = json.loads(outcome.output)
    found = [
        Wall(text, "!" not in told[name], told[name], needed=name != "second_wall")
        for name, text in _NAMES.items()
    ]
    fatal = run_unproven(_FATAL, "")
    what = "a call that only an attack makes ends the program"
    return [*found, Wall(what, fatal.ending == "killed", fatal.reason)]


@functools.cache
def prove() -> None:
    """Have the walls tried, once per process, before the first stranger's program.

    Raises:
        SandboxUnavailable: one that is needed does not hold; the text names it.
    """
    for wall in walls():
        if wall.needed and not wall.holds:
            raise SandboxUnavailable(
                f"Code from a model is not run here, as a wall of the sandbox does not hold: "
                f"{wall.name} ({wall.detail}). docs/sandbox.md says what the machine must allow."
            )
