"""A model that Ray's own batch inference (`ray.data.llm`) places: its vLLM engine processor, with a
real engine on the CPU and a model made on the spot."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

import silversmith
from silversmith.models.vllm.installed import PYTHON_VARIABLE

from .conftest import ONE

ROOT = Path(silversmith.__file__).parent

pytestmark = pytest.mark.skipif(
    find_spec("vllm") is None,
    reason="needs Ray and the vLLM that it pins in one environment: `make test-ray-llm`",
)

SEEDS = 16


@pytest.fixture
def weights(tmp_path):
    """A model of 0.3 MB with random weights."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    text = tmp_path / "text.txt"
    prompts = sorted((ROOT / "prompts").glob("*.j2"))
    text.write_text("\n".join(path.read_text(encoding="utf-8") for path in prompts))
    script = Path(__file__).parents[1] / "vllm" / "make_model.py"
    subprocess.run([sys.executable, script, folder, text], check=True, timeout=1200)
    return folder


@pytest.fixture
def here(place, weights):
    place.seeds(SEEDS)
    engine = {
        "runner": "ray.data.llm",
        "weights": str(weights),
        "max_model_len": 4096,
        "enforce_eager": True,
        # The engine computes on the CPU, whatever Ray's account says, and needs these there.
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": 4096,
        "kv_cache_memory_bytes": 64 * 2**20,
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
    }
    writer = {
        "model": "vllm/tiny",
        "engine": engine,
        "parameters": {"max_tokens": 300, "temperature": 1.0},
        "send_seed": True,
        "concurrency": 8,
    }
    place.recipe(
        "",
        models={"writer": writer},
        judges=[{"rubric": {"logprobs": True, "criteria": ["accuracy"]}}],
        filters=[],
        max_failed_share=1.0,
    )
    return place


def engines():
    """The numbers of the processes on this machine that are engines."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if b"EngineCore" in file.read_bytes():
                found.add(int(file.parent.name))
    return found


def with_a_gpu(own_cluster, monkeypatch):
    """The address of a cluster of two nodes, one of them with a GPU in Ray's account."""
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    cluster = own_cluster(1)
    cluster.add_node(**{**ONE, "num_cpus": 2, "num_gpus": 1})
    return cluster.address


def under_way(place):
    """A run whose first replies are there."""
    run = place.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    journals = place.path / "r" / "blocks"
    until(lambda: run.poll() is not None or list(journals.glob("*/journal.db")), 600)
    assert run.poll() is None, run.communicate()
    return run


def until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def drafts(place, run):
    """What each sample is, and what failed, without the scores."""
    rows = place.dataset(run)
    drafted = rows["kept"] + rows["dropped"]
    kept = [(row["id"], row["messages"], row["usage"]["input_tokens"]) for row in drafted]
    return sorted(kept, key=lambda one: one[0]), sorted(row["id"] for row in rows["failed"])


def test_samples_are_drafted_and_judged_by_an_engine_that_ray_places(
    here, own_cluster, monkeypatch, tmp_path
):
    """On a GPU of Ray's account; the engine is killed meanwhile, and Ray begins another."""
    before = engines()
    here.address = with_a_gpu(own_cluster, monkeypatch)
    run = under_way(here)
    (engine,) = engines() - before
    os.kill(engine, signal.SIGKILL)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    manifest = here.manifest("r")
    assert "1 replica by ray.data.llm on 1 GPUs" in manifest["served"]["writer"]
    assert "prefix_cache" not in manifest or "writer" not in manifest["prefix_cache"]
    books = manifest["books"]
    assert books["planned"] == SEEDS == books["kept"] + books["dropped"] + books["failed"]
    reasons = [row["failure"]["reason"] for row in here.dataset("r")["failed"]]
    assert not [reason for reason in reasons if "Error" in reason]
    kept = here.dataset("r")["kept"]
    assert kept
    notes = [one["note"] for row in kept for one in row["judgements"]]
    assert any(note.startswith("expected ") for note in notes)
    until(lambda: not engines() - before)

    # vLLM's own server on this machine alone gives the same drafts, and cuts off the same ones.
    changed = ["--set", "engine=null", "--set", "models.writer.engine.runner=server"]
    env = {PYTHON_VARIABLE: sys.executable, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    here.run("run", "recipe.yaml", "--out", "alone", *changed, "--quiet", **env)
    assert drafts(here, "r") == drafts(here, "alone")


def test_engines_end_with_a_killed_driver(here, own_cluster, monkeypatch):
    before = engines()
    here.address = with_a_gpu(own_cluster, monkeypatch)
    run = under_way(here)
    assert engines() - before
    run.send_signal(signal.SIGKILL)
    run.communicate()
    until(lambda: not engines() - before)


def test_it_is_for_a_cluster(here):
    said = here.run("run", "recipe.yaml", "--out", "r", "--set", "engine=null", status=1)
    assert "`engine.runner: ray.data.llm` is for a Ray cluster" in said
