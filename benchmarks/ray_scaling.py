"""How much faster is a run on two and on four nodes of a Ray cluster than on one?

    python benchmarks/ray_scaling.py --nodes 1,2,4 --rows 480 --latency-ms 1000

The endpoint is `silversmith simulate`, whose every answer takes `--latency-ms`: latency is what
bounds the run, as with an endpoint that batches what it gets, and not the cores of this machine.
The nodes are raylets of one CPU each on this machine, one worker on each; each worker has
`--places` requests under way (the recipe's `concurrency` is that many for each node). Each number
of nodes has a cluster of its own and the same rows, draft and judge.

`work s` is from the first request to the last one, which leaves out what does not grow with the
work: the start of the processes, reading the seeds, filtering. `whole s` is the whole command.
`ratio` is that of the rows a second, of the work, to those of the first number of nodes.

Ray has to be installed beside silversmith, as `make test-ray` does it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from draft_and_judge import recipe, write_seeds
from server import serving
from table import table

LOOPBACK = "127.0.0.2"
"""Ray takes 127.0.0.1 for a word that means the machine's address in a network."""

STORE_BYTES = 80 * 2**20
HEADER = ["nodes", "rows", "work s", "whole s", "rows/s", "ratio", "wanted share"]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", default="1,2,4", help="numbers of nodes, parted by commas")
    parser.add_argument("--rows", type=int, default=480)
    parser.add_argument("--places", type=int, default=16, help="requests under way on each node")
    parser.add_argument("--latency-ms", type=int, default=1000)
    parser.add_argument("--seeds-per-block", type=int, default=60)
    options = parser.parse_args()
    found = [HEADER]
    first: float | None = None
    for nodes in map(int, options.nodes.split(",")):
        work, whole = _measured(nodes, options)
        rate = options.rows / work
        first = first or rate
        # Two answers a row, so many at once: what the endpoint's latency allows at most.
        most = nodes * options.places / (2 * options.latency_ms / 1000)
        found.append(
            [
                str(nodes), f"{options.rows:,}", f"{work:.1f}", f"{whole:.1f}", f"{rate:.1f}",
                f"{rate / first:.2f}", f"{rate / most:.0%}",
            ]
        )  # fmt: skip
        print(table(found), flush=True)


def _measured(nodes: int, options: argparse.Namespace) -> tuple[float, float]:
    """The seconds of the work, and of the whole command."""
    with tempfile.TemporaryDirectory(prefix="ray-scaling-") as name:
        folder = Path(name)
        write_seeds(folder / "seeds.jsonl", options.rows)
        with serving(None, ["--latency-ms", str(options.latency_ms)]) as server:
            values = json.loads(recipe(server.base_url, "simulated", options.places * nodes))
            values["engine"] = {"ray": {"seeds_per_block": options.seeds_per_block}}
            (folder / "recipe.yaml").write_text(json.dumps(values))  # JSON is YAML
            cluster = _cluster(nodes)
            try:
                watch = _Watch(server)
                start = time.monotonic()
                subprocess.run(
                    [
                        sys.executable, "-m", "silversmith", "run", str(folder / "recipe.yaml"),
                        "--out", str(folder / "run"), "--quiet",
                    ],
                    env={**os.environ, "RAY_ADDRESS": cluster.address},
                    check=True,
                )  # fmt: skip
                whole = time.monotonic() - start
                return watch.end(), whole
            finally:
                cluster.shutdown()


def _cluster(nodes: int) -> Any:
    from ray.cluster_utils import Cluster

    one = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "node_ip_address": LOOPBACK}
    cluster = Cluster(initialize_head=True, head_node_args={**one, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(**one)
    return cluster


class _Watch:
    """Looks ten times a second how many requests the server has got."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._ended = threading.Event()
        self._first = self._last = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Seconds between the first request and the last one."""
        self._ended.set()
        self._thread.join()
        return self._last - self._first

    def _look(self) -> None:
        before = 0
        while not self._ended.wait(0.1):
            received = self._server.stats()["received"]
            # What finds out whether the endpoint is there and takes a schema is not the work.
            if received > before and received > 2:
                self._last = time.monotonic()
                self._first = self._first or self._last
            before = received


if __name__ == "__main__":
    main()
