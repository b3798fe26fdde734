"""The benchmark of the loop, small: a model is made, evaluated, tuned on what answers its failures,
and evaluated again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FLYWHEEL = Path(__file__).resolve().parents[2] / "benchmarks" / "flywheel.py"


def flywheel(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FLYWHEEL), str(folder), "--quick", *options],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_goes_round_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    done = flywheel(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert len(results) == 11  # the base, two sets in full, four in full and with adapters
    assert all(len(one["failures"]) == 12 for one in results)
    sets = json.loads((tmp_path / "sets.json").read_text())
    assert len(sets["selected"]) == len(sets["by chance"]) == len(sets["filtered"]) // 2
    assert "targeted, not untargeted" in done.stdout
    rounds = [json.loads((tmp_path / f"rounds/{one}/round.json").read_text()) for one in (1, 2)]
    assert [one["number"] for one in rounds] == [1, 2]
    assert rounds[0]["items"] == rounds[1]["items"] == 72
    # As if it had been killed after the last tuning but one.
    lines = (tmp_path / "results.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "results.jsonl").write_text("".join(lines[:-1]))
    again = flywheel(tmp_path)
    assert again.returncode == 0, again.stderr[-3000:]
    assert (tmp_path / "results.jsonl").read_text().splitlines(keepends=True) == lines
    other = flywheel(tmp_path, "--slips", "0.5")
    assert other.returncode == 1
    assert "was begun with other options" in other.stderr
