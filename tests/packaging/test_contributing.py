"""The examples of CONTRIBUTING.md do what it says."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any

import pytest

from silversmith.records import Draw, Sample, Seed

PREAMBLE = """
from collections.abc import Iterable, Sequence
from typing import Any
from pydantic import BaseModel, Field
from silversmith.exports import Export
from silversmith.filters import Filter
from silversmith.generators import Generator
from silversmith.judges import Judge
from silversmith.records import Ask, Check, Draw, Judgement, Sample, Seed
"""


@pytest.fixture(scope="module")
def examples(root: Path) -> types.ModuleType:
    """The code blocks of CONTRIBUTING.md as a module."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    module = types.ModuleType("contributing")
    exec(PREAMBLE + "\n".join(blocks), module.__dict__)
    return module


def answering(**values: Any) -> Any:
    """An `ask` that is given these values."""

    async def ask(draft: Any, /, **_: Any) -> Any:
        return draft(**values)

    return ask


PAIR = Sample.pair("Greet me.", "Good morning to you")


def test_the_filter_counts_words(examples: types.ModuleType) -> None:
    assert examples.MinWords().reason_to_drop(PAIR) == "4 words"
    assert examples.MinWords(words=4).reason_to_drop(PAIR) is None


async def test_the_generator_keeps_the_answer(examples: types.ModuleType) -> None:
    seed = Seed(source="seeds.jsonl#1", instruction="2 + 2?", answer="4")
    generator = examples.Paraphrase()
    assert generator.accepts(seed)
    assert not generator.accepts(Seed(source="seeds.jsonl#2", instruction="2 + 2?"))
    sample = await generator.draft(seed, Draw(0), answering(instruction="What is 2 + 2?"))
    assert (sample.instruction, sample.response) == ("What is 2 + 2?", "4")
    assert sample.verified


async def test_the_judge_gives_a_score(examples: types.ModuleType) -> None:
    (judgement,) = await examples.Politeness().judge(PAIR, answering(rationale="kind", points=4))
    assert (judgement.judge, judgement.score, judgement.points) == ("politeness", 0.75, 4)


def test_the_export_gives_a_row(examples: types.ModuleType) -> None:
    export = examples.Alpaca()
    assert export.reason_for_no_row(PAIR) is None
    assert list(export.rows(PAIR)) == [
        {"instruction": "Greet me.", "output": "Good morning to you"}
    ]
