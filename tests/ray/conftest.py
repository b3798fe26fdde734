"""A Ray of several nodes on this machine; without Ray nothing here is collected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = ["*"] if find_spec("ray") is None else []

LOOPBACK = "127.0.0.2"
"""Ray takes 127.0.0.1 for a word that means the machine's address in a network."""

ONE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "node_ip_address": LOOPBACK}
TASKS = Path(__file__).parents[2] / "recipes/data/seed_tasks.jsonl"
FOLDERS = ("kept", "dropped", "failed")


def start(nodes: int, client_port: int | None = None, **env: str) -> Any:
    """A Ray of so many nodes of one CPU each; what `env` sets, all of them have.

    Args:
        client_port: where its client server listens, if it is to have one.
    """
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        head = {**ONE, "include_dashboard": False}
        if client_port is not None:
            head["ray_client_server_port"] = client_port
        cluster = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(nodes - 1):
            cluster.add_node(**ONE)
    return cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes that all tests of a module share."""
    cluster = start(2)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def own_cluster() -> Iterator[Callable[..., Any]]:
    """As `start`: one that a test may harm."""
    started = []

    def make(nodes: int, client_port: int | None = None, **env: str) -> Any:
        started.append(start(nodes, client_port, **env))
        return started[-1]

    yield make
    for one in started:
        one.shutdown()


class Place:
    """A folder with a recipe, in which `silversmith` is run as a user runs it.

    Attributes:
        path: the folder.
        address: of the cluster that `--on ray` finds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = ""

    def recipe(self, url: str, **changes: Any) -> Path:
        """Write `recipe.yaml`."""
        values = {
            "models": {"writer": {"model": "simulated", "base_url": url, "concurrency": 16}},
            "seeds": [{"tasks": "seeds.jsonl"}],
            "generators": ["instruction"],
            "judges": ["rubric"],
            "filters": [{"score": {"min": 0.5}}, "exact_duplicates"],
            "engine": {"ray": {"seeds_per_block": 10, "upload_seconds": 1}},
        }
        path = self.path / "recipe.yaml"
        path.write_text(json.dumps({**values, **changes}))
        return path

    def seeds(self, count: int, again: int = 0) -> None:
        """Write `seeds.jsonl`: so many, and the first ones once more."""
        lines = TASKS.read_text("utf-8").splitlines()[:count]
        assert len(lines) == count
        (self.path / "seeds.jsonl").write_text("\n".join([*lines, *lines[:again]]) + "\n")

    def begin(self, *words: object, **env: str) -> subprocess.Popen[str]:
        """`silversmith WORDS`, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "silversmith", *map(str, words)],
            cwd=self.path,
            env={**os.environ, "RAY_ADDRESS": self.address, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object, status: int = 0, **env: str) -> str:
        """`silversmith WORDS`, to its end; returns what it said on standard error."""
        process = self.begin(*words, **env)
        try:
            _, said = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == status, said
        assert "Traceback" not in said
        return said

    def dataset(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """All samples of a run, by the folder that they are in."""
        import pyarrow.parquet as pq

        return {one: pq.read_table(self.path / name / one).to_pylist() for one in FOLDERS}

    def manifest(self, name: str) -> dict[str, Any]:
        """The manifest of a run."""
        return dict(json.loads((self.path / name / "manifest.json").read_text()))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder to work in."""
    return Place(tmp_path)
