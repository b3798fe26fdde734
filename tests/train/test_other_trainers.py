"""Axolotl's and LLaMA-Factory's own code reads what is exported for them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from silversmith.exports.axolotl import Axolotl
from silversmith.records import Sample, Turn

HERE = Path(__file__).parent
OPENING = "<think>\n"

Rows = Callable[..., list[dict[str, Any]]]


def read_by(trainer: str, *words: object) -> list[Any]:
    """What the trainer's own interpreter makes of each row."""
    variable = f"SILVERSMITH_{trainer.upper()}_PYTHON"
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"needs {trainer}: run `make test-train`, or name its Python by {variable}")
    command = [python, str(HERE / f"read_by_{trainer}.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    said = done.stdout + done.stderr
    assert "Skipping this abnormal example" not in said
    assert "Dropped invalid example" not in said
    marked = [line for line in done.stdout.splitlines() if line.startswith("read ")]
    return [json.loads(line.removeprefix("read ")) for line in marked]


def answers(row: dict[str, Any]) -> list[str]:
    return [one["content"] for one in row["messages"] if one["role"] == "assistant"]


def test_axolotl_learns_the_answers_of_every_row(
    model: Path, exported: Callable[..., Path], rows: Rows
) -> None:
    file = exported("axolotl") / "data.jsonl"
    read = read_by("axolotl", "chat_template", file, model, "{}")
    assert len(read) == len(rows("axolotl"))
    for row, (whole, learned) in zip(rows("axolotl"), read, strict=True):
        assert all(one["content"] in whole for one in row["messages"])
        assert learned == "".join(f"{answer}<|im_end|>" for answer in answers(row))


@pytest.mark.parametrize("split", [True, False])
def test_axolotl_learns_reasoning_with_the_template_of_qwen3(
    split: bool, model: Path, exported: Callable[..., Path], rows: Rows
) -> None:
    """All of it but the opening tag, with the tags parted from the answer or not."""
    options = json.dumps({"split_thinking": split, "chat_template": "qwen3"})
    read = read_by("axolotl", "chat_template", exported("axolotl") / "data.jsonl", model, options)
    thought = 0
    for row, (whole, learned) in zip(rows("axolotl"), read, strict=True):
        last = answers(row)[-1]
        if last.startswith(OPENING):
            assert f"{last}<|im_end|>" in whole
            assert f"{last.removeprefix(OPENING)}<|im_end|>" in learned
            thought += 1
    assert thought > 4


def test_axolotl_masks_planned_mistakes(model: Path, tmp_path: Path) -> None:
    dialogue = Sample(
        messages=(
            Turn("user", "What is 2 + 2?"),
            Turn("assistant", "It is 5.", act="mistake"),
            Turn("user", "No."),
            Turn("assistant", "You are right, it is 4."),
        )
    )
    (row,) = Axolotl(mistakes="mask").rows(dialogue)
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(row))
    options = json.dumps({"message_field_training": "train"})
    ((whole, learned),) = read_by("axolotl", "chat_template", file, model, options)
    assert "It is 5." in whole
    assert learned == "You are right, it is 4.<|im_end|>"


def test_axolotl_reads_pairs(model: Path, exported: Callable[..., Path], rows: Rows) -> None:
    read = read_by(
        "axolotl", "chat_template.default", exported("axolotl-dpo") / "data.jsonl", model, "{}"
    )
    for row, made in zip(rows("axolotl-dpo"), read, strict=True):
        assert made["prompt"].endswith("<|im_start|>assistant\n")
        assert row["messages"][-1]["content"] in made["prompt"]
        for half in ("chosen", "rejected"):
            assert made[half] == f"{row[half]['content']}<|im_end|>"


def test_axolotl_reads_steps(model: Path, exported: Callable[..., Path], rows: Rows) -> None:
    file = exported("trl-stepwise") / "data.jsonl"
    read = read_by("axolotl", "stepwise_supervised", file, model, "{}")
    for row, (whole, labels) in zip(rows("trl-stepwise"), read, strict=True):
        assert labels == row["labels"]
        assert whole.endswith("\n".join([*row["completions"], ""]))


@pytest.mark.parametrize("template", ["chatml", "qwen3"])
def test_llamafactory_learns_the_answers_of_every_row(
    template: str, model: Path, exported: Callable[..., Path], rows: Rows
) -> None:
    read = read_by("llamafactory", exported("llamafactory"), "run", model, template)
    thought = 0
    for row, (learned,) in zip(rows("llamafactory"), read, strict=True):
        for answer in answers(row):
            assert answer in learned
            thought += answer.startswith(OPENING)
        if template == "chatml":
            assert learned == "".join(f"{answer}<|im_end|>\n" for answer in answers(row))
        else:  # a template for reasoning models puts empty thoughts where there are none
            assert learned.count("<think>") == len(answers(row))
    assert thought > 4


def test_llamafactory_reads_pairs(model: Path, exported: Callable[..., Path], rows: Rows) -> None:
    read = read_by("llamafactory", exported("llamafactory-dpo"), "run", model, "chatml")
    for row, (chosen, rejected) in zip(rows("llamafactory-dpo"), read, strict=True):
        assert chosen == f"{row['chosen']['content']}<|im_end|>\n"
        assert rejected == f"{row['rejected']['content']}<|im_end|>\n"


@pytest.mark.parametrize("kind", ["sharegpt", "alpaca"])
def test_llamafactory_reads_the_plain_formats(
    kind: str, model: Path, exported: Callable[..., Path], rows: Rows, tmp_path: Path
) -> None:
    (tmp_path / "data.jsonl").write_bytes((exported(kind) / "data.jsonl").read_bytes())
    info = {"plain": {"file_name": "data.jsonl", "formatting": kind}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    read = read_by("llamafactory", tmp_path, "plain", model, "chatml")
    for row, (learned,) in zip(rows(kind), read, strict=True):
        last = row["output"] if kind == "alpaca" else row["conversations"][-1]["value"]
        assert learned.endswith(f"{last}<|im_end|>\n")
