"""A managed server on a machine of a cluster: a real vLLM, with a model made on the spot. How
servers live and die on a cluster is in `test_serving.py`."""

import os
import subprocess
from pathlib import Path

import pytest

import silversmith
from silversmith.models.vllm.installed import PYTHON_VARIABLE
from silversmith.models.vllm.processes import end_all, of_session, process
from silversmith.models.vllm.state import State

ROOT = Path(silversmith.__file__).parent

pytestmark = pytest.mark.skipif(
    not os.environ.get(PYTHON_VARIABLE),
    reason=f"needs a vLLM: `make test-vllm` sets one up, or name its Python by {PYTHON_VARIABLE}",
)


@pytest.fixture
def weights(tmp_path):
    """A model of 0.3 MB with random weights."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    text = tmp_path / "text.txt"
    prompts = sorted((ROOT / "prompts").glob("*.j2"))
    text.write_text("\n".join(path.read_text(encoding="utf-8") for path in prompts))
    script = Path(__file__).parents[1] / "vllm" / "make_model.py"
    words = [os.environ[PYTHON_VARIABLE], str(script), str(folder), str(text)]
    subprocess.run(words, check=True, timeout=1200)
    return folder


@pytest.fixture
def servers(tmp_path):
    """The states of the servers whose keepers live; they are noted in a folder of the test's."""

    def kept():
        found = map(State.read, (tmp_path / "cache").glob("silversmith/vllm/*/*/state.json"))
        there = ((one, process(one.keeper)) for one in found if one is not None)
        return [one for one, keeper in there if keeper is not None and not keeper.zombie]

    yield kept
    for state in kept():
        end_all(of_session(state.keeper, since=state.keeper_started), patience=0)


def test_samples_are_drafted_and_judged_by_a_server_of_the_cluster(
    place, weights, servers, own_cluster, tmp_path
):
    place.address = own_cluster(1, XDG_CACHE_HOME=str(tmp_path / "cache")).address
    place.seeds(16)
    engine = {
        "weights": str(weights),
        "max_model_len": 4096,
        "enforce_eager": True,
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
    }
    writer = {
        "model": "vllm/tiny",
        "engine": engine,
        "parameters": {"max_tokens": 300, "temperature": 1.0},
        "concurrency": 8,
    }
    place.recipe(
        "",
        models={"writer": writer},
        judges=[{"rubric": {"logprobs": True, "criteria": ["accuracy"]}}],
        filters=[],
        max_failed_share=1.0,
    )

    place.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")

    assert not servers()
    manifest = place.manifest("r")
    books = manifest["books"]
    assert books["planned"] == 16 == books["kept"] + books["failed"]
    assert manifest["served"]["writer"].startswith("vllm")
    assert manifest["prefix_cache"]["writer"]["share"] > 0
    kept = place.dataset("r")["kept"]
    assert {row["origin"]["model"] for row in kept} == {"tiny"}
    notes = [one["note"] for row in kept for one in row["judgements"]]
    assert any(note.startswith("expected ") for note in notes)
