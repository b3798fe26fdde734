"""A real vLLM in an interpreter of its own, and a tiny model made on the spot."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import silversmith
from silversmith import Recipe
from silversmith.models import ModelSpec
from silversmith.models.vllm.installed import PYTHON_VARIABLE
from silversmith.models.vllm.processes import Process, end_all, of_session, process
from silversmith.models.vllm.server import Berth
from silversmith.models.vllm.state import Launch, State, state_root

ROOT = Path(silversmith.__file__).parent
KEEP_SECONDS = 120
"""A server stays for the next test: a start takes half a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get(PYTHON_VARIABLE):
        why = f"needs a vLLM: run `make test-vllm`, or name its Python by {PYTHON_VARIABLE}"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 0.3 MB with random weights."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    text = folder.parent / "text.txt"
    prompts = sorted((ROOT / "prompts").glob("*.j2"))
    text.write_text("\n".join(path.read_text(encoding="utf-8") for path in prompts))
    script = Path(__file__).with_name("make_model.py")
    python = os.environ[PYTHON_VARIABLE]
    subprocess.run([python, str(script), str(folder), str(text)], check=True, timeout=1200)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers are noted in a folder of the tests' own, and ended with the last test."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ.setdefault("NO_PROXY", "*")
    yield
    for state in states():
        end_all(of_session(state.keeper, since=state.keeper_started), patience=0)
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture
def spec(weights: Path) -> Callable[..., ModelSpec]:
    """The tiny model on a managed vLLM."""

    def make(*, parameters: dict[str, Any] | None = None, **engine: Any) -> ModelSpec:
        options = {
            "weights": str(weights),
            "keep_alive": KEEP_SECONDS,
            "max_model_len": 4096,
            "enforce_eager": True,
            "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
            **engine,
        }
        given = {"max_tokens": 400, "temperature": 1.0, **(parameters or {})}
        return ModelSpec.parse(
            {"model": "vllm/tiny", "engine": options, "parameters": given, "concurrency": 8}
        )

    return make


@pytest.fixture
def recipe(spec: Callable[..., ModelSpec]) -> Callable[..., Recipe]:
    """Pairs by the tiny model, judged by it with log-probabilities."""

    def make(**changes: Any) -> Recipe:
        values: dict[str, Any] = {
            "models": {"writer": spec()},
            "seeds": [{"tasks": str(ROOT / "recipes/data/seed_tasks.jsonl")}],
            "generators": ["instruction"],
            "max_failed_share": 1.0,
        }
        return Recipe(**{**values, **changes})

    return make


def states() -> list[State]:
    """How all servers stand that are kept."""
    return [state for state, _ in kept()]


def launches() -> list[Launch]:
    """How these were started."""
    return [launch for _, launch in kept()]


def kept() -> list[tuple[State, Launch]]:
    found = [(Berth(one).state(), Berth(one).launch()) for one in state_root().glob("*/")]
    return [
        (state, launch)
        for state, launch in found
        if state is not None and launch is not None and process(state.keeper) is not None
    ]


def members(state: State) -> list[Process]:
    """The living processes of a server but its keeper."""
    ours = of_session(state.keeper, since=state.keeper_started)
    return [one for one in ours if one.pid != state.keeper]


def engines(state: State) -> list[Process]:
    """The processes of a server that the first of them has started."""
    return [one for one in members(state) if one.pid not in {s.pid for s in state.servers}]


async def until(true: Callable[[], Any], seconds: float = 1200) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.1)


def lives(one: Process) -> bool:
    now = process(one.pid)
    return now is not None and now.started == one.started and not now.zombie


COMMAND = [sys.executable, "-m", "silversmith"]
