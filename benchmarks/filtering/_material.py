"""Rows to measure on, made of published ones."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["different_rows", "instruction_rows", "rows_of"]

_WORDS = 120
"""Words of a row on the average: prompt and response together."""

_OTHER_WORDS = 0.3


def instruction_rows(folder: Path, count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """So many rows with instruction, input and output, of about 120 words on the average.

    They are rows of toolformer, XSTest, IFEval, LLMBar and PandaLM, drawn in such shares that
    their mean length is the one wanted, and each with a number of its own, so that no two are the
    same.
    """
    rng = random.Random(seed)
    pairs = [pair for pair in _pairs(folder) if pair[0].strip() and pair[2].strip()]
    lengths = [len(" ".join(pair).split()) for pair in pairs]
    short = [pair for pair, words in zip(pairs, lengths, strict=True) if words < _WORDS]
    long = [pair for pair, words in zip(pairs, lengths, strict=True) if _WORDS <= words < 600]
    low = sum(words for words in lengths if words < _WORDS) / len(short)
    high = sum(words for words in lengths if _WORDS <= words < 600) / len(long)
    share = (_WORDS - low) / (high - low)
    for number in range(count):
        instruction, given, output = rng.choice(long if rng.random() < share else short)
        yield {
            "instruction": f"{instruction} (case {number})",
            "input": given,
            "output": output,
        }


def different_rows(folder: Path, count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """The same, and no two of them alike: the sentences of an output stand in another order, and
    three of its words in ten are those of other outputs."""
    rng = random.Random(seed)
    words = sorted({word for *_, output in _pairs(folder) for word in output.split()})
    for row in instruction_rows(folder, count, seed):
        sentences = re.split(r"(?<=[.!?])\s+", row["output"])
        rng.shuffle(sentences)
        mixed = (
            rng.choice(words) if rng.random() < _OTHER_WORDS else word
            for sentence in sentences
            for word in sentence.split()
        )
        yield {**row, "output": " ".join(mixed)}


def _pairs(folder: Path) -> Iterator[tuple[str, str, str]]:
    for row in rows_of(folder / "gpteacher_toolformer" / "toolformer.jsonl"):
        yield row["instruction"], row["input"], str(row["output"])
    for row in rows_of(folder / "xstest" / "completions_labelled.jsonl"):
        yield row["prompt"], "", row["completion"]
    prompts = {row["key"]: row["prompt"] for row in rows_of(folder / "ifeval" / "prompts.jsonl")}
    for row in rows_of(folder / "ifeval" / "responses_verdicts.jsonl"):
        yield prompts[row["key"]], "", row["response"]
    for row in rows_of(folder / "llmbar" / "items.jsonl"):
        yield row["input"], "", row["output_1"]
    for row in rows_of(folder / "pandalm" / "testset.jsonl"):
        yield row["instruction"], row["input"], str(row["response1"])


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
