"""A model made on the spot, and rows exported from a run, for the trainers that people use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

RECIPE = """
models: {writer: simulated}
seeds:
  - tasks: seed_tasks.jsonl
generators: [instruction]
limit: 12
"""


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
    """The folder of a run of the simulated model."""
    folder = tmp_path_factory.mktemp("runs")
    tasks = Path(__file__).parents[2] / "recipes/data/seed_tasks.jsonl"
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.replace("seed_tasks.jsonl", str(tasks)))
    _silversmith("run", recipe, "--out", folder / "run")
    return folder / "run"


@pytest.fixture
def exported(run: Path, tmp_path: Path) -> Callable[..., Path]:
    """The folder of an export, made on the command line: `exported("trl-sft")`."""

    def make(kind: str, *words: object) -> Path:
        folder = tmp_path / kind
        _silversmith("export", run, "--format", kind, "--to", folder, "--allow-simulated", *words)
        return folder

    return make


def _silversmith(*words: object) -> None:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
