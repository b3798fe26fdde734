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

from silversmith.exports import Export, export
from silversmith.pipeline.components import component


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
    words = ["run", "seven", "--out", str(folder), "--limit", "120", "--quiet"]
    command = [sys.executable, "-m", "silversmith", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of an export: `exported("trl-sft", reasoning="think")`."""
    made: dict[str, Path] = {}

    def make(kind: str, **options: str) -> Path:
        name = " ".join([kind, *options.values()])
        if name not in made:
            made[name] = tmp_path_factory.mktemp(kind) / kind
            chosen = component("exports", (Export,), {kind: options}, "--format")
            export(run, chosen, made[name], allow_simulated=True)
        return made[name]

    return make


@pytest.fixture
def rows(exported: Callable[..., Path]) -> Callable[..., list[dict[str, Any]]]:
    """The rows of an export."""

    def read(kind: str, **options: str) -> list[dict[str, Any]]:
        lines = (exported(kind, **options) / "data.jsonl").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    return read
