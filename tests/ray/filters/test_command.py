"""`silversmith filter --on ray`, as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

TOOLFORMER = Path(__file__).parent.parent.parent / "data/gpteacher_toolformer/toolformer.jsonl"
FILTERS = """
filters:
  - length: {min_words: 3}
  - shouting:Shouting
  - exact_duplicates
  - near_duplicates: {threshold: 0.5}
  - semantic_duplicates: {threshold: 0.9}
"""
SHOUTING = '''
from silversmith.filters import Filter


class Shouting(Filter):
    """Drops responses that shout."""

    kind = "shouting"

    def reason_to_drop(self, sample):
        return "it shouts" if "!" in sample.response else None
'''


def silversmith(folder, *words, **env):
    return subprocess.run(
        [sys.executable, "-m", "silversmith", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **env},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "filters.yaml").write_text(FILTERS)
    (tmp_path / "shouting.py").write_text(SHOUTING)
    rows = TOOLFORMER.read_text("utf-8").splitlines()
    (tmp_path / "data.jsonl").write_text("\n".join([*rows, *rows[:9], '{"no": "text"}']) + "\n")
    return tmp_path


def test_files_and_books_are_those_of_one_machine(nodes, folder):
    words = ("filter", "data.jsonl", "--filters", "filters.yaml", "--out")
    alone = silversmith(folder, *words, "alone")
    spread = silversmith(folder, *words, "spread", "--on", "ray", RAY_ADDRESS=nodes.address)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert spread.returncode == 0, spread.stderr
    assert spread.stderr.startswith("semantic_duplicates: decided in this process")
    assert "Traceback" not in spread.stderr
    for name in ("kept", "dropped", "failed"):
        tables = [pq.read_table(folder / one / name) for one in ("alone", "spread")]
        assert tables[0].equals(tables[1])
        assert tables[0].num_rows
    books = [
        json.loads((folder / one / "manifest.json").read_text()) for one in ("alone", "spread")
    ]
    for key in ("books", "funnel", "failures"):
        assert books[0][key] == books[1][key]
    assert {step["filter"] for step in books[0]["funnel"] if step["dropped"]} >= {
        "shouting", "exact_duplicates", "near_duplicates",
    }  # fmt: skip


def test_another_word_after_on_is_wrong_usage(folder):
    found = silversmith(folder, "filter", "data.jsonl", "--filters", "filters.yaml", "--on", "dask")
    assert found.returncode == 2
    assert "--on wants ray or ray://HOST:PORT, found 'dask'" in " ".join(found.stderr.split())
