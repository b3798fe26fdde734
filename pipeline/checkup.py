"""What is installed, reachable and wrong on this machine, and whether a recipe can run here."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..checks.sandbox import SandboxUnavailable, run_program
from ..errors import EndpointError, RecipeError, SilversmithError
from ..models import ModelSpec, connect
from ..models.local_servers import USUAL_PORTS, LocalServer, find_servers, try_out
from ..models.vllm.hardware import GIB, gpus, has_nvidia, memory_available
from ..models.vllm.installed import PYTHON_VARIABLE, installed, interpreter, package_in
from ..models.vllm.options import EngineOptions, check_names
from ..models.vllm.server import end_orphans
from .recipe import Recipe
from .samples import Askers

__all__ = ["Finding", "Verdict", "check_up"]

Verdict = Literal["ok", "note", "wrong"]
"""`wrong` is what a run needs and does not have."""

LEAST_DISK = 2**28
LITTLE_DISK = 5 * GIB
USUAL_KEYS = ("OPENAI_API_KEY", "HF_TOKEN")
_DISTRIBUTION = "silversmith"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what it belongs to: "program", "machine", "vLLM", "servers", "recipe".
        name: what was looked at.
        verdict: how it is.
        said: what was found, and what to do where it is wrong.
    """

    about: str
    name: str
    verdict: Verdict
    said: str


async def check_up(
    recipe: Recipe | None = None, *, ports: Sequence[int] = USUAL_PORTS
) -> AsyncIterator[Finding]:
    """Look at everything, one after the other.

    Args:
        recipe: what is to run here: its models are reached, its keys and its vLLM looked for.
        ports: where servers of models are looked for.
    """
    for finding in (*_program(), *_machine()):
        yield finding
    yield await asyncio.to_thread(_sandbox)
    for finding in await asyncio.to_thread(lambda: list(_vllm(recipe))):
        yield finding
    async for finding in _servers(ports):
        yield finding
    if recipe is not None:
        async for finding in _recipe(recipe):
            yield finding


def _program() -> Iterator[Finding]:
    version = platform.python_version()
    enough = sys.version_info >= (3, 11)
    what = version if enough else f"{version}; silversmith needs 3.11 or newer"
    yield Finding("program", "Python", "ok" if enough else "wrong", f"{what} ({sys.executable})")
    missing = []
    extras: dict[str, list[str]] = {}
    for requirement, extra in _requirements():
        fault = _fault(requirement)
        if extra:
            extras.setdefault(extra, []).extend([fault] if fault else [])
        elif fault:
            missing.append(fault)
    own = importlib.metadata.version(_DISTRIBUTION)
    said = f"{own}; all that it needs is installed"
    if missing:
        said = f"{own}; {', '.join(missing)}: pip install --upgrade {_DISTRIBUTION}"
    yield Finding("program", _DISTRIBUTION, "wrong" if missing else "ok", said)
    there = [extra for extra, faults in extras.items() if not faults]
    yield Finding("program", "extras", "ok", f"installed: {', '.join(there) or 'none'}")
    for extra, faults in extras.items():
        if faults:
            said = f"{', '.join(faults)}: pip install '{_DISTRIBUTION}[{extra}]'"
            yield Finding("program", extra, "note", said)
    for variable in USUAL_KEYS:
        is_set = bool(os.environ.get(variable, "").strip())
        said = "set" if is_set else "not set"
        yield Finding("program", variable, "ok" if is_set else "note", said)


def _requirements() -> Iterator[tuple[str, str]]:
    """What silversmith requires, each with the extra that it is for, or ""; without what is for
    its own development."""
    from packaging.requirements import Requirement

    for line in importlib.metadata.requires(_DISTRIBUTION) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            yield line, ""
            continue
        for extra in ("documents", "tokenizers", "sentence-transformers", "postgresql", "xlsx"):
            if requirement.name != _DISTRIBUTION and marker.evaluate({"extra": extra}):
                yield line, extra


def _fault(line: str) -> str:
    """What is wrong with the installation of a requirement, or ""."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} is {version}, needed is {requirement.specifier}"
    return ""


def _machine() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    verdict: Verdict = "wrong" if free < LEAST_DISK else "note" if free < LITTLE_DISK else "ok"
    more = "" if verdict == "ok" else "; a run writes about 10 KB for each sample: make room"
    yield Finding("machine", "disk", verdict, f"{free / GIB:,.1f} GiB free here{more}")
    yield Finding("machine", "folder", *_writable(Path.cwd()))
    try:
        memory = f"{memory_available() / GIB:,.1f} GiB free"
    except OSError:
        memory = "not told on this system"
    yield Finding("machine", "memory", "ok", f"{memory}, {os.cpu_count() or 1} cores")
    found = gpus()
    for gpu in found:
        of = f"{gpu.free / GIB:,.1f} of {gpu.total / GIB:,.1f} GiB free"
        yield Finding("machine", f"GPU {gpu.index}", "ok", f"{gpu.name}, {of}")
    if not found:
        why = (
            "nvidia-smi tells of none that may be used" if has_nvidia() else "none (no nvidia-smi)"
        )
        yield Finding("machine", "GPU", "note", why)


def _writable(folder: Path) -> tuple[Verdict, str]:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return "ok", f"{folder} can be written"
    except OSError as error:
        return "wrong", f"{folder} cannot be written ({error.strerror}): runs/ is made here"


def _sandbox() -> Finding:
    name = "sandbox"
    try:
        outcome = run_program("print(6 * 7)", seconds=20.0)
    except SandboxUnavailable as error:
        said = f"{error} (only recipes that run a model's code need it)"
        return Finding("machine", name, "note", said)
    if outcome.output.strip() == "42":
        return Finding("machine", name, "ok", f"a program ran in it in {outcome.seconds:.1f} s")
    return Finding("machine", name, "note", f"a small program does not run in it: {outcome.reason}")


def _vllm(recipe: Recipe | None) -> Iterator[Finding]:
    """The vLLM that a managed server would use, and what is left of earlier ones."""
    used = [] if recipe is None else _managed(recipe)
    for name, engine in used or [("", EngineOptions())]:
        about = f"for {name}" if name else "installed"
        try:
            python = interpreter(engine)
            package, version = package_in(python)
            if not package and not name:
                said = f"none in {python}; models named vllm/MODEL need it (or {PYTHON_VARIABLE})"
                yield Finding("vLLM", about, "note", said)
                continue
            there = installed(python)
            check_names(engine, there.options, there.version)
            said = f"{package} {version} on {there.device or 'no device'}, in {python}"
            verdict: Verdict = "ok" if there.device else "wrong" if name else "note"
            yield Finding("vLLM", about, verdict, said)
        except RecipeError as error:
            yield Finding("vLLM", about, "wrong" if name else "note", str(error))
    try:
        ended = end_orphans()
    except SilversmithError as error:
        yield Finding("vLLM", "left over", "wrong", str(error))
        return
    if ended:
        said = f"{len(ended)} processes of a server whose keeper was killed; they are ended now"
        yield Finding("vLLM", "left over", "note", said)


def _managed(recipe: Recipe) -> list[tuple[str, EngineOptions]]:
    """What runs on this machine; what Ray places is looked at on the cluster."""
    engines = ((name, one.engine) for name, one in recipe.models.items())
    return [(name, one) for name, one in engines if one is not None and one.runner == "server"]


async def _servers(ports: Sequence[int]) -> AsyncIterator[Finding]:
    found = await find_servers(ports)
    if not found:
        listed = ", ".join(map(str, ports))
        yield Finding("servers", "local", "note", f"none answers on the usual ports ({listed})")
    for server in found:
        name = f"{server.kind} {server.version}".strip()
        yield Finding("servers", name, *(await _told(server)))


async def _told(server: LocalServer) -> tuple[Verdict, str]:
    if server.wants_key:
        return "note", f"at {server.url}: it wants a key, so it was not tried"
    able = await try_out(server)
    models = f"{len(server.models)} model{'s' if len(server.models) != 1 else ''}"
    where = f"{server.url}#{able.model} ({models})" if able.model else f"{server.url}"
    if able.fault:
        return "note", f"{where}: {able.fault}"
    forms = {
        "json_schema": "structured output by schema",
        "json_object": "JSON without a schema",
        "prompt": "no structured output",
    }
    logprobs = (
        f"log-probabilities of {able.alternatives}" if able.alternatives else "no log-probabilities"
    )
    several = "several answers at once" if able.several else "one answer at a time"
    return "ok", f"{where}: {forms[able.form]}, {logprobs}, {several}"


async def _recipe(recipe: Recipe) -> AsyncIterator[Finding]:
    """Whether the recipe can begin: its templates and models."""
    try:
        used = {name for asker in Askers.of(recipe).all() for name in asker.models}
    except SilversmithError as error:
        yield Finding("recipe", recipe.name or "recipe", "wrong", str(error))
        return
    yield Finding("recipe", recipe.name or "recipe", "ok", "options, templates and files are sound")
    for name, spec in recipe.models.items():
        if name in used and spec.engine is None:
            yield Finding("recipe", f"model {name}", *(await _reached(name, spec)))


async def _reached(name: str, spec: ModelSpec) -> tuple[Verdict, str]:
    if spec.batch:
        variable = spec.key_variable
        there = variable is None or bool(os.environ.get(variable, "").strip())
        said = f"{spec.label}, in batch mode: {variable} is {'set' if there else 'not set'}"
        return ("ok" if there else "wrong"), said
    connection = connect(spec, name)
    try:
        await connection.open()
        return "ok", f"{spec.label} answers, asked for structured output by {connection.form}"
    except (EndpointError, RecipeError) as error:
        return "wrong", str(error)
    finally:
        await connection.close()
