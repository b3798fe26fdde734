"""The verifiers' benchmark, on the small part of the data that is here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
VERIFIERS = TESTS.parent / "benchmarks" / "verifiers.py"


def verifiers(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(VERIFIERS), *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_constraints_agree_with_the_recorded_verdicts() -> None:
    done = verifiers(TESTS / "data", "--only", "ifeval", "--json")
    assert done.returncode == 0, done.stderr
    figures = {each["measure"]: each for each in map(json.loads, done.stdout.splitlines())}
    for measure in ("agreement, strict", "agreement, loose"):
        figure = figures[measure]
        assert figure["note"] == "25 kinds"
        assert figure["n"] == 197
        assert figure["value"] >= figure["target"] == 0.99
        assert figure["reached"]


def test_the_table_has_targets_and_notes() -> None:
    done = verifiers(TESTS / "data", "--only", "ifeval")
    assert done.returncode == 0, done.stderr
    heading, first, *_ = done.stdout.splitlines()
    assert heading.split() == ["dataset:", "measure", "value", "target", "n"]
    assert first.startswith("ifeval: agreement, strict")
    assert "≥ 99.00%" in first
    assert first.endswith("25 kinds")


def test_wrong_verdicts_are_below_the_target(tmp_path: Path) -> None:
    folder = tmp_path / "ifeval"
    folder.mkdir()
    for path in (TESTS / "data" / "ifeval").glob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        if path.stem == "responses_verdicts":
            rows = [json.loads(line) for line in text.splitlines()]
            for row in rows[:10]:
                row["strict"] = [1 - verdict for verdict in row["strict"]]
            text = "\n".join(map(json.dumps, rows))
        (folder / path.name).write_text(text, encoding="utf-8")
    done = verifiers(tmp_path, "--only", "ifeval")
    assert done.returncode == 1
    assert done.stderr.endswith("below the target: ifeval agreement, strict\n")


def test_a_dataset_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    done = verifiers(tmp_path, "--only", "ifeval")
    assert done.returncode == 1
    assert "ifeval is passed over: " in done.stderr
    assert "nothing was measured" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_options_are_said(tmp_path: Path) -> None:
    for options, words in (
        ([tmp_path, "--only", "nothing"], "unknown nothing; there are "),
        ([tmp_path / "none"], "is no folder"),
        ([], "required: folder"),
    ):
        done = verifiers(*options)
        assert done.returncode == 2
        assert words in done.stderr
