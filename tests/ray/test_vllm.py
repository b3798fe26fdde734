"""Managed vLLM servers on the machines of a cluster: a real vLLM, with a model made on the spot."""

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import orjson
import pytest

import silversmith
from silversmith.models.vllm.installed import PYTHON_VARIABLE
from silversmith.models.vllm.processes import end_all, of_session, process
from silversmith.models.vllm.state import Launch, State

from .conftest import ONE

ROOT = Path(silversmith.__file__).parent
OTHER = "127.0.0.3"
"""The second machine's address: its servers are others than the first one's."""

pytestmark = pytest.mark.skipif(
    not os.environ.get(PYTHON_VARIABLE),
    reason=f"needs a vLLM: `make test-vllm` sets one up, or name its Python by {PYTHON_VARIABLE}",
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A model of 0.3 MB with random weights."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    text = folder.parent / "text.txt"
    prompts = sorted((ROOT / "prompts").glob("*.j2"))
    text.write_text("\n".join(path.read_text(encoding="utf-8") for path in prompts))
    script = Path(__file__).parents[1] / "vllm" / "make_model.py"
    words = [os.environ[PYTHON_VARIABLE], str(script), str(folder), str(text)]
    subprocess.run(words, check=True, timeout=1200)
    return folder


class Servers:
    """The servers that are noted in a folder of the test's own."""

    def __init__(self, cache):
        self.cache = cache

    def all(self):
        """Each one's state and launch, where its keeper lives."""
        found = []
        for file in self.cache.glob("silversmith/vllm/*/*/state.json"):
            state = State.read(file)
            if state is not None and process(state.keeper) is not None:
                launch = orjson.loads((file.parent / "launch.json").read_bytes())
                found.append((state, Launch(**launch)))
        return found

    def answered(self):
        """How many requests each has answered, by its address."""
        counts = {}
        for state, launch in self.all():
            for server in state.servers:
                try:
                    url = f"{launch.url(server.port)}/metrics"
                    with urllib.request.urlopen(url, timeout=5) as reply:
                        lines = reply.read().decode().splitlines()
                except OSError:
                    continue
                name = "vllm:request_success_total"
                told = [line for line in lines if line.startswith(name)]
                counts[launch.host] = sum(float(line.split()[-1]) for line in told)
        return counts


@pytest.fixture
def servers(tmp_path):
    found = Servers(tmp_path / "cache")
    yield found
    for state, _ in found.all():
        end_all(of_session(state.keeper, since=state.keeper_started), patience=0)


@pytest.fixture
def machines(own_cluster, servers):
    """A cluster whose machines have a vLLM, and note their servers where the test looks."""
    env = {PYTHON_VARIABLE: os.environ[PYTHON_VARIABLE], "XDG_CACHE_HOME": str(servers.cache)}

    def make(count):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            cluster = own_cluster(1)
            for _ in range(count - 1):
                cluster.add_node(**{**ONE, "node_ip_address": OTHER})
        return cluster

    return make


@pytest.fixture
def here(place, weights):
    """A recipe whose model is a managed one."""
    place.seeds(60)
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
    return place


def until(true, run, seconds=1800):
    deadline = time.monotonic() + seconds
    while not true():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def gone(servers, seconds=120):
    """Whether all servers have ended, or do so in that time."""
    deadline = time.monotonic() + seconds
    while servers.all() and time.monotonic() < deadline:
        time.sleep(0.2)
    return not servers.all()


def test_each_machine_serves_and_a_server_that_dies_is_started_again(here, machines, servers):
    here.address = machines(2).address
    run = here.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")

    until(lambda: sum(count > 3 for count in servers.answered().values()) == 2, run)
    assert {launch.host for _, launch in servers.all()} == {ONE["node_ip_address"], OTHER}
    (killed, _), _ = servers.all()
    os.kill(killed.servers[0].pid, signal.SIGKILL)
    _, said = run.communicate(timeout=1200)

    assert run.returncode == 0, said
    manifest = here.manifest("r")
    assert manifest["status"] == "done"
    books = manifest["books"]
    assert books["planned"] == 60 == books["kept"] + books["dropped"] + books["failed"]
    assert "on 2 machines" in manifest["served"]["writer"]
    assert manifest["prefix_cache"]["writer"]["share"] > 0
    kept = here.dataset("r")["kept"]
    assert {row["origin"]["model"] for row in kept} == {"tiny"}
    notes = [one["note"] for row in kept for one in row["judgements"]]
    assert any(note.startswith("expected ") for note in notes)
    assert gone(servers, 10)

    # Nothing is left to ask for, so that no server is started.
    here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    assert here.manifest("r")["this_run"]["calls"] == 0


def test_servers_end_with_a_killed_driver_and_the_run_goes_on(here, machines, servers):
    here.address = machines(1).address
    words = ("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet", "--limit", 20)
    run = here.begin(*words)
    until(lambda: max(servers.answered().values(), default=0) > 5, run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert gone(servers)

    here.run(*words)

    books = here.manifest("r")["books"]
    assert books["planned"] == 20 == books["kept"] + books["failed"]
    assert gone(servers, 10)


def test_what_a_machine_lacks_is_said_with_its_name(here, machines, own_cluster, servers, tmp_path):
    words = ("run", "recipe.yaml", "--out", "r", "--on", "ray")
    here.address = own_cluster(1, **{PYTHON_VARIABLE: ""}).address
    said = here.run(*words, status=1, **{PYTHON_VARIABLE: ""})
    assert f"The machine {os.uname().nodename} (127.0.0.2, node " in said
    assert "vLLM is not installed in" in said

    here.address = machines(1).address
    recipe = (here.path / "recipe.yaml").read_text()
    lost = recipe.replace('"max_model_len": 4096', '"max_model_len": 4096, "max_model_length": 1')
    (here.path / "recipe.yaml").write_text(lost)
    said = here.run(*words, status=1)
    assert "The machine" in said
    assert "no such option; did you mean `max_model_len`" in said
    assert not servers.all()
