"""The benchmark of the review page under load, small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOAD = Path(__file__).resolve().parents[2] / "benchmarks" / "review_load.py"


def test_no_verdict_is_lost_or_doubled() -> None:
    options = ["--samples", "120", "--people", "4", "--seconds", "7", "--think", "0.02", "--json"]
    done = subprocess.run(
        [sys.executable, str(LOAD), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert (figures["lost"], figures["doubled"], figures["failed"]) == (0, 0, 0)
    assert figures["verdicts"] > 50
    assert figures["requests"]["verdict"]["count"] >= figures["verdicts"]
