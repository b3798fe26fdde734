"""The memory benchmark, small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MEMORY = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"


def memory(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MEMORY), *options], capture_output=True, text=True, check=False
    )


def test_peaks_and_sizes_are_told(tmp_path: Path) -> None:
    done = memory("--rows", "40,20", "--work", "plain,pairs", "--folder", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["work"], r["rows"]) for r in results] == [
        ("plain", 20), ("plain", 40), ("pairs", 20), ("pairs", 40),
    ]  # fmt: skip
    for result in results:
        assert result["peak_rss_mb"] > 20
        assert result["journal_bytes_per_row"] > 500
        assert result["parquet_bytes_per_row"] > 0
    assert [results[0]["ratio"], results[2]["ratio"]] == [1, 1]
    assert not list(tmp_path.iterdir())


def test_a_resumed_run_is_timed_to_its_first_request(tmp_path: Path) -> None:
    done = memory(
        "--rows", "", "--resume", "30", "--repeat", "1", "--folder", str(tmp_path), "--json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (resumed,) = map(json.loads, done.stdout.splitlines())
    assert resumed["rows"] == 30
    assert 0 < resumed["resume_s"] < 60


def test_wrong_options_are_said() -> None:
    for options, words in ((["--rows", "many"], "takes numbers"), (["--work", "x"], "unknown")):
        done = memory(*options)
        assert done.returncode == 2
        assert words in done.stderr
