"""data-designer: two columns of structured output over a seed file, in its native asynchronous
engine and with its fast Jinja."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from work import Work, read_work

os.environ.update(  # read when the packages are imported
    DATA_DESIGNER_HOME=str(Path("home").absolute()),
    HOME=str(Path("home").absolute()),
    NEMO_TELEMETRY_ENABLED="false",
)
Path("home").mkdir(exist_ok=True)

import data_designer.config as dd  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402

PLACES = 4
"""Tasks in flight for each request that may be."""


def run(work: Work) -> None:
    """Draft and judge every row."""
    seeds = [{"id": row["id"], "task": row["instruction"]} for row in work.rows]
    with open("seeds.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in seeds)
    server = dd.ModelProvider(
        name="server", endpoint=work.base_url, provider_type="openai", api_key="none"
    )
    designer = DataDesigner(artifact_path="artifacts", model_providers=[server])
    designer.set_run_config(
        dd.RunConfig(
            buffer_size=1000,
            max_concurrent_row_groups=3,
            max_in_flight_tasks=max(1024, PLACES * work.concurrency),
            jinja_rendering_engine="native",
            disable_early_shutdown=True,
        )
    )
    inference = dd.ChatCompletionInferenceParams(
        max_parallel_requests=work.concurrency, timeout=600
    )
    model = dd.ModelConfig(
        alias="writer",
        model=work.model,
        provider="server",
        skip_health_check=True,
        inference_parameters=inference,
    )
    design = dd.DataDesignerConfigBuilder(model_configs=[model])
    design.with_seed_dataset(dd.LocalFileSeedSource(path="seeds.jsonl"))
    pair = {"[[INSTRUCTION]]": "draft.instruction", "[[RESPONSE]]": "draft.response"}
    for stage, columns in (("draft", {"[[TASK]]": "task"}), ("judge", pair)):
        column = dd.LLMStructuredColumnConfig(
            name=stage,
            model_alias="writer",
            system_prompt=work.template(stage, "system", {}),
            prompt=work.template(stage, "user", columns),
            output_format=work.prompts[stage]["schema"],
        )
        design.add_column(column)
    designer.create(design, num_records=len(seeds), dataset_name="rows")
    for part in sorted(Path("artifacts").glob("rows*/parquet-files/*.parquet")):
        work.write(map(_row, pq.read_table(part).to_pylist()))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    draft = row["draft"] or {}
    pair = {name: draft.get(name) for name in ("instruction", "response")}
    return {"id": row["id"], **pair, "verdict": row["judge"] or {}}


if __name__ == "__main__":
    run(read_work())
