"""The work of all contenders but silversmith: their arguments, seeds, requests and results.

Only the standard library is imported, so that each contender's start-up is its own.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Work", "read_work"]

LEAST_SCORE = 0.0
LEAST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Work:
    """What a contender is to do.

    Attributes:
        base_url, model, concurrency: where to send requests, and how many at once.
        out: the file to append results to.
        rows: the seeds that are not in `out` yet.
        prompts: for "draft" and "judge" the messages, with marks where values go, and the schema.
    """

    base_url: str
    model: str
    concurrency: int
    out: Path
    rows: list[dict[str, Any]]
    prompts: dict[str, dict[str, Any]]

    def draft(self, row: dict[str, Any]) -> dict[str, Any]:
        """The body of the request that drafts a pair from a seed."""
        return self._body("draft", {"[[TASK]]": row["instruction"]})

    def judge(self, instruction: str, response: str) -> dict[str, Any]:
        """The body of the request that judges a pair."""
        return self._body("judge", {"[[INSTRUCTION]]": instruction, "[[RESPONSE]]": response})

    def template(self, stage: str, role: str, columns: dict[str, str]) -> str:
        """The message of that role as a Jinja template, or "" where the stage has none.

        Args:
            stage: "draft" or "judge".
            role: "system" or "user".
            columns: for each mark the expression in its place, such as {"[[TASK]]": "task"}.
        """
        messages = self.prompts[stage]["messages"]
        text = next((each["content"] for each in messages if each["role"] == role), "")
        for mark, column in columns.items():
            text = text.replace(mark, "{% endraw %}{{ " + column + " }}{% raw %}")
        return "{% raw %}" + text + "{% endraw %}" if text else ""

    def response_format(self, stage: str) -> dict[str, Any]:
        """What asks for a stage's structured output."""
        form = {"name": stage, "schema": self.prompts[stage]["schema"], "strict": True}
        return {"type": "json_schema", "json_schema": form}

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Append the results of rows that came out whole: with `id`, `instruction`, `response` and
        `verdict`."""
        with open(self.out, "a", encoding="utf-8") as file:
            for row in rows:
                if row["instruction"] and row["response"] and row["verdict"]:
                    result = self.result(row, row["instruction"], row["response"], row["verdict"])
                    file.write(json.dumps(result, ensure_ascii=False) + "\n")

    def result(
        self, row: dict[str, Any], instruction: str, response: str, verdict: dict[str, Any]
    ) -> dict[str, Any]:
        """The row to append: the pair, its score, and whether it is kept."""
        points = [opinion["score"] for opinion in verdict.values()]
        score = (sum(points) / len(points) - 1) / 4
        kept = score >= LEAST_SCORE and len(response.split()) >= LEAST_WORDS
        return {
            "id": row["id"],
            "instruction": instruction,
            "response": response,
            "verdict": verdict,
            "score": score,
            "kept": kept,
        }

    def _body(self, stage: str, values: dict[str, str]) -> dict[str, Any]:
        prompt = self.prompts[stage]
        messages = []
        for message in prompt["messages"]:
            content = message["content"]
            for mark, value in values.items():
                content = content.replace(mark, value)
            messages.append({"role": message["role"], "content": content})
        return {
            "model": self.model,
            "messages": messages,
            "response_format": self.response_format(stage),
        }


def read_work() -> Work:
    """The work that the command line describes, less what an earlier run has done."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    done = _done(options.out)
    with open(options.seeds, encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["id"] not in done]
    return Work(
        base_url=options.base_url,
        model=options.model,
        concurrency=options.concurrency,
        out=options.out,
        rows=rows,
        prompts=json.loads(options.prompts.read_text(encoding="utf-8")),
    )


def _done(out: Path) -> set[int]:
    """The ids in the results; a last line that a kill has cut is taken out."""
    if not out.exists():
        return set()
    with open(out, "rb") as file:
        whole = [line for line in file if line.endswith(b"\n")]
    part = out.with_suffix(".part")
    part.write_bytes(b"".join(whole))
    os.replace(part, out)
    return {json.loads(line)["id"] for line in whole}
