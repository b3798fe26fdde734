"""The program's own commands, as a user gives them, on recipes for the teacher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from looping.grammar import Problem, read

__all__ = [
    "draft_unchecked", "exported", "families", "filter_run", "general_run", "next_round", "rounds",
    "run", "wrong_share",
]  # fmt: skip

_BENCHMARKS = Path(__file__).resolve().parents[1]
_GENERAL = "Word problem {} of primary school."


def silversmith(*words: str | Path) -> str:
    """Run a command, and return what it printed; ends the benchmark where it fails."""
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(_BENCHMARKS), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"silversmith {' '.join(map(str, words))}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def run(recipe: Path, out: Path, url: str, limit: int) -> dict[str, Any]:
    """Run a recipe with the teacher at this address; its manifest."""
    model = f"writer={url}#teacher"
    words = ("run", recipe, "--out", out, "--model", model, "--limit", str(limit), "--json", "-q")
    return dict(json.loads(silversmith(*words)))


def general_run(folder: Path, url: str, samples: int) -> Path:
    """A run that asks for word problems of any kind, checked as `reasoning` checks: what tunes a
    model that nobody has evaluated."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "general.jsonl", "w", encoding="utf-8") as file:
        for number in range(samples):
            file.write(json.dumps({"instruction": _GENERAL.format(number)}) + "\n")
    values = {
        "models": {"writer": _model(url)},
        "seeds": [{"tasks": "general.jsonl"}],
        "generators": ["reasoning"],
        "filters": ["exact_duplicates"],
        "max_failed_share": 0.5,
    }
    run(_written(folder / "general.yaml", values), folder / "general", url, samples)
    return folder / "general"


def next_round(
    previous: Path, log: Path, out: Path, samples: int, *, least_failures: int = 2
) -> str:
    """`silversmith next`: what it says."""
    return silversmith(
        "next", previous, "--failures", log, "--out", out, "--samples", str(samples),
        "--least-failures", str(least_failures), "--replace",
    )  # fmt: skip


def rounds(folder: Path) -> str:
    """`silversmith rounds`: what it says."""
    return silversmith("rounds", folder)


def draft_unchecked(recipe: Path, out: Path, url: str, samples: int, solutions: int) -> Path:
    """The drafts of a recipe with nothing checked and nothing filtered but the evaluation's items;
    each with so many other solutions of its problem, to compare."""
    values = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    values["name"] = "unchecked"
    values["generators"] = [
        {"looping.unchecked:Unchecked": {**entry["reasoning"], "agreement": solutions}}
        for entry in values["generators"]
    ]
    values["judges"] = ["verified"]
    values["filters"] = [one for one in values["filters"] if "decontaminate" in one]
    run(_written(recipe.with_name("unchecked.yaml"), values), out, url, samples)
    return out


def filter_run(data: Path, out: Path, filters: Sequence[Any]) -> Path:
    """`silversmith filter` with these filters; the folder of what is kept."""
    file = _written(out.with_name(f"{out.name}.yaml"), {"filters": list(filters)})
    silversmith("filter", data, "--filters", file, "--out", out, "--quiet")
    return out


def exported(folder: Path) -> list[dict[str, Any]]:
    """The rows of `silversmith export --format trl-sft`."""
    to = folder / "exports" / "trl-sft"
    silversmith("export", folder, "--format", "trl-sft", "--to", to)
    (file,) = (one for one in to.rglob("*.jsonl") if "id" not in one.stem)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def wrong_share(rows: Sequence[Mapping[str, Any]]) -> float:
    """The share of exported rows whose answer is not that of the problem: planted flaws that are
    left."""
    wrong = 0
    for row in rows:
        prompt, reply = (message["content"] for message in row["messages"][-2:])
        problem = read(prompt)
        wrong += problem is None or not reply.endswith(f"Answer: {problem.answer}")
    return wrong / len(rows)


def families(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The family of each exported row, "" for a text that is none of the grammar's."""
    found: list[Problem | None] = [read(row["messages"][-2]["content"]) for row in rows]
    return [problem.family.name if problem else "" for problem in found]


def _model(url: str) -> dict[str, Any]:
    return {"base_url": url, "model": "teacher", "concurrency": 8}


def _written(path: Path, values: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(values), sort_keys=False), encoding="utf-8")
    return path
