"""What a cluster loses, a run goes on without: a worker, a machine, the driver."""

import os
import signal
import time
from pathlib import Path

import pytest

SEEDS = 60


def begun(place, server, received, *words):
    """A run that has got so many answers."""
    process = place.begin("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet", *words)
    deadline = time.monotonic() + 600
    while server.stats()["received"] < received:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def workers(cluster, called=b"MapWorker"):
    """The processes of the actors that work on blocks, each with the node that it is on."""
    nodes = {node.all_processes["raylet"][0].process.pid: node for node in cluster.list_all_nodes()}
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if called in name and parent in nodes:
                found[int(folder.name)] = nodes[parent]
    return found


def compare(place, server):
    place.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null")
    assert place.dataset("r") == place.dataset("alone")
    assert place.manifest("r")["books"] == place.manifest("alone")["books"]


@pytest.fixture
def server(simulate):
    return simulate(latency_ms=300, flawed=0.3)


@pytest.fixture
def here(place, server):
    place.seeds(SEEDS)
    place.recipe(server.url)
    return place


def test_a_killed_worker_costs_no_more_than_it_had_not_shipped(here, server, own_cluster):
    cluster = own_cluster(2)
    here.address = cluster.address
    run = begun(here, server, 40)
    pids = list(workers(cluster))
    assert len(pids) == 2
    os.kill(pids[0], signal.SIGKILL)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    made = server.stats()["received"]
    compare(here, server)
    alone = server.stats()["received"] - made
    # What it had shipped was not asked for again, nor what the other one had.
    assert made < 1.5 * alone


def test_a_lost_machine_costs_no_more_than_it_had_not_shipped(here, server, own_cluster):
    cluster = own_cluster(3)
    here.address = cluster.address
    run = begun(here, server, 60)
    # Not the driver's machine, which is where the actor with the budget is.
    (drivers,) = workers(cluster, b"ray::Bank").values()
    others = {
        node for node in workers(cluster).values() if node not in (drivers, cluster.head_node)
    }
    cluster.remove_node(others.pop(), allow_graceful=False)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 0, said
    compare(here, server)


def test_a_killed_driver_goes_on_by_the_same_command(here, server, cluster):
    here.address = cluster.address
    run = begun(here, server, 70)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    blocks = here.path / "r" / "blocks"
    shipped = sorted(blocks.glob("*/block.json"))
    assert shipped
    before = {path: path.stat().st_mtime_ns for path in shipped if b'"done"' in path.read_bytes()}
    deadline = time.monotonic() + 300
    while workers(cluster):  # Ray ends them with the driver
        assert time.monotonic() < deadline
        time.sleep(0.1)

    here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")

    assert {path: path.stat().st_mtime_ns for path in before} == before
    made = server.stats()["received"]
    compare(here, server)
    assert made < 1.5 * (server.stats()["received"] - made)


def test_ctrl_c_ships_what_there_is(here, server, cluster):
    here.address = cluster.address
    run = begun(here, server, 40)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=900)

    assert run.returncode == 130
    assert "the same command goes on" in said
    manifest = here.manifest("r")
    assert manifest["status"] == "interrupted"
    assert manifest["books"]["planned"] == SEEDS
    asked = server.stats()["received"]
    assert asked < 2 * SEEDS
    here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--quiet")
    made = server.stats()["received"]
    compare(here, server)
    assert made <= server.stats()["received"] - made + 8
