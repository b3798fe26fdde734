"""A Ray of three nodes on this machine, and real samples in more portions than one."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: make test-ray sets it up")

from ray.cluster_utils import Cluster  # noqa: E402

from silversmith.filters import Columns  # noqa: E402
from silversmith.pipeline.batches import batches_of_samples  # noqa: E402
from silversmith.pipeline.cluster.connect import connect  # noqa: E402
from silversmith.records import Judgement, Sample, SeedRef  # noqa: E402

DATA = Path(__file__).parent.parent.parent / "data"
ONE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "node_ip_address": "127.0.0.2"}
"""A node. Ray takes 127.0.0.1 for a word that means the machine's address in a network."""


@pytest.fixture(scope="session")
def nodes() -> Iterator[Cluster]:
    """Three nodes of one CPU each; the first one has the driver's objects."""
    cluster = Cluster(initialize_head=True, head_node_args={**ONE, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**ONE)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="session")
def connected(nodes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The nodes, with this process connected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", nodes.address)
        with connect("", [], tmp_path_factory.mktemp("recipe")):
            yield nodes


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def _pairs() -> Iterator[tuple[str, str, str]]:
    """A strategy, a prompt and a response each."""
    for row in _rows("gpteacher_toolformer/toolformer.jsonl"):
        yield "toolformer", f"{row['instruction']}\n{row['input']}", row["output"]
    for row in _rows("seed_tasks/seed_tasks.jsonl"):
        first = row["instances"][0]
        yield "seed_tasks", f"{row['instruction']}\n{first['input']}", first["output"]
    questions = {row["i"]: row for row in _rows("gsm8k/problems.jsonl")}
    for row in questions.values():
        yield "gsm8k", row["question"], row["answer"]
    for row in _rows("gsm8k/model_solutions.jsonl"):
        if row["i"] in questions:
            yield "gsm8k", questions[row["i"]]["question"], row["solution"]


@pytest.fixture(scope="session")
def samples() -> list[Sample]:
    """Real samples, some of them again with a few other words, with scores and labels."""
    draw = random.Random(5)
    pairs = list(_pairs())
    for strategy, prompt, response in draw.sample(pairs, 150):
        words = response.split(" ")
        for _ in range(draw.randrange(3)):
            words[draw.randrange(len(words))] = "elsewhere"
        pairs.append((strategy, prompt, " ".join(words)))
    draw.shuffle(pairs)
    return [_sample(number, *pair, draw) for number, pair in enumerate(pairs)]


def _sample(number: int, strategy: str, prompt: str, response: str, draw: random.Random) -> Sample:
    score = round(draw.random(), 2)
    return Sample.pair(
        prompt,
        response,
        id=hashlib.sha256(str(number).encode()).hexdigest()[:32],
        strategy=strategy,
        seed=SeedRef(f"{len(prompt):032x}", f"file#{number}", ""),
        labels=tuple(draw.sample(["food", "tools", "sums", "other"], draw.randrange(3))),
        score=score,
        judgements=(Judgement("rubric", "help", "", score, None, ""),),
    )


@pytest.fixture(scope="session")
def batches(samples: list[Sample]) -> Callable[[], list[Columns]]:
    """The samples as a filter pass reads them, 37 at a time."""
    return batches_by(samples, 37)


def batches_by(samples: Sequence[Sample], size: int) -> Callable[[], list[Columns]]:
    """Samples in batches of so many."""
    portions = [samples[start : start + size] for start in range(0, len(samples), size)]
    whole = [columns for portion in portions for columns in batches_of_samples(portion)]
    return lambda: whole


@pytest.fixture(scope="session")
def in_batches() -> Callable[[Sequence[Sample], int], Callable[[], list[Columns]]]:
    """`in_batches(samples, size)`: other samples as a filter pass reads them."""
    return batches_by


@pytest.fixture(autouse=True)
def many_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few samples come in as many portions and ranges as many would."""
    from silversmith.pipeline.cluster.filtering import conflicts, equals, near_duplicates, shards

    monkeypatch.setattr(shards, "ROWS_IN_A_SHARD", 100)
    monkeypatch.setattr(equals, "KEYS_IN_A_RANGE", 200)
    monkeypatch.setattr(near_duplicates, "BYTES_IN_A_RANGE", 500_000)
    monkeypatch.setattr(near_duplicates, "SHINGLES_IN_A_WALK", 4_000)
    monkeypatch.setattr(conflicts, "ROWS_TOGETHER", 20)
