"""A model made on the spot, and rows exported from a run, for the trainers that people use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("trl") is None:
        skip = pytest.mark.skip(reason="needs TRL: run `make test-train`")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Nothing is looked up at a hub, and torch leaves the machine its other cores."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
            patch.setenv(name, "1")
        patch.setenv("OMP_NUM_THREADS", "2")
        yield


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model with random weights, 0.2 MB, with a chat template."""
    from .make_model import make

    folder = tmp_path_factory.mktemp("models") / "tiny"
    make(folder)
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of every strategy by the simulated model."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    _silversmith("run", "seven", "--out", folder, "--limit", 160, "--quiet")
    return folder


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of an export, made on the command line: `exported("trl-sft")`."""
    made: dict[tuple[str, ...], Path] = {}

    def make(kind: str, *words: str) -> Path:
        if (kind, *words) not in made:
            folder = tmp_path_factory.mktemp(kind) / kind
            words_to = ("--to", folder, "--allow-simulated", *words)
            _silversmith("export", run, "--format", kind, *words_to)
            made[(kind, *words)] = folder
        return made[(kind, *words)]

    return make


@pytest.fixture
def rows(exported: Callable[..., Path]) -> Callable[..., list[dict[str, Any]]]:
    """The rows of an export."""

    def read(kind: str, *words: str) -> list[dict[str, Any]]:
        lines = (exported(kind, *words) / "data.jsonl").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    return read


def _silversmith(*words: object) -> None:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
