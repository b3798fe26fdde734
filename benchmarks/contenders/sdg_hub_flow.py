"""sdg-hub: a flow of prompt, chat and parser blocks, twice, in its asynchronous mode and with its
checkpoints."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from work import Work, read_work

os.environ.update(  # read when the packages are imported
    HF_HOME=str(Path("hub").absolute()),
    HF_HUB_OFFLINE="1",
    LITELLM_LOCAL_MODEL_COST_MAP="True",
)

import pandas as pd
import yaml
from sdg_hub import Flow


def run(work: Work) -> None:
    """Draft and judge every row."""
    criteria = list(work.prompts["judge"]["schema"]["properties"])
    pair = {"[[INSTRUCTION]]": "instruction", "[[RESPONSE]]": "response"}
    flow = {
        "metadata": {
            "id": "draft-and-judge",
            "name": "draft and judge",
            "description": "throughput",
            "version": "1.0.0",
            "author": "benchmark",
            "tags": ["benchmark"],
            "recommended_models": {"default": work.model, "compatible": [], "experimental": []},
            "dataset_requirements": {"required_columns": ["task"]},
        },
        "blocks": [
            *_blocks(work, "draft", {"[[TASK]]": "task"}, ["instruction", "response"]),
            *_blocks(work, "judge", pair, criteria),
        ],
    }
    Path("flow.yaml").write_text(yaml.safe_dump(flow), encoding="utf-8")
    running = Flow.from_yaml("flow.yaml")
    running.set_model_config(
        model=f"hosted_vllm/{work.model}", api_base=work.base_url, api_key="none"
    )
    seeds = pd.DataFrame([{"id": row["id"], "task": row["instruction"]} for row in work.rows])
    done = running.generate(seeds, max_concurrency=work.concurrency, checkpoint_dir="checkpoints")
    rows = done.to_dict("records")
    work.write({**row, "verdict": _verdict(row, criteria)} for row in rows)


def _blocks(
    work: Work, stage: str, columns: dict[str, str], parsed: list[str]
) -> list[dict[str, Any]]:
    """The blocks that ask for one stage and take its reply apart."""
    messages = [
        {"role": message["role"], "content": work.template(stage, message["role"], columns)}
        for message in work.prompts[stage]["messages"]
    ]
    Path(f"{stage}.yaml").write_text(yaml.safe_dump(messages), encoding="utf-8")
    kinds: list[tuple[str, dict[str, Any]]] = [
        (
            "PromptBuilderBlock",
            {
                "input_cols": list(columns.values()),
                "output_cols": f"{stage}_messages",
                "prompt_config_path": f"{stage}.yaml",
                "format_as_messages": True,
            },
        ),
        (
            "LLMChatBlock",
            {
                "input_cols": f"{stage}_messages",
                "output_cols": f"{stage}_reply",
                "async_mode": True,
                "response_format": work.response_format(stage),
            },
        ),
        (
            "LLMResponseExtractorBlock",
            {"input_cols": f"{stage}_reply", "extract_content": True},
        ),
        (
            "JSONParserBlock",
            {"input_cols": [f"{stage}_text_content"], "output_cols": parsed},
        ),
    ]
    names = ("messages", "reply", "text", "parts")
    return [
        {"block_type": kind, "block_config": {"block_name": f"{stage}_{name}", **config}}
        for name, (kind, config) in zip(names, kinds, strict=True)
    ]


def _verdict(row: dict[str, Any], criteria: list[str]) -> dict[str, Any]:
    """The verdict of a row, or {} where a part of it is missing."""
    opinions = {name: row.get(name) for name in criteria}
    read = {name: json.loads(o) if isinstance(o, str) else o for name, o in opinions.items()}
    return read if all(isinstance(opinion, dict) for opinion in read.values()) else {}


if __name__ == "__main__":
    run(read_work())
