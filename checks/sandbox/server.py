"""A fresh interpreter that waits for jobs and forks a sandbox for each.

To start Python takes longer than to run most answers. So one is started once, loads what answers
use most, and then only forks. It never runs a line of an answer or of tests, so each sandbox
begins as the same untouched process; namespaces, root, limits and filters are made anew for each.
"""

from __future__ import annotations

import contextlib
import importlib
import marshal
import os
import signal
import socket
import sys

from .keeper import arrange, keep
from .syscalls import filter_program

__all__ = ["serve"]

# What answers and tests import most: loaded before the fork, it costs nothing after it.
_FREQUENT = (
    "bisect", "collections", "copy", "dataclasses", "functools", "heapq", "itertools", "json",
    "math", "operator", "random", "re", "string", "typing",
)  # fmt: skip
# Compiled modules that may load shared libraries, which are out of sight inside.
_WITH_LIBRARIES = (
    "_bz2", "_ctypes", "_dbm", "_decimal", "_elementtree", "_gdbm", "_hashlib", "_lzma",
    "_sqlite3", "_ssl", "_uuid", "_zstd", "binascii", "pyexpat", "zlib",
)  # fmt: skip
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_ENDS = 6


def serve(line: int) -> None:
    """Take jobs until the other end of this socket is closed.

    A message brings six descriptors: the job (a marshalled dictionary behind its length in eight
    bytes, then the tests), standard output and error, then those that `keeper` names. Returns
    only in a process that ran a whole program, to end as Python ends.
    """
    for name in (*_FREQUENT, *_WITH_LIBRARIES):
        with contextlib.suppress(ImportError):  # not every build of Python has all
            importlib.import_module(name)
    paths, covered = _visible()
    filter_program(os.uname().machine)
    # The kernel takes away the children that ended; nobody asks for their status.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=line) as callers:
        while True:
            message, descriptors, _, _ = socket.recv_fds(callers, 1, _ENDS)
            if not message:
                os._exit(0)
            try:
                child = os.fork()
            except OSError as error:
                os.write(descriptors[4], f"refused a process cannot be had ({error})\n".encode())
                child = -1
            if child == 0:
                break
            for one in descriptors:
                os.close(one)
        callers.detach()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arrange(descriptors)  # closes the socket too
    job = _read(int.from_bytes(_read(8), "little"))
    keep(marshal.loads(job) | {"paths": paths, "covered": covered})


def _visible() -> tuple[list[str], list[str]]:
    """What a sandbox's root holds: the standard library, its packages' folders empty."""
    library = [os.path.abspath(place) for place in sys.path if os.path.exists(place)]
    tops = [one for one in library if not any(one.startswith(f"{other}/") for other in library)]
    inner = [os.path.join(top, name) for top in tops for name in _PACKAGE_FOLDERS]
    return [*tops, "/dev/null"], [path for path in inner if os.path.isdir(path)]


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
