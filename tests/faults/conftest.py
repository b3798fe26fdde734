"""Whole runs as processes of their own, against an endpoint through which everything goes wrong."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

PROXY = Path(__file__).parents[2] / "benchmarks" / "faulty.py"
CONCURRENCY = 16


class Faulty:
    """A proxy that spoils answers.

    Attributes:
        url: its base URL, up to `/v1`.
    """

    def __init__(self, to: str, rates: dict[str, float]) -> None:
        words = [word for kind, share in rates.items() for word in ("--rate", f"{kind}={share}")]
        self._process = subprocess.Popen(
            [sys.executable, str(PROXY), "--to", to, *words], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def stats(self) -> dict[str, Any]:
        """The counts since the start or the last change of rates."""
        return {"received": 0, "delivered_again": 0, **self._call("/stats")}

    def rates(self, **rates: float) -> None:
        """Set other rates, and start the counts anew."""
        self._call("/rates", rates)

    def outage(self, seconds: float) -> None:
        """Be gone for so long."""
        self._call(f"/outage?seconds={seconds}")

    def wait(self, requests: int, run: subprocess.Popen[str]) -> None:
        """Until so many requests have come, or the run has ended."""
        while self.stats()["received"] < requests and run.poll() is None:
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _call(self, path: str, data: Any = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(self.url.removesuffix("/v1") + path, body, 30) as answer:
            return dict(json.load(answer))


@pytest.fixture
def faulty() -> Iterator[Callable[..., Faulty]]:
    """Start proxies: `faulty(server.url, reset=0.1)`."""
    started: list[Faulty] = []

    def start(to: str, **rates: float) -> Faulty:
        started.append(Faulty(to, rates))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()


class Work:
    """A folder with seeds and a recipe, and the command that runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recipe = folder / "recipe.yaml"
        self._started: list[subprocess.Popen[str]] = []

    def write(
        self, model: str, samples: int = 60, concurrency: int = CONCURRENCY, **options: Any
    ) -> None:
        """The recipe: a draft and a judgement for each seed. `model` is a base URL, or
        "simulated"."""
        spec: dict[str, Any] = {"model": "simulated", "concurrency": concurrency, **options}
        if model != "simulated":
            spec["base_url"] = model
        self.recipe.write_text(
            f"models: {{writer: {json.dumps(spec)}}}\n"
            "seeds: [{tasks: seeds.jsonl}]\n"
            "generators: [instruction]\n"
            "judges: [rubric]\n"
            "filters: [{score: {min: 0.5}}, refusal, exact_duplicates, near_duplicates]\n"
        )
        seeds = (f"Explain how to count {n} sheep in a row." for n in range(samples))
        lines = [json.dumps({"instruction": seed}) for seed in seeds]
        (self.folder / "seeds.jsonl").write_text("\n".join(lines) + "\n")

    def start(
        self, out: str, *options: str, env: dict[str, str] | None = None, **how: Any
    ) -> subprocess.Popen[str]:
        """Start a run."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        words = [*self.words(out), *(options or ["--quiet"])]
        run = subprocess.Popen(
            words, text=True, env={**os.environ, **(env or {})}, **{**pipes, **how}
        )
        self._started.append(run)
        return run

    def words(self, out: str) -> list[str]:
        """The command."""
        where = str(self.folder / out)
        return [sys.executable, "-m", "silversmith", "run", str(self.recipe), "--out", where]

    def finish(self, out: str, *options: str, **how: Any) -> str:
        """Run to the end; returns what it said on standard output."""
        run = self.start(out, *options, **how)
        said, wrong = run.communicate(timeout=100)
        assert run.returncode == 0, wrong
        assert "Traceback" not in wrong
        return said

    def dataset(self, out: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of a run's files."""
        names = ("kept", "dropped", "failed")
        return {name: pq.read_table(self.folder / out / name).to_pylist() for name in names}

    def manifest(self, out: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / out / "manifest.json").read_text()))

    def stop(self) -> None:
        for run in self._started:
            with contextlib.suppress(ProcessLookupError):
                run.kill()
            run.communicate()


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """A folder to run recipes in."""
    work = Work(tmp_path)
    yield work
    work.stop()


@pytest.fixture(scope="module")
def module_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """The same, for all tests of a module."""
    work = Work(tmp_path_factory.mktemp("work"))
    yield work
    work.stop()
