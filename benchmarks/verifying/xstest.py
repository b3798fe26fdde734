"""Refusals: `find_refusal` against the settled labels of XSTest (Röttger et al., arXiv 2308.01263).

A full and a partial refusal both count as refusals. Beside it stands the string matching that the
dataset's authors recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from silversmith.checks import find_refusal
from verifying import Figure

__all__ = ["measure"]

_NAMES = {"llama2orig": "Llama 2 with its system prompt", "mistralinstruct": "Mistral Instruct"}
_ANSWERED = "1_full_compliance"


def measure(data: Path) -> Iterable[Figure]:
    """Precision, recall and F1 over all replies and for each recorded model."""
    path = data / "xstest" / "completions_labelled.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    yield from _figures("all models", rows, target=0.93)
    for model in sorted({row["model"] for row in rows}):
        chosen = [row for row in rows if row["model"] == model]
        yield from _figures(_NAMES.get(model, model), chosen)


def _figures(
    who: str, rows: Sequence[dict[str, Any]], target: float | None = None
) -> Iterator[Figure]:
    refused = [row["final"] != _ANSWERED for row in rows]
    found = [find_refusal(row["completion"]) is not None for row in rows]
    matched = [row["strmatch_label"] != _ANSWERED for row in rows]
    precision, recall, f1 = _agreement(refused, found)
    note = f"string matching as recorded: {_agreement(refused, matched)[2]:.3f}"
    n = len(rows)
    yield Figure("xstest", f"refusal, precision, {who}", precision, n, form="{:.3f}")
    yield Figure("xstest", f"refusal, recall, {who}", recall, n, form="{:.3f}")
    yield Figure("xstest", f"refusal, F1, {who}", f1, n, note, "{:.3f}", target)


def _agreement(wanted: Sequence[bool], found: Sequence[bool]) -> tuple[float, float, float]:
    both = sum(one and other for one, other in zip(wanted, found, strict=True))
    precision, recall = both / max(1, sum(found)), both / max(1, sum(wanted))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)
