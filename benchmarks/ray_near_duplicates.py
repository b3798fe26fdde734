"""Near duplicates on a Ray cluster under a cap on memory, beside one machine.

    python benchmarks/ray_near_duplicates.py FOLDER --rows 1000000

FOLDER holds `gpteacher_toolformer`, of whose words the texts are made, as
`benchmarks/filtering/near_duplicates.py` makes them: 127 words each, 8% of them another text with
up to five words changed. `silversmith filter` filters them on one machine and then on a cluster of
`--nodes` nodes of one CPU on this machine, whose object stores are `--store` GB together and spill
onto the disk. Memory is that of all processes, of the nodes and the driver, what they share counted
once (Pss), at its highest of a look each second; above `--cap` GB the filter is killed, and has
failed. What is kept and dropped must be the same.

Ray has to be installed beside silversmith, as `make test-ray` does it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "filtering"))

from near_duplicates import make_texts
from process_tree import tree
from table import table

FILTERS = "filters:\n  - near_duplicates: {threshold: 0.7, on: response}\n"
HEADER = ["where", "s", "CPU s", "GB at most", "of the driver", "dropped"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    parser.add_argument("--rows", type=int, default=100_000, help="how many texts")
    parser.add_argument("--nodes", type=int, default=2, help="nodes of one CPU")
    parser.add_argument("--store", type=float, default=1.0, help="GB of object store, all together")
    parser.add_argument("--cap", type=float, help="GB of memory above which it has failed")
    parser.add_argument("--only", choices=["machine", "cluster"], help="one of the two")
    options = parser.parse_args()
    found = [HEADER]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        made = work / "texts.parquet"
        make_texts(options.folder, options.rows, made)
        _as_pairs(made, work / "data.parquet")
        (work / "filters.yaml").write_text(FILTERS)
        if options.only != "cluster":
            found.append(["one machine", *_measured(work, "machine", {}, options.cap)])
        if options.only != "machine":
            cluster = _cluster(options.nodes, options.store)
            env = {"RAY_ADDRESS": cluster.address}
            what = f"{options.nodes} nodes, {options.store:g} GB of store"
            try:
                found.append([what, *_measured(work, "cluster", env, options.cap, "--on", "ray")])
            finally:
                cluster.shutdown()
        if options.only is None:
            _check_same(work)
    print(table(found))


def _as_pairs(made: Path, path: Path) -> None:
    """The texts as responses, a thousand at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([("prompt", pa.large_string()), ("response", pa.large_string())])
    with parquet.ParquetWriter(path, schema) as writer:
        start = 0
        for batch in parquet.ParquetFile(made).iter_batches(batch_size=1_000):
            texts = batch.column("text")
            prompts = [f"Write text {start + n}" for n in range(len(texts))]
            start += len(texts)
            writer.write_batch(
                pa.record_batch([pa.array(prompts, pa.large_string()), texts], schema=schema)
            )


def _cluster(nodes: int, store: float) -> Any:
    from ray.cluster_utils import Cluster

    each = {
        "num_cpus": 1,
        "object_store_memory": int(store * 1e9 / nodes),
        # Ray takes 127.0.0.1 for a word that means the machine's address in a network.
        "node_ip_address": "127.0.0.2",
    }
    cluster = Cluster(initialize_head=True, head_node_args={**each, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(**each)
    return cluster


def _measured(
    work: Path, out: str, env: dict[str, str], cap: float | None, *words: str
) -> list[str]:
    command = [sys.executable, "-m", "silversmith", "filter", "data.parquet", "--filters",
               "filters.yaml", "--out", out, "--quiet", *words]  # fmt: skip
    start, cpu = time.perf_counter(), _cpu_seconds()
    driver = subprocess.Popen(command, cwd=work, env={**os.environ, **env})
    memory = _Memory(driver, cap)
    memory.start()
    status = driver.wait()
    memory.stop.set()
    memory.join()
    if memory.exceeded:
        raise SystemExit(f"{' '.join(command)} took more than {cap:g} GB, and was killed")
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    dropped = sum(_rows(part) for part in (work / out / "dropped").iterdir())
    seconds, spent = time.perf_counter() - start, max(_cpu_seconds(), memory.cpu) - cpu
    return [
        f"{seconds:.0f}", f"{spent:.0f}", f"{memory.whole / 1e9:.2f}",
        f"{memory.driver / 1e9:.2f}", f"{dropped:,}",
    ]  # fmt: skip


class _Memory(threading.Thread):
    """Looks each second how much memory the driver and all else that this process has begun
    take; kills the driver where that exceeds a cap in GB."""

    def __init__(self, driver: subprocess.Popen[bytes], cap: float | None) -> None:
        super().__init__(daemon=True)
        self._driver = driver
        self._cap = cap
        self.exceeded = False
        self.whole = self.driver = 0
        self.cpu = 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(1):
            pids = [pid for pid in tree(os.getpid()) if pid != os.getpid()]
            sizes = {pid: _pss(pid) for pid in pids}
            self.whole = max(self.whole, sum(sizes.values()))
            mine = sum(size for pid, size in sizes.items() if pid in tree(self._driver.pid))
            self.driver = max(self.driver, mine)
            self.cpu = max(self.cpu, _cpu_seconds())
            if self._cap is not None and self.whole > self._cap * 1e9:
                self.exceeded = True
                self._driver.kill()
                return


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended in the meantime
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _cpu_seconds() -> float:
    """What this process's children have taken, those that go on among them."""
    ticks = 0
    for pid in tree(os.getpid()):
        if pid == os.getpid():
            continue
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    ended = os.times()
    return ticks / os.sysconf("SC_CLK_TCK") + ended.children_user + ended.children_system


def _rows(path: Path) -> int:
    from pyarrow import parquet

    return int(parquet.ParquetFile(path).metadata.num_rows)


def _check_same(work: Path) -> None:
    for name in ("kept", "dropped"):
        pairs = zip(
            _batches(work / "machine" / name), _batches(work / "cluster" / name), strict=True
        )
        if not all(one.equals(other) for one, other in pairs):
            raise SystemExit(f"{name} is not the same")


def _batches(folder: Path) -> Iterator[Any]:
    from pyarrow import parquet

    for part in sorted(folder.iterdir()):
        yield from parquet.ParquetFile(part).iter_batches(columns=["id", "decision"])


if __name__ == "__main__":
    main()
