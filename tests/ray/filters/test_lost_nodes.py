"""A worker or a node is lost in the middle of a filter pass, and the result is the same."""

import os
import signal
from pathlib import Path

import pytest

from silversmith.filters.near_duplicates import NearDuplicates
from silversmith.pipeline.cluster.filtering import decide_on_cluster, near_duplicates
from silversmith.pipeline.deciding import decide

WORKERS = (b"ray::IDLE", b"ray::_called")
RULE = NearDuplicates(threshold=0.6)


def of(verdicts):
    return list(verdicts.dropped_by), verdicts.of(0, len(verdicts.dropped_by)).verdicts


def children(pid):
    """The processes that a process has begun."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(after_name[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def raylet(node):
    (process,) = node.all_processes["raylet"]
    return process.process.pid


@pytest.fixture
def before_the_walk(monkeypatch):
    """Do something when the sets are on the nodes, and the walk through them is to begin."""

    def arrange(what):
        walked = near_duplicates._walked

        def disturbed(sets, threshold):
            what()
            return walked(sets, threshold)

        monkeypatch.setattr(near_duplicates, "_walked", disturbed)

    return arrange


def test_workers_are_killed(connected, batches, before_the_walk):
    killed = []

    def kill():
        for node in connected.list_all_nodes():
            for pid in children(raylet(node)):
                # Other children are the node's own agents, with which the node would go.
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(WORKERS):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    before_the_walk(kill)
    assert of(decide_on_cluster(batches, [RULE])) == of(decide(batches, [RULE]))
    assert killed


def test_a_node_is_lost_with_what_it_held(connected, batches, before_the_walk):
    extra = connected.add_node(
        num_cpus=2, object_store_memory=80 * 2**20, node_ip_address="127.0.0.2"
    )
    connected.wait_for_nodes()
    before_the_walk(lambda: connected.remove_node(extra, allow_graceful=False))
    assert of(decide_on_cluster(batches, [RULE])) == of(decide(batches, [RULE]))
    assert extra not in connected.list_all_nodes()
