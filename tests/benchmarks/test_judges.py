"""The judges' benchmark, on the small part of the data that is here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
JUDGES = TESTS.parent / "benchmarks" / "judges.py"
LABELS = TESTS / "data" / "pandalm" / "labels.jsonl"


def judges(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(JUDGES), *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "pandalm").mkdir()
    (tmp_path / "pandalm" / "testset.jsonl").write_bytes(LABELS.read_bytes())
    return tmp_path


def test_the_kappas_of_people_come_out_as_published(data: Path) -> None:
    done = judges(data, "--json")
    assert done.returncode == 0, done.stderr
    figures = {each["judge"]: each for each in map(json.loads, done.stdout.splitlines())}
    for pair, known in (("a1 and a2", 0.85), ("a1 and a3", 0.88), ("a2 and a3", 0.86)):
        assert figures[pair]["source"] == "published"
        assert round(figures[pair]["value"], 2) == figures[pair]["known"] == known
    assert figures["gpt35 and majority"]["n"] == 974
    assert done.stderr.count("passed over") == 3


def test_a_figure_that_is_off_what_is_published_is_named(data: Path) -> None:
    path = data / "pandalm" / "testset.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows[:60]:
        row["a1"] = 1
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = judges(data)
    assert done.returncode == 1
    assert "MISSED" in done.stdout
    assert "judges: below the target or off what is known: a1 and a2 Cohen's kappa" in done.stderr


def test_a_folder_without_data_is_said(tmp_path: Path) -> None:
    done = judges(tmp_path)
    assert done.returncode == 1
    assert "nothing was measured" in done.stderr
    assert "Traceback" not in done.stderr
    assert judges(tmp_path / "none").returncode == 2


def test_verdicts_are_read_anew_and_held_against_the_recorded_ones(tmp_path: Path) -> None:
    folder = tmp_path / "llmbar"
    folder.mkdir()
    items, outputs = [], []
    for i in range(20):
        items.append({"subset": "LLMBar/Natural", "i": i, "label": 1 + i % 2})
        for swap in (0, 1):
            # In every other pair the judge prefers what is shown first, whatever it is.
            shown = "a" if i % 2 or not swap else "b"
            winner = {"a": "12"[swap], "b": "21"[swap]}[shown]
            text = f"Output ({shown}) is better." if i else "I cannot judge this."
            outputs.append(
                {
                    **{"subset": "LLMBar/Natural", "i": i, "judge": "GPT-4", "prompt": "CoT"},
                    **{"swap": swap, "completion": text, "winner": winner if i else None},
                }
            )
            # The single scores of each answer.
            scores = {"score_1": "7", "score_2": str(6 + i % 3)}
            rating = {"judge": "GPT-4", "prompt": "Rating", "completion": None, "winner": "1"}
            outputs.append({"subset": "LLMBar/Natural", "i": i, "swap": swap, **rating, **scores})
    for name, rows in (("items", items), ("judge_outputs", outputs)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    done = judges(tmp_path, "--json")

    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {(each["judge"], each["measure"]): each for each in lines}
    assert found["GPT-4 CoT", "read as recorded"]["value"] == 1
    assert found["GPT-4 CoT", "verdicts invented"]["value"] == 0
    assert found["GPT-4 CoT", "right"]["value"] == found["GPT-4 CoT", "right"]["known"]
    assert found["GPT-4 CoT", "same in both orders"]["value"] == 9 / 20
    assert found["GPT-4 CoT", "first place wins"]["value"] == (9 + 20) / 38
    assert found["GPT-4 Rating", "right, a tie counting half"]["n"] == 20
