"""Wrong steps of BIG-Bench Mistake (arXiv 2311.08516), found without a model.

For each task: of the chains in which a step is called wrong, the share that has a mistake
(precision) and of the chains with a mistake the share that is called wrong (recall); and the same
where the first step that is called wrong must be the very one that people marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from silversmith.checks.traces import check_trace
from verifying import Figure

__all__ = ["measure"]

_HOW = {
    "dyck_languages": "the stack is followed",
    "logical_deduction": "only places beyond the number of objects, and two places for one",
    "multistep_arithmetic": "every line recomputed; some marks are missing in the data",
    "tracking_shuffled_objects": "who holds what is followed",
    "word_sorting": "letters, order and lost words; a wrong group is found a step late",
}


def measure(data: Path) -> Iterable[Figure]:
    """The figures of each task."""
    path = data / "bigbench_mistake" / "traces.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for task in sorted({row["task"] for row in rows}):
        yield from _task(task, [row for row in rows if row["task"] == task])


def _task(task: str, rows: Sequence[dict[str, Any]]) -> Iterator[Figure]:
    marked = [row["mistake_index"] for row in rows]
    called = [_first_wrong(row) for row in rows]
    pairs = list(zip(marked, called, strict=True))
    some = sum(call is not None for call in called)
    wrong = sum(mark is not None for mark in marked)
    both = sum(mark is not None and call is not None for mark, call in pairs)
    exact = sum(mark is not None and mark == call for mark, call in pairs)
    for name, hits in (("a wrong step somewhere", both), ("the marked step", exact)):
        precision = hits / some if some else 0.0
        yield Figure("bigbench_mistake", f"{task}: {name}, precision", precision, some, _HOW[task])
        yield Figure("bigbench_mistake", f"{task}: {name}, recall", hits / wrong, wrong)


def _first_wrong(row: dict[str, Any]) -> int | None:
    steps = check_trace(row["input"], "", row["steps"], "").steps
    return next((place for place, step in enumerate(steps) if step.verdict == "wrong"), None)
