"""The throughput benchmark, small: every contender does the same work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

THROUGHPUT = Path(__file__).resolve().parents[2] / "benchmarks" / "throughput.py"
LOOPS = "silversmith,openai_loop,aiohttp_loop"


def throughput(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(THROUGHPUT), *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contender_does_all_rows(tmp_path: Path) -> None:
    done = throughput(
        tmp_path, "--rows", "20", "--repeat", "1", "--contenders", LOOPS, "--latency-ms", "5",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = {r["contender"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert set(results) == {"silversmith", "openai_loop", "aiohttp_loop"}
    for result in results.values():
        assert result["rows_done"] == 20
        assert 0 < result["rows_kept"] <= 20
        figures = ("rows_per_s", "cpu_ms_per_row", "peak_rss_mb", "startup_s")
        assert min(result[key] for key in figures) > 0
        assert result["startup_s"] < result["wall_s"]
        ideal = 2 * 20 * 0.005 / 64
        assert abs(result["share_of_ideal"] - ideal / result["wall_s"]) < 0.001
        assert result["cpu_ms_per_further_row"] is None
    # Two calls a row; silversmith first asks once what the server can do, and both it and the
    # OpenAI loop ask again where the simulated model's reply is unusable.
    assert all(40 <= result["requests"] < 80 for result in results.values())


def test_the_slope_is_that_between_two_numbers_of_rows(tmp_path: Path) -> None:
    done = throughput(
        tmp_path, "--slope", "10,400", "--repeat", "1", "--contenders", "aiohttp_loop", "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["rows_done"] == result["rows"] == 400
    assert result["further_rows_from"] == 10
    assert 0 < result["cpu_ms_per_further_row"] < result["cpu_ms_per_row"]


def test_who_is_not_installed_is_passed_over(tmp_path: Path) -> None:
    """A bare interpreter has none of the peers."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    bare = tmp_path / "venv" / "bin" / "python"
    done = throughput(
        tmp_path, "--rows", "5", "--repeat", "1", "--contenders", "distilabel,aiohttp_loop",
        "--python", f"distilabel={bare}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"distilabel is passed over: {bare} has no package distilabel" in done.stderr
    assert "aiohttp_loop" in done.stdout
    assert "distilabel" not in done.stdout


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = throughput(tmp_path, "--server", "http://127.0.0.1:9", "--contenders", "silversmith")
    assert done.returncode == 1
    assert "no server answers at http://127.0.0.1:9/v1" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_options_are_said(tmp_path: Path) -> None:
    for options, words in (
        (["--contenders", "silversmith,nobody"], "unknown contender nobody"),
        (["--slope", "20000"], "write two numbers of rows"),
        (["--slope", "300,200"], "the second greater"),
        (["--python", "/usr/bin/python3"], "write NAME=PATH"),
    ):
        done = throughput(tmp_path, *options)
        assert done.returncode == 2
        assert words in done.stderr
