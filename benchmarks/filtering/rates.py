"""How much of published data each row filter drops, and some of the drops to look at.

With SHOW=100 in the environment, up to 100 drops of each filter are printed, drawn at random.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from silversmith.filters import Columns
from silversmith.filters.language import Language
from silversmith.filters.personal_data import PersonalData
from silversmith.records import Sample

from ._material import rows_of
from .row_filters import TOGETHER

__all__ = ["measure"]

_RULES = (*TOGETHER[1:-1], PersonalData(), Language(keep=("en",)))


def measure(folder: Path, rows: int) -> Sequence[Sequence[str]]:
    """The share of each set that each filter, alone, drops."""
    cells = [["set", "rows", *(rule.kind for rule in _RULES)]]
    drops: dict[str, list[str]] = {rule.kind: [] for rule in _RULES}
    for name, samples in _sets(folder):
        line = [name, f"{len(samples):,}"]
        for rule in _RULES:
            count = 0
            for start in range(0, len(samples), 2_000):
                part = samples[start : start + 2_000]
                for row, reason in rule.reasons_to_drop(Columns.of(part)).items():
                    count += 1
                    one = part[row]
                    drops[rule.kind].append(
                        f"{name}: {reason} | {one.instruction[:80]!r} | {one.response[:160]!r}"
                    )
            line.append(f"{count / len(samples):.2%}")
        cells.append(line)
    if show := int(os.environ.get("SHOW", "0")):
        for kind, found in drops.items():
            print(f"\n{kind}: {len(found)}")
            for line_ in random.Random(1).sample(found, min(show, len(found))):
                print("  ", line_)
    return cells


def _sets(folder: Path) -> Iterator[tuple[str, list[Sample]]]:
    def pair(instruction: str, given: object, response: object) -> Sample:
        said = response if isinstance(response, str) else str(response)
        return Sample.pair(f"{instruction}\n\n{given or ''}".strip(), said)

    rows = rows_of(folder / "gpteacher_toolformer" / "toolformer.jsonl")
    yield "toolformer", [pair(r["instruction"], r["input"], r["output"]) for r in rows]
    rows = rows_of(folder / "seed_tasks" / "seed_tasks.jsonl")
    yield (
        "seed_tasks",
        [
            pair(r["instruction"], one["input"], one["output"])
            for r in rows
            for one in r["instances"]
        ],
    )
    questions = {r["i"]: r["question"] for r in rows_of(folder / "gsm8k" / "problems.jsonl")}
    rows = rows_of(folder / "gsm8k" / "model_solutions.jsonl")
    yield "gsm8k", [pair(questions[r["i"]], "", r["solution"]) for r in rows]
    prompts = {r["key"]: r["prompt"] for r in rows_of(folder / "ifeval" / "prompts.jsonl")}
    answers: dict[str, list[Sample]] = {}
    for r in rows_of(folder / "ifeval" / "responses_verdicts.jsonl"):
        model = r["model"].partition("__")[2] or r["model"]
        answers.setdefault(f"ifeval, {model[:18]}", []).append(
            pair(prompts[r["key"]], "", r["response"])
        )
    yield from answers.items()
    rows = rows_of(folder / "xstest" / "completions_labelled.jsonl")
    yield "xstest", [pair(r["prompt"], "", r["completion"]) for r in rows]
    rows = rows_of(folder / "llmbar" / "items.jsonl")
    yield "llmbar", [pair(r["input"], "", r[f"output_{n}"]) for r in rows for n in (1, 2)]
    rows = rows_of(folder / "pandalm" / "testset.jsonl")
    yield (
        "pandalm",
        [pair(r["instruction"], r["input"], r[f"response{n}"]) for r in rows for n in (1, 2)],
    )
