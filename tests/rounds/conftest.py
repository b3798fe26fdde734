"""Evaluations to make rounds of, and runs to make them for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Arithmetic = Callable[..., list[dict[str, Any]]]
Write = Callable[[Path, Sequence[dict[str, Any]]], Path]


def _arithmetic(shares: Sequence[float], seed: int = 1, items: int = 150) -> list[dict[str, Any]]:
    """Three sorts of word problems, of each of which a share is answered wrongly; the same
    problems whatever the shares and the seed."""
    problems, chance = random.Random(1), random.Random(seed)
    rows = []
    for number in range(items):
        a, b = problems.randint(2, 99), problems.randint(2, 99)
        who, what = problems.choice(["Tom", "Ann", "Li"]), problems.choice(["apples", "books"])
        sort = number % 3
        prompt, answer = [
            (f"{who} has {a} {what} and buys {b} more. How many {what} are there now?", a + b),
            (f"{who} shares {a * b} {what} equally among {b} friends. What does each get?", a),
            (f"A train travels {a} km per hour for {b} hours. How many km does it cover?", a * b),
        ][sort]
        right = chance.random() >= shares[sort]
        output = f"The answer is {answer if right else answer + 10}."
        rows.append({"prompt": prompt, "output": output, "expected": str(answer), "score": right})
    return rows


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def arithmetic() -> Arithmetic:
    return _arithmetic


@pytest.fixture(scope="session")
def write() -> Write:
    """Writes rows into a JSON Lines file."""
    return _write


@pytest.fixture(scope="session")
def logs() -> Path:
    """The folder of real logs."""
    return Path(__file__).parent.parent / "data" / "eval_logs"


@pytest.fixture
def run(call: Callable[..., tuple[Any, str, str]], tmp_path: Path) -> Path:
    """A finished run."""
    _write(tmp_path / "tasks.jsonl", [{"instruction": "Explain gravity to a child."}])
    recipe = tmp_path / "first.yaml"
    recipe.write_text(
        "models: {writer: simulated}\nseeds: [{tasks: tasks.jsonl}]\ngenerators: [instruction]\n"
        "filters: [exact_duplicates]\n"
    )
    assert call("run", recipe, "-q")[0] == 0
    return tmp_path / "runs" / "first"
