"""TRL's trainers take every row that is exported for them, and learn from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import silversmith

STEPS = 2
COMMON = {
    "per_device_train_batch_size": 4,
    "max_steps": STEPS,
    "learning_rate": 1e-2,
    "report_to": "none",
    "save_strategy": "no",
    "logging_steps": 1,
    "disable_tqdm": True,
    "use_cpu": True,
}


@pytest.fixture
def loaded(exported: Callable[..., Path], tmp_path: Path) -> Callable[..., datasets.Dataset]:
    """An export as `datasets` loads it."""

    def load(kind: str, **options: str) -> datasets.Dataset:
        folder = exported(kind, **options)
        whole = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
        assert len(whole) == len((folder / "data.jsonl").read_bytes().splitlines()) > 4
        return whole

    return load


@pytest.fixture
def tokenizer(model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(model))


def learns(trainer: Any) -> None:
    """The trainer takes real steps: losses are numbers, and weights change."""
    before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    assert trainer.state.global_step == STEPS
    losses = [step["loss"] for step in trainer.state.log_history if "loss" in step]
    assert len(losses) == STEPS
    assert all(abs(loss) < 1e3 for loss in losses)
    assert any(
        not value.detach().equal(before[name]) for name, value in trainer.model.named_parameters()
    )


def learned_text(row: dict[str, Any], tokenizer: Any) -> str:
    return str(tokenizer.decode([token for token in row["labels"] if token != -100]))


def sft(model: Path, tokenizer: Any, rows: datasets.Dataset, out: Path, **options: Any) -> Any:
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(str(out), max_length=None, **options, **COMMON)
    return SFTTrainer(str(model), config, train_dataset=rows, processing_class=tokenizer)


def test_sft_learns_every_token_of_a_conversation(
    model: Path, tokenizer: Any, loaded: Callable[..., Any], tmp_path: Path
) -> None:
    rows = loaded("trl-sft")
    trainer = sft(model, tokenizer, rows, tmp_path / "out")
    assert len(trainer.train_dataset) == len(rows)
    learns(trainer)
    for row, prepared in zip(rows, trainer.train_dataset, strict=True):
        whole = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        assert tokenizer.decode(prepared["input_ids"]) == whole
        assert set(prepared.get("labels") or prepared["input_ids"]) & {-100} == set()


def test_sft_on_answers_alone(
    model: Path, tokenizer: Any, loaded: Callable[..., Any], tmp_path: Path
) -> None:
    rows = loaded("trl-sft")
    trainer = sft(model, tokenizer, rows, tmp_path / "out", assistant_only_loss=True)
    for row, prepared in zip(rows, trainer.train_dataset, strict=True):
        answers = [m["content"] for m in row["messages"] if m["role"] == "assistant"]
        assert learned_text(prepared, tokenizer) == "".join(f"{one}<|im_end|>" for one in answers)
    learns(trainer)


def test_sft_on_completions(
    model: Path, tokenizer: Any, loaded: Callable[..., Any], tmp_path: Path
) -> None:
    rows = loaded("trl-sft-turns")
    trainer = sft(model, tokenizer, rows, tmp_path / "out")
    assert len(trainer.train_dataset) == len(rows)
    for row, prepared in zip(rows, trainer.train_dataset, strict=True):
        said = learned_text(prepared, tokenizer)
        assert said.startswith(f"{row['completion'][0]['content']}<|im_end|>")
        assert len(said) <= len(row["completion"][0]["content"]) + len("<|im_end|>\n")
    learns(trainer)


def test_reasoning_in_a_field_reaches_a_template_that_reads_it(
    tokenizer: Any, loaded: Callable[..., Any]
) -> None:
    import trl

    template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
    for reasoning in ("think", "reasoning_content"):
        worked = [
            row["messages"]
            for row in loaded("trl-sft", reasoning=reasoning)
            if "<think>" in row["messages"][-1]["content"]
            or row["messages"][-1].get("reasoning_content")
        ]
        assert len(worked) > 4
        for messages in worked:
            text = tokenizer.apply_chat_template(messages, tokenize=False, chat_template=template)
            thought, answer = text.rpartition("<|im_start|>assistant\n")[2].split("</think>")
            assert thought.startswith("<think>\n")
            assert "1. " in thought
            assert answer.strip().startswith(("Answer: ", "```python"))


def test_dpo(model: Path, loaded: Callable[..., Any], tmp_path: Path) -> None:
    from trl import DPOConfig, DPOTrainer

    rows = loaded("trl-dpo")
    config = DPOConfig(str(tmp_path / "out"), max_length=None, **COMMON)
    trainer = DPOTrainer(str(model), args=config, train_dataset=rows)
    assert len(trainer.train_dataset) == len(rows)
    learns(trainer)


def test_orpo_takes_the_rows_of_dpo(
    model: Path, tokenizer: Any, loaded: Callable[..., Any], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    rows = loaded("trl-dpo")
    trainer = ORPOTrainer(
        AutoModelForCausalLM.from_pretrained(str(model)),
        args=ORPOConfig(str(tmp_path / "out"), max_length=4096, **COMMON),
        train_dataset=rows,
        processing_class=tokenizer,
    )
    assert len(trainer.train_dataset) == len(rows)
    learns(trainer)


def test_kto(model: Path, loaded: Callable[..., Any], tmp_path: Path) -> None:
    from trl import KTOConfig, KTOTrainer

    rows = loaded("trl-kto")
    assert set(rows["label"]) == {True, False}
    config = KTOConfig(str(tmp_path / "out"), max_length=None, **COMMON)
    trainer = KTOTrainer(str(model), args=config, train_dataset=rows)
    assert len(trainer.train_dataset) == len(rows)
    learns(trainer)


@pytest.mark.parametrize("kind", ["trl-reward", "trl-dpo"])
def test_a_reward_model(kind: str, model: Path, loaded: Callable[..., Any], tmp_path: Path) -> None:
    from trl import RewardConfig, RewardTrainer

    rows = loaded(kind)
    config = RewardConfig(str(tmp_path / "out"), max_length=None, **COMMON)
    trainer = RewardTrainer(str(model), args=config, train_dataset=rows)
    assert len(trainer.train_dataset) == len(rows)
    learns(trainer)


def reward_of_the_documentation() -> dict[str, Any]:
    """The functions that docs/formats.md shows."""
    page = (Path(silversmith.__file__).parent / "docs" / "formats.md").read_text()
    (code,) = (c for c in re.findall(r"```python\n(.*?)\n```\n", page, re.DOTALL) if "reward" in c)
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def test_grpo_with_the_reward_of_the_documentation(
    model: Path, tokenizer: Any, loaded: Callable[..., Any], tmp_path: Path
) -> None:
    from trl import GRPOConfig, GRPOTrainer

    rows = loaded("trl-grpo")
    assert {bool(row["constraints"]) for row in rows} == {True, False}
    reward = reward_of_the_documentation()["reward"]
    given = []

    def counted(completions: Any, **columns: Any) -> Any:
        given.append(reward(completions, **columns))
        return given[-1]

    config = GRPOConfig(
        str(tmp_path / "out"), num_generations=2, max_completion_length=12, **COMMON
    )
    trainer = GRPOTrainer(
        str(model), counted, config, train_dataset=rows, processing_class=tokenizer
    )
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert given
    assert all(one is None or 0 <= one <= 1 for batch in given for one in batch)


def test_the_reward_tells_right_from_wrong(rows: Callable[..., list[dict[str, Any]]]) -> None:
    verified = reward_of_the_documentation()["verified"]
    worked = [row for row in rows("trl-grpo") if row["answer"]]
    assert len(worked) > 4
    for row in worked:
        asked = (row["answer"], row["constraints"], row["tests"])
        assert verified(f"<think>\n1. So.\n</think>\n\nAnswer: {row['answer']}", *asked) == 1
        assert verified("Answer: 123456789", *asked) == 0
    listed = [row for row in rows("trl-grpo") if row["constraints"]]
    answers = {row["messages"][-2]["content"]: row["messages"] for row in rows("trl-sft")}
    for row in listed:
        good = answers[row["prompt"][-1]["content"]][-1]["content"]
        assert verified(good, row["answer"], row["constraints"], row["tests"]) == 1
    code = "```python\ndef f(x):\n    return {}\n```"
    try:
        assert verified(code.format("2 * x"), "", "", "assert f(2) == 4") == 1
        assert verified(code.format("3 * x"), "", "", "assert f(2) == 4") == 0
    except silversmith.checks.sandbox.SandboxUnavailable as error:
        pytest.skip(f"no sandbox here: {error}")


def test_stepwise_rows_are_of_the_documented_type(loaded: Callable[..., Any]) -> None:
    """https://huggingface.co/docs/trl/dataset_formats#stepwise-supervision; TRL has no trainer for
    them any more."""
    rows = loaded("trl-stepwise")
    assert rows.features == datasets.Features(
        {
            "prompt": datasets.Value("string"),
            "completions": datasets.List(datasets.Value("string")),
            "labels": datasets.List(datasets.Value("bool")),
        }
    )
    for row in rows:
        assert row["prompt"].strip()
        assert len(row["completions"]) == len(row["labels"]) > 0
        assert all(step.strip() for step in row["completions"])
