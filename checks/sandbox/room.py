"""The interpreter that sandboxes are forked from: which one, and what it is given to run."""

from __future__ import annotations

import functools
import marshal
import os
import sys
from dataclasses import dataclass
from importlib import util

from ...errors import CheckError
from .syscalls import MACHINES

__all__ = ["Room", "SandboxUnavailable", "room"]


class SandboxUnavailable(CheckError):
    """This machine cannot isolate a stranger's code, so none is run."""


@dataclass(frozen=True)
class Room:
    """What it takes to start a server of sandboxes.

    Attributes:
        command: its command line, but for the number of its socket.
        environment: its environment; what runs inside sees an empty one.
        program: the sandbox's own modules, compiled; it reads them from its standard input.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    program: bytes


# Modules that run inside, in the order of their imports. They import nothing else of ours.
_INSIDE = ("syscalls", "walls", "values", "far", "line", "answering", "judging", "keeper", "server")

# No site-packages, no user's folder, no current folder on the path, no bytecode written.
_FLAGS = ("-S", "-s", "-P", "-B", "-X", "utf8")

# The same order of sets, so the same verdict, in every run.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}

_START = """\
import marshal, os, sys
program = marshal.loads(b"".join(iter(lambda: os.read(0, 1 << 20), b"")))
package = sys.modules["sandbox"] = type(sys)("sandbox")
package.__path__ = []
for name, code in program:
    module = sys.modules["sandbox." + name] = type(sys)("sandbox." + name)
    module.__package__ = "sandbox"
    exec(code, module.__dict__)
module.serve(int(sys.argv.pop()))
"""


@functools.cache
def room() -> Room:
    """The room of this interpreter.

    Raises:
        SandboxUnavailable: another system than Linux, or a machine without a known filter.
    """
    machine = os.uname().machine if sys.platform == "linux" else sys.platform
    if machine not in MACHINES:
        known = " and ".join(MACHINES)
        raise SandboxUnavailable(
            f"The sandbox needs Linux on {known}, and this is {machine}: code from a model is not "
            "run here. Run it on such a machine, or leave out the check."
        )
    # A virtual environment's interpreter would look for the environment, which is out of sight.
    python = getattr(sys, "_base_executable", None) or sys.executable
    codes = []
    for name in _INSIDE:
        spec = util.find_spec(f"{__package__}.{name}")
        assert spec is not None
        assert spec.loader is not None
        codes.append((name, spec.loader.get_code(spec.name)))  # type: ignore[attr-defined]
    return Room((python, *_FLAGS, "-c", _START), _ENVIRONMENT, marshal.dumps(codes))
