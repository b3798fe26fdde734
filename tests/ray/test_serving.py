"""Managed servers on the machines of a cluster, with the stand-in for vLLM that answers as the
simulated model; `test_vllm.py` is on vLLM itself."""

import os
import signal
import sys
import time
from pathlib import Path

import orjson
import pytest

from silversmith.models.vllm.installed import PYTHON_VARIABLE
from silversmith.models.vllm.processes import end_all, of_session, process
from silversmith.models.vllm.state import Launch, State

from .conftest import ONE

STANDIN = Path(__file__).parents[1] / "models" / "standin"
OTHER = "127.0.0.3"
"""The second machine's address: its servers are others than the first one's."""

SEEDS = 40


class Machines:
    """Machines with the stand-in, and the servers that they note in a folder of the test's own."""

    def __init__(self, path, start):
        self.cache = path / "cache"
        self._bin = path / "bin"
        self._bin.mkdir()
        self._start = start
        python = self._bin / "vllm-python"
        found = os.pathsep.join([str(STANDIN), *filter(None, sys.path)])
        python.write_text(f"#!/bin/sh\nPYTHONPATH='{found}' exec '{sys.executable}' \"$@\"\n")
        python.chmod(0o755)
        self.env = {
            PYTHON_VARIABLE: str(python),
            "XDG_CACHE_HOME": str(self.cache),
            "STANDIN_LATENCY_MS": "200",
        }

    def have_gpus(self, count):
        """Let `nvidia-smi` tell so many, and vLLM compute on them."""
        smi = self._bin / "nvidia-smi"
        lines = [f"echo '{n}, GPU-{n}, NVIDIA H100, 81559, 81000'" for n in range(count)]
        smi.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        smi.chmod(0o755)
        path = f"{self._bin}{os.pathsep}{os.environ['PATH']}"
        self.env |= {"STANDIN_DEVICE": "cuda", "PATH": path}

    def start(self, *more):
        """A cluster of one machine and further ones, each with what it has beside a CPU."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, value)
            cluster = self._start(1)
            for one in more:
                cluster.add_node(**{**ONE, "node_ip_address": OTHER, **one})
        return cluster

    def servers(self):
        """Each living keeper's state and launch."""
        found = []
        for file in self.cache.glob("silversmith/vllm/*/*/state.json"):
            state = State.read(file)
            keeper = process(state.keeper) if state is not None else None
            if keeper is not None and not keeper.zombie:
                launch = orjson.loads((file.parent / "launch.json").read_bytes())
                found.append((state, Launch(**launch)))
        return found

    def ready(self):
        """Those whose servers have all been begun and answer."""
        return [one for one in self.servers() if one[0].phase == "ready"]

    def end(self):
        for state, _ in self.servers():
            end_all(of_session(state.keeper, since=state.keeper_started), patience=0)


@pytest.fixture
def machines(tmp_path, own_cluster):
    made = Machines(tmp_path, own_cluster)
    yield made
    made.end()


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))
    return folder


@pytest.fixture
def here(place, weights):
    """A recipe whose model is a managed one."""
    place.seeds(SEEDS)
    model = {"model": "vllm/tiny", "engine": {"weights": str(weights)}, "concurrency": 8}
    place.recipe("", models={"writer": model})
    return place


def until(true, run, seconds=900):
    deadline = time.monotonic() + seconds
    while not true():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def gone(machines, seconds=120):
    """Whether all servers have ended, or do so in that time."""
    deadline = time.monotonic() + seconds
    while machines.servers() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not machines.servers()


def test_each_machine_serves_and_the_samples_are_those_of_one(here, machines, weights):
    """A server is killed meanwhile, and started again."""
    here.address = machines.start({}).address
    run = here.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    journals = here.path / "r" / "blocks"
    until(lambda: len(machines.ready()) == 2 and list(journals.glob("*/journal.db")), run)
    assert {launch.host for _, launch in machines.servers()} == {ONE["node_ip_address"], OTHER}
    os.kill(machines.servers()[0][0].servers[0].pid, signal.SIGKILL)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    assert not machines.servers()
    manifest = here.manifest("r")
    assert manifest["served"]["writer"].endswith("on the CPU, on 2 machines")
    assert manifest["books"]["planned"] == SEEDS

    here.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null", **machines.env)
    assert here.dataset("r") == here.dataset("alone")

    # Nothing is left to ask for, so that no server is begun.
    begun = len(list(weights.glob("engine-*")))
    here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    assert len(list(weights.glob("engine-*"))) == begun


def test_machines_with_gpus_serve_and_ray_knows_that_the_gpus_are_taken(here, machines):
    machines.have_gpus(2)
    here.address = machines.start({"num_gpus": 2}).address
    run = here.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    until(lambda: len(machines.ready()) == 1, run)
    ((state, launch),) = machines.servers()
    assert launch.host == OTHER
    visible = []
    for one in state.servers:
        words = Path(f"/proc/{one.pid}/environ").read_bytes().split(b"\0")
        visible += [word.decode() for word in words if word.startswith(b"CUDA_VISIBLE_DEVICES=")]
    assert visible == ["CUDA_VISIBLE_DEVICES=0", "CUDA_VISIBLE_DEVICES=1"]
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    assert "2 servers, one on each GPU" in here.manifest("r")["served"]["writer"]
    assert here.manifest("r")["books"]["kept"]


def test_servers_end_with_a_killed_driver_and_the_run_goes_on(here, machines):
    here.address = machines.start().address
    words = ("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    run = here.begin(*words)
    until(lambda: list((here.path / "r" / "blocks").glob("*/journal.db")), run)
    assert len(machines.ready()) == 1
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert gone(machines)

    here.run(*words)

    assert not machines.servers()
    here.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null", **machines.env)
    assert here.dataset("r") == here.dataset("alone")


def test_what_a_machine_lacks_is_said_with_its_name(here, machines, weights):
    here.address = machines.start().address
    words = ("run", "recipe.yaml", "--out", "r", "--on", "ray")
    machine = f"The machine {os.uname().nodename} ({ONE['node_ip_address']}, node "

    said = here.run(*words, "--set", "models.writer.engine.max_model_length=9", status=1)
    assert machine in said
    assert "no such option; did you mean `max_model_len`" in said

    (weights / "broken").touch()
    said = here.run(*words, status=1)
    assert machine in said
    assert "the weights are of another model" in said
    assert gone(machines)

    for file in weights.iterdir():
        file.unlink()
    weights.rmdir()
    said = here.run(*words, status=1)
    assert "no such folder" in said or "which is not there" in said
