"""distilabel: a pipeline of two `TextGeneration` tasks over `OpenAILLM`, in batches as large as
there may be requests at once, at least 256."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from work import Work, read_work

os.environ.update(  # read when the packages are imported
    DISTILABEL_CACHE_DIR=str(Path("cache").absolute()),
    DISTILABEL_LOG_LEVEL="WARNING",
    HF_HOME=str(Path("hub").absolute()),
    HF_HUB_OFFLINE="1",
)

from datasets import Dataset
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps.tasks import TextGeneration


class Draft(TextGeneration):  # type: ignore[misc]
    """Reads the drafted pair."""

    @property
    def outputs(self) -> list[str]:
        return ["instruction", "response", "model_name"]

    def format_output(self, output: str | None, input: Any = None) -> dict[str, Any]:
        pair = _read(output)
        return {name: pair.get(name) for name in ("instruction", "response")}


class Judge(TextGeneration):  # type: ignore[misc]
    """Reads the verdict, and keeps it as JSON: a column has one type."""

    @property
    def outputs(self) -> list[str]:
        return ["verdict", "model_name"]

    def format_output(self, output: str | None, input: Any = None) -> dict[str, Any]:
        return {"verdict": json.dumps(_read(output))}


def _read(output: str | None) -> dict[str, Any]:
    try:
        value = json.loads(output or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def run(work: Work) -> None:
    """Draft and judge every row."""
    size = max(256, work.concurrency)

    def task(kind: type[Any], stage: str, columns: dict[str, str]) -> Any:
        llm = OpenAILLM(
            model=work.model,
            base_url=work.base_url,
            api_key="none",
            max_retries=6,
            timeout=600,
            generation_kwargs={
                "max_new_tokens": 4096,
                "extra_body": {"response_format": work.response_format(stage)},
            },
        )
        return kind(
            name=stage,
            llm=llm,
            system_prompt=work.prompts[stage]["messages"][0]["content"],
            template=work.template(stage, "user", columns),
            columns=list(columns.values()),
            input_batch_size=size,
            add_raw_output=False,
            add_raw_input=False,
        )

    with Pipeline(name="draft-and-judge", cache_dir="cache") as pipeline:
        draft = task(Draft, "draft", {"[[TASK]]": "task"})
        pair = {"[[INSTRUCTION]]": "instruction", "[[RESPONSE]]": "response"}
        draft >> task(Judge, "judge", pair)
    seeds = [{"id": row["id"], "task": row["instruction"]} for row in work.rows]
    done = pipeline.run(dataset=Dataset.from_list(seeds), dataset_batch_size=size, use_cache=True)
    rows = done["default"]["train"]
    work.write({**row, "verdict": json.loads(row["verdict"] or "{}")} for row in rows)


if __name__ == "__main__":
    run(read_work())
