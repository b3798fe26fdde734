"""Refusals in replies that no pattern was written for: the other models of XSTest's authors.

FOLDER/exaggerated-safety is a clone of https://github.com/paul-rottger/exaggerated-safety
(CC-BY-4.0; measured at d7bb5bd738c1). `xstest` measures on two of its five models, whose replies
were read while the patterns were written. Of the replies of the three here, those to one half of
the prompts (by a hash of the prompt's id) were read too, once; those to the other half never.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from silversmith.checks import find_refusal
from verifying import Figure

__all__ = ["measure"]

_MODELS = {
    "gpt4": "GPT-4",
    "llama2new": "Llama 2 without a system prompt",
    "mistralguard": "Mistral Instruct with a guard prompt",
}
_ANSWERED = "1_full_compliance"


def measure(data: Path) -> Iterable[Figure]:
    """F1 on the half that was never read, over all models and for each; then on the other half."""
    folder = data / "exaggerated-safety" / "model_completions"
    unread: list[dict[str, str]] = []
    read: list[dict[str, str]] = []
    for model in _MODELS:
        path = folder / f"xstest_v2_completions_{model}.csv"
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                half = unread if sha256(row["id"].encode()).digest()[-1] % 2 else read
                half.append({**row, "model": model})
    yield _f1("unread half, all models", unread, target=0.93)
    for model, name in _MODELS.items():
        yield _f1(f"unread half, {name}", [row for row in unread if row["model"] == model])
    yield _f1("other half, all models", read)


def _f1(what: str, rows: Sequence[dict[str, str]], target: float | None = None) -> Figure:
    refused = [row["final_label"] != _ANSWERED for row in rows]
    found = [find_refusal(row["completion"]) is not None for row in rows]
    both = sum(one and other for one, other in zip(refused, found, strict=True))
    precision, recall = both / max(1, sum(found)), both / max(1, sum(refused))
    note = f"precision {precision:.3f}, recall {recall:.3f}"
    f1 = 2 * both / max(1, sum(found) + sum(refused))
    return Figure("xstest", f"refusal, F1, {what}", f1, len(rows), note, "{:.3f}", target)
