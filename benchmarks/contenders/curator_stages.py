"""bespokelabs-curator: two `curator.LLM` stages, one request for each row, with its limits on
requests and tokens per minute out of the way."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from work import Work, read_work

# Read when the packages are imported. litellm carries the tokenizer that would be fetched.
os.environ.update(
    CURATOR_CACHE_DIR=str(Path("cache").absolute()),
    CURATOR_DISABLE_RICH_DISPLAY="1",
    HF_HOME=str(Path("hub").absolute()),
    HF_HUB_OFFLINE="1",
    LITELLM_LOCAL_MODEL_COST_MAP="True",
    OPENAI_API_KEY="none",
    TELEMETRY_ENABLED="false",
)
if (litellm := importlib.util.find_spec("litellm")) and litellm.origin:
    tokenizers = Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tokenizers))

from bespokelabs import curator
from datasets import Dataset
from pydantic import BaseModel, create_model


class Pair(BaseModel):
    """A drafted pair."""

    instruction: str
    response: str


class Opinion(BaseModel):
    """What the judge says under one criterion."""

    rationale: str
    score: int


def run(work: Work) -> None:
    """Draft and judge every row."""
    criteria: dict[str, Any] = dict.fromkeys(
        work.prompts["judge"]["schema"]["properties"], (Opinion, ...)
    )

    class Draft(curator.LLM):  # type: ignore[misc]
        response_format = Pair

        def prompt(self, row: dict[str, Any]) -> Any:
            return work.draft(row)["messages"]

        def parse(self, row: dict[str, Any], reply: Pair) -> dict[str, Any]:
            return {**row, "instruction": reply.instruction, "response": reply.response}

    class Judge(curator.LLM):  # type: ignore[misc]
        response_format = create_model("Verdict", **criteria)

        def prompt(self, row: dict[str, Any]) -> Any:
            return work.judge(row["instruction"], row["response"])["messages"]

        def parse(self, row: dict[str, Any], reply: BaseModel) -> dict[str, Any]:
            return {**row, "verdict": reply.model_dump()}

    def stage(kind: type[Any], rows: Any) -> Any:
        # The backend wants a model that it knows the prices of; the server takes any name.
        limits = {
            "base_url": work.base_url,
            "max_concurrent_requests": work.concurrency,
            "max_requests_per_minute": 10_000_000,
            "max_tokens_per_minute": 100_000_000_000,
            "max_retries": 10,
            "request_timeout": 600,
            "require_all_responses": False,
        }
        return kind(model_name="gpt-4o-mini", backend="openai", backend_params=limits)(rows).dataset

    work.write(stage(Judge, stage(Draft, Dataset.from_list(work.rows))))


if __name__ == "__main__":
    run(read_work())
