"""A strategy is a class with its template: added to the tree, or in another package, it runs, is
judged by its own rubric and has its line in the tables, and no other file is touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULE = """
from pydantic import BaseModel
from silversmith.generators import Generator
from silversmith.records import Ask, Check, Draw, Sample, Seed

"""
RECIPE = """
models: {writer: simulated, critic: simulated}
seeds:
  - tasks: {path: SEEDS, licence: Apache-2.0}
generators:
  - KIND: {draws: 2, attributes: [tone]}
judges: [rubric]
"""


def written_in(page: Path, language: str, word: str) -> str:
    """The block of a page that has this word."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (block,) = [one for one in blocks if word in one]
    return str(block)


@pytest.fixture
def strategy(root: Path) -> dict[str, str]:
    """The strategy of CONTRIBUTING.md: its module, its template and its rubric."""
    page = root / "CONTRIBUTING.md"
    return {
        "module": MODULE + written_in(page, "python", "class Paraphrase"),
        "template": written_in(page, "jinja", "in other words"),
        "rubric": written_in(page, "yaml", "same_task"),
    }


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(words: list[str], folder: Path, *, first: Path) -> str:
    """What `silversmith` says in a fresh process that looks for packages in `first` first."""
    done = subprocess.run(
        [sys.executable, "-m", "silversmith", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(first)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_made(out: Path, said: str) -> None:
    """The run made samples of the strategy, checked and judged as it says."""
    manifest = json.loads((out / "manifest.json").read_text())
    (books,) = manifest["strategies"]
    assert books["strategy"] == "paraphrase"
    assert books["planned"] == 20
    assert books["kept"] == books["verified"] > 10
    assert re.search(r"^paraphrase +20 ", said, re.MULTILINE)

    from pyarrow import dataset

    samples: list[dict[str, Any]] = dataset.dataset(out / "kept").to_table().to_pylist()
    assert {j["criterion"] for s in samples for j in s["judgements"]} == {"same_task"}
    assert {a["name"] for s in samples for a in s["attributes"]} == {"tone"}
    assert all(s["origin"]["template"] == "paraphrase" for s in samples)


def test_a_strategy_in_the_tree(
    root: Path, source_files: list[Path], strategy: dict[str, str], tmp_path: Path
) -> None:
    copy = tmp_path / "silversmith"
    for path in source_files:
        if path.parts[0] not in ("tests", "docs", "benchmarks"):
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, copy / path)
    write(copy / "generators" / "paraphrase.py", strategy["module"])
    write(copy / "prompts" / "paraphrase.j2", strategy["template"])
    write(copy / "judges" / "rubrics" / "paraphrase.yaml", strategy["rubric"])
    recipe = RECIPE.replace("SEEDS", "data/seed_tasks.jsonl").replace("KIND", "paraphrase")
    write(copy / "recipes" / "paraphrase.yaml", recipe)

    said = run(["run", "paraphrase", "--limit", "20", "--out", "run"], tmp_path, first=tmp_path)

    assert_made(tmp_path / "run", said)


def test_a_strategy_of_another_package(
    root: Path, strategy: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path / "packages" / "lab" / "__init__.py", "")
    write(tmp_path / "packages" / "lab" / "words.py", strategy["module"])
    write(tmp_path / "prompts" / "paraphrase.j2", strategy["template"])
    write(tmp_path / "rubrics" / "paraphrase.yaml", strategy["rubric"])
    seeds = root / "recipes" / "data" / "seed_tasks.jsonl"
    recipe = RECIPE.replace("SEEDS", str(seeds)).replace("KIND", '"lab.words:Paraphrase"')
    write(tmp_path / "recipe.yaml", recipe)
    first = tmp_path / "packages"

    said = run(["plan", "recipe.yaml", "--limit", "20"], tmp_path, first=first)
    assert re.search(r"^paraphrase +writer +20 ", said, re.MULTILINE)
    said = run(["run", "recipe.yaml", "--limit", "20", "--out", "run"], tmp_path, first=first)

    assert_made(tmp_path / "run", said)
