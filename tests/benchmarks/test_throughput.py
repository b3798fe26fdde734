"""The throughput benchmark, small: every contender does the same work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

THROUGHPUT = Path(__file__).resolve().parents[2] / "benchmarks" / "throughput.py"


def test_every_contender_does_all_rows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(THROUGHPUT), "--rows", "20", "--repeat", "1", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = {r["contender"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert set(results) == {"silversmith", "openai_loop", "aiohttp_loop"}
    for result in results.values():
        assert result["rows_done"] == 20
        assert 0 < result["rows_kept"] <= 20
        assert min(result[key] for key in ("rows_per_s", "cpu_ms_per_row", "peak_rss_mb")) > 0
    # Two calls a row; silversmith first asks once what the server can do, and both it and the
    # OpenAI loop ask again where the simulated model's reply is unusable.
    assert all(40 <= result["requests"] < 80 for result in results.values())


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(THROUGHPUT), "--server", "http://127.0.0.1:9"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no server answers at http://127.0.0.1:9/v1" in done.stderr
    assert "Traceback" not in done.stderr
