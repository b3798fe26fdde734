"""The work of the throughput benchmark: seeds, requests and the recipe."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any, NoReturn

from silversmith.generators.instruction import Instruction
from silversmith.judges.rubric import Rubric
from silversmith.models import strict_schema
from silversmith.prompts import Prompts
from silversmith.records import Draw, Sample, Seed

__all__ = ["recipe", "write_prompts", "write_seeds"]


def write_seeds(path: Path, rows: int) -> None:
    """Tasks of about a hundred words, no two alike, the same ones each time."""
    chance = random.Random(7)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstv" for vowel in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(1, 3))) for _ in range(3000)]
    with open(path, "w", encoding="utf-8") as file:
        for number in range(rows):
            subject, text = (" ".join(chance.choices(words, k=count)) for count in (3, 85))
            task = f"Task {number}: explain what {subject} means for this report: {text}."
            file.write(json.dumps({"id": number, "instruction": task}) + "\n")


def recipe(base_url: str, model: str, concurrency: int) -> str:
    """The recipe that does the work over `seeds.jsonl` beside it (JSON is YAML too)."""
    writer = {"base_url": base_url, "model": model, "concurrency": concurrency}
    return json.dumps(
        {
            "models": {"writer": writer},
            "seeds": [{"tasks": "seeds.jsonl"}],
            "generators": [{"instruction": {}}],
            "judges": [{"rubric": {}}],
            "filters": [{"score": {"min": 0}}, {"length": {"min_words": 3}}],
        }
    )


def write_prompts(path: Path) -> None:
    """The two requests that silversmith's own generator and judge make, with marks such as
    [[TASK]] in the place of a row's values."""
    seed = Seed(source="seeds.jsonl#1", instruction="[[TASK]]")
    pair = Sample.pair("[[INSTRUCTION]]", "[[RESPONSE]]")
    generator, judge = Instruction(), Rubric()
    draft = _request(generator.kind, lambda ask: generator.draft(seed, Draw(0), ask))
    verdict = _request(judge.kind, lambda ask: judge.judge(pair, ask))
    path.write_text(json.dumps({"draft": draft, "judge": verdict}), encoding="utf-8")


class _Asked(BaseException):
    """Carries a request out of whoever wanted it answered."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__()
        self.request = request


def _request(kind: str, asking: Any) -> dict[str, Any]:
    """The messages and the schema that a generator or judge asks with."""
    prompts = Prompts()

    async def ask(draft: Any, /, *, template: str | None = None, **values: Any) -> NoReturn:
        messages = prompts.template(template or kind).render(values)
        raise _Asked({"messages": messages, "schema": strict_schema(draft)})

    try:
        asyncio.run(asking(ask))
    except _Asked as asked:
        return asked.request
    raise AssertionError(f"{kind} asked nothing")
