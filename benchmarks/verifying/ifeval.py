"""The verdicts of IFEval's own verifier on the replies of four models, one for each constraint.

`prompts.jsonl` has the constraints of each prompt (`instruction_id_list`, `kwargs`),
`responses_verdicts.jsonl` the replies with a strict and a loose verdict for each constraint.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from silversmith.checks.constraints import KINDS, constraint
from verifying import Figure

__all__ = ["Case", "cases", "measure"]


class Case(NamedTuple):
    """One constraint of one prompt, with a reply and both verdicts on it, ours and theirs."""

    model: str
    key: int
    kind: str
    arguments: dict[str, Any]
    strict: bool
    loose: bool
    recorded_strict: bool
    recorded_loose: bool


def cases(data: Path) -> Iterator[Case]:
    """All verdicts in the folder `ifeval` of the data."""
    prompts = {row["key"]: row for row in _rows(data / "ifeval" / "prompts.jsonl")}
    for row in _rows(data / "ifeval" / "responses_verdicts.jsonl"):
        prompt = prompts[row["key"]]
        asked = zip(prompt["instruction_id_list"], prompt["kwargs"], strict=True)
        recorded = zip(row["strict"], row["loose"], strict=True)
        for (name, arguments), (strict, loose) in zip(asked, recorded, strict=True):
            kind = name.removeprefix("en:")
            made = constraint(kind, arguments)
            yield Case(
                row["model"], row["key"], kind, arguments,
                made.met(row["response"]), made.met(row["response"], loose=True),
                bool(strict), bool(loose),
            )  # fmt: skip


def measure(data: Path) -> Iterable[Figure]:
    """Agreement, strict and loose, over all kinds and for the kinds that fall short of all."""
    compared = list(cases(data))
    total = Counter(case.kind for case in compared)
    for name in ("strict", "loose"):
        wrong = Counter(
            case.kind
            for case in compared
            if getattr(case, name) is not getattr(case, f"recorded_{name}")
        )
        missing = KINDS.keys() - total
        yield Figure(
            "ifeval",
            f"agreement, {name}",
            1 - wrong.total() / len(compared),
            len(compared),
            f"{len(total)} kinds" + (f", none of {', '.join(sorted(missing))}" if missing else ""),
            target=0.99,
        )
        for kind, count in wrong.most_common():
            yield Figure(
                "ifeval", f"{kind}, {name}", 1 - count / total[kind], total[kind],
                f"{count} differ",
            )  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
