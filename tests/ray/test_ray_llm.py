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


def test_samples_are_drafted_and_judged_by_an_engine_that_ray_places(here, own_cluster):
    """On a GPU of Ray's account; the engine is killed meanwhile, and Ray begins another."""
    before = engines()
    cluster = own_cluster(1)
    cluster.add_node(**ONE, num_gpus=1)
    here.address = cluster.address
    run = here.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    journals = here.path / "r" / "blocks"
    deadline = time.monotonic() + 600
    while not list(journals.glob("*/journal.db")):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (engine,) = engines() - before
    os.kill(engine, signal.SIGKILL)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    manifest = here.manifest("r")
    assert "1 replica by ray.data.llm on 1 GPUs" in manifest["served"]["writer"]
    assert "prefix_cache" not in manifest or "writer" not in manifest["prefix_cache"]
    books = manifest["books"]
    assert books["planned"] == SEEDS == books["kept"] + books["dropped"] + books["failed"]
    kept = here.dataset("r")["kept"]
    assert kept
    notes = [one["note"] for row in kept for one in row["judgements"]]
    assert any(note.startswith("expected ") for note in notes)
    deadline = time.monotonic() + 60
    while engines() - before:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_it_is_for_a_cluster(here):
    said = here.run("run", "recipe.yaml", "--out", "r", status=1)
    assert "`engine.runner: ray.data.llm` is for a Ray cluster" in said
