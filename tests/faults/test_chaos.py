"""The soak, small."""

import json
import subprocess
import sys
from pathlib import Path

CHAOS = Path(__file__).parents[2] / "benchmarks" / "chaos.py"


def test_a_kill_and_every_fault(tmp_path):
    options = ["--kills", "1", "--samples", "30", "--outage", "1", "--seed", "3", "--json"]
    done = subprocess.run(
        [sys.executable, str(CHAOS), *options], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert [figures[name] for name in ("lost", "doubled", "nulls", "different")] == [0, 0, 0, 0]
    assert (figures["kills"], figures["samples"]) == (1, 30)
    assert figures["extra_requests"] <= 16
    assert len(figures["faults"]) > 5
