"""How long does it take to pick 5,000 of 100,000 embeddings, and in how much memory?

    python benchmarks/filters.py FOLDER --only selection --rows 100000

The embeddings are made: 384 dimensions, around 300 centres. Each method runs in a process of its
own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from table import table

__all__ = ["measure"]

METHODS = (
    "k_centre",
    "facility_location",
    "far_from_each_other",
    "balanced_clusters",
    "copies",
)


def measure(folder: Path, rows: int, picks: int = 5_000) -> list[list[str]]:
    """Run each method; the folder is not looked at."""
    found = [["method", "s", "CPU s", "GB", "picked"]]
    for method in METHODS:
        words = ["--one", method, "--rows", str(rows), "--picks", str(picks)]
        done = subprocess.run(
            [sys.executable, __file__, *words], check=True, capture_output=True, text=True
        )
        got = json.loads(done.stdout)
        figures = (f"{got['seconds']:.1f}", f"{got['cpu']:.1f}", f"{got['gigabytes']:.2f}")
        found.append([method, *figures, f"{got['picked']:,}"])
        print(*found[-1], sep="  ", file=sys.stderr)
    return found


def main() -> None:
    """As `measure`; or one method, in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--picks", type=int, default=5_000)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _run_one(options.one, options.rows, options.picks)
    else:
        print(table(measure(Path(), options.rows, options.picks)))


def _run_one(method: str, rows: int, picks: int) -> None:
    import numpy as np

    from silversmith.measures import picking
    from silversmith.measures.neighbours import copies, unit

    draw = np.random.default_rng(5)
    centres = draw.standard_normal((300, 384), dtype=np.float32)
    vectors = centres[draw.integers(0, 300, rows)]
    vectors += 0.8 * draw.standard_normal((rows, 384), dtype=np.float32)
    vectors = unit(vectors)
    scores = draw.random(rows)
    ways = {
        "k_centre": lambda: len(picking.k_centre(vectors, picks)),
        "facility_location": lambda: len(
            picking.facility_location(
                vectors, picks, scores=scores, groups=[(row % 7,) for row in range(rows)],
                weights=picking.Weights(1.0, 1.0, 0.5),
            )
        ),
        "far_from_each_other": lambda: len(
            picking.far_from_each_other(vectors, scores, picks, 0.3)
        ),
        "balanced_clusters": lambda: len(
            picking.balanced_clusters(vectors, picks, clusters=100, scores=scores)
        ),
        "copies": lambda: int((copies(vectors, 0.9)[0] < 0).sum()),
    }  # fmt: skip
    start, cpu = time.perf_counter(), time.process_time()
    picked = ways[method]()
    found = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "gigabytes": _peak_gigabytes(),
        "picked": picked,
    }
    print(json.dumps(found))


def _peak_gigabytes() -> float:
    """Of this process; `ru_maxrss` would count the one that started it."""
    status = Path("/proc/self/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


if __name__ == "__main__":
    main()
