"""The certificate's benchmark, on a small part of its grid."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
BENCHMARK = TESTS.parent / "benchmarks" / "certificate.py"


def certificate(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_small_grid_passes(tmp_path: Path) -> None:
    (tmp_path / "pandalm").mkdir()
    labels = TESTS / "data" / "pandalm" / "labels.jsonl"
    shutil.copy(labels, tmp_path / "pandalm" / "testset.jsonl")
    few = ("--lots", "1500", "--different", "2", "--lot-size", "5000")
    done = certificate(tmp_path, *few, "--sizes", "200", "--shares", "0.9", "--json")
    assert done.returncode == 0, done.stderr
    cells = [json.loads(line) for line in done.stdout.splitlines()]
    assert {cell["design"] for cell in cells} == {"simple", "by size", "neyman", "sequence"}
    assert any("PandaLM" in cell["judge"] for cell in cells)
    by_judge = {cell["judge"]: cell for cell in cells if cell["design"] == "simple"}
    assert by_judge["good"]["ratio"] < 1
    assert by_judge["good"]["helped"] > 0.5
    assert by_judge["none"]["helped"] < 0.05
    assert all(cell["coverage"] > 0.93 and not cell["faults"] for cell in cells)


def test_a_cell_that_does_not_cover_is_named(tmp_path: Path) -> None:
    # With thirty samples a cell, two that miss are 93%, so that some cell is below 94%.
    few = ("--lots", "30", "--different", "1", "--lot-size", "2000")
    done = certificate(tmp_path, *few, "--sizes", "50", "--shares", "0.5,0.6", "--seed", "3")
    assert done.returncode == 1
    assert "certificate: " in done.stderr
    assert "covers" in done.stderr
    assert "Lowest coverage" in done.stdout
