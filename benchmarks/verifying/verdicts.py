"""Verdicts: `find_verdict` on recorded judges' replies, and on texts that hold no verdict.

The replies are ratings from FastChat (MT-Bench, in Chinese, Japanese and English) and preferences
from LLMBar (Zeng et al., arXiv 2310.07641). In the ratings whose recorded score is -1 the score is
read by `_LEFT_OUT`, since the project's parser did not find it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from silversmith.checks.verdicts import Verdict, detect_format, find_verdict
from verifying import Figure

__all__ = ["measure"]

_LEFT_OUT = re.compile(r"rating(?:\]\]\")?: ?(\d+)")
_WITHOUT: Mapping[str, tuple[str, str]] = {
    "gsm8k/model_solutions.jsonl": ("solution", "solutions of sums"),
    "xstest/completions_labelled.jsonl": ("completion", "answers and refusals"),
    "zeroeval_gsm/outputs.jsonl": ("output", "answers in JSON"),
    "ifeval/responses_verdicts.jsonl": ("response", "answers to instructions"),
}
"""Texts that are no judgements: their file, the field, and what they are."""


def measure(data: Path) -> Iterable[Figure]:
    """The share read right by judge and kind, and the share of texts with nothing invented."""
    yield from _ratings(data)
    yield from _preferences(data)
    for file, (field, what) in _WITHOUT.items():
        texts = [row[field] for row in _rows(data / file)]
        yield _quiet(file.split("/")[0], what, texts)
    folder = data / "documents"
    pages = sorted(page for page in folder.glob("*/*") if page.suffix in {".txt", ".md"})
    if not pages:
        raise FileNotFoundError(2, "no documents", str(folder))
    parts = [part for page in pages for part in page.read_text(encoding="utf-8").split("\n\n")]
    yield _quiet("documents", "paragraphs", parts)


def _ratings(data: Path) -> Iterator[Figure]:
    rows = _rows(data / "raw_judgments" / "single_rating.jsonl")
    hard = _rows(data / "raw_judgments" / "prompt_difficulty_multi_judge.jsonl")

    def read(text: str) -> Verdict:
        return find_verdict(text, wants="score", scale=(1, 10))

    cases = [(row["text"], _rating(row)) for row in rows]
    yield from _right("raw_judgments", "single ratings", cases, read)
    yield from _right("raw_judgments", "difficulty", [(row["text"], (9.0,)) for row in hard], read)


def _rating(row: Mapping[str, Any]) -> tuple[float, ...] | None:
    if row["ref"] != -1:
        return (float(row["ref"]),)
    found = _LEFT_OUT.search(row["text"])
    return (float(found[1]),) if found else None


def _preferences(data: Path) -> Iterator[Figure]:
    rows = [row for row in _rows(data / "llmbar" / "judge_outputs.jsonl") if row["completion"]]
    for judge in sorted({row["judge"] for row in rows}):
        chosen = [row for row in rows if row["judge"] == judge and row["completion"] != "NULL"]
        cases = [(row["completion"], _shown_winner(row)) for row in chosen]
        yield from _right("llmbar", judge, cases, _prefer, "the recorded parser takes the first")
        prompts = sorted({row["prompt"] for row in chosen})
        names = []
        for prompt in prompts:
            replies = (row["completion"] for row in chosen if row["prompt"] == prompt)
            names.append(f"{prompt} {detect_format(replies).format}")
        known = sum(not name.endswith(" auto") for name in names)
        note = ", ".join(names)
        yield Figure("llmbar", f"format worked out, {judge}", known / len(names), len(names), note)


def _prefer(text: str) -> Verdict:
    return find_verdict(text, wants="choice", ties=False)


def _shown_winner(row: Mapping[str, Any]) -> str | None:
    """The winner by its place in the prompt, as the judge named it; recorded is its item's."""
    if row["winner"] is None:
        return None
    return "AB"[(row["winner"] == "2") != (row["swap"] == 1)]


def _right(
    dataset: str,
    what: str,
    cases: Iterable[tuple[str, object]],
    read: Callable[[str], Verdict],
    note: str = "",
) -> Iterator[Figure]:
    there = right = none = silent = 0
    for text, wanted in cases:
        verdict = read(text)
        if wanted is None:
            none += 1
            silent += not verdict.found
        else:
            there += 1
            right += (verdict.choice or verdict.values) == wanted
    yield Figure(dataset, f"verdict read right, {what}", right / there, there, note, target=0.99)
    if none:
        measure_name = f"no verdict where none is recorded, {what}"
        yield Figure(dataset, measure_name, silent / none, none, target=1.0)


def _quiet(dataset: str, what: str, texts: list[str]) -> Figure:
    bare = sum(find_verdict(text).found for text in texts)
    stated = sum(find_verdict(text, wants="score", scale=(1, 10)).found for text in texts)
    note = f"{bare} invented; {stated} when asked for a score from 1 to 10"
    share = 1 - bare / len(texts)
    return Figure(dataset, f"nothing invented, {what}", share, len(texts), note, target=0.995)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
