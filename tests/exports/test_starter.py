"""Configurations to start a training with: what is in them, and why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from silversmith.errors import ExportError
from silversmith.exports import export
from silversmith.exports.model_files import load_chat_template
from silversmith.exports.starter import Starter
from silversmith.exports.token_report import TokenCount
from silversmith.exports.trl_sft import TrlSft

from .test_exports import pair, write_run
from .test_tokens import model


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """The configuration of an export of so many rows, and its text."""
    where = model(tmp_path / "model")

    def make(rows: int, starter: Starter) -> tuple[dict[str, Any], str]:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        run = write_run(tmp_path / "run", [pair(f"{n:04}") for n in range(rows)])
        tokens = TokenCount(load_chat_template(str(where)))
        report = export(run, TrlSft(), tokens=tokens, starter=starter)
        text = (report.card.parent / "__train__" / "trl.yaml").read_text()
        return yaml.safe_load(text), text

    return make


def test_nothing_is_cut_and_the_answers_alone_are_learned(written: Any) -> None:
    config, text = written(10, Starter("lora", "a/model"))
    assert config["assistant_only_loss"] is True
    assert config["max_length"] == 128
    assert re.search(
        r"# the longest row has (6[5-9]|[7-9]\d|1[0-2]\d) tokens: nothing is cut", text
    )
    assert "Nobody said how large the model is" in text


@pytest.mark.parametrize(
    ("tuning", "size", "rate", "batch"),
    [("lora", 8e9, 2e-4, 16), ("qlora", 70e9, 1e-4, 16), ("full", 8e9, 2e-5, 32)],
)
def test_rates_and_batches_by_the_way_of_tuning(
    written: Any, tuning: Any, size: float, rate: float, batch: int
) -> None:
    config, _ = written(800, Starter(tuning, "a/model", size))
    assert config["learning_rate"] == pytest.approx(rate)
    made = config["per_device_train_batch_size"] * config["gradient_accumulation_steps"]
    assert made == batch
    assert config.get("load_in_4bit", False) is (tuning == "qlora")
    assert config.get("use_peft", False) is (tuning != "full")


def test_few_rows_make_small_batches(written: Any) -> None:
    config, _ = written(60, Starter("lora", "a/model", 8e9))
    made = config["per_device_train_batch_size"] * config["gradient_accumulation_steps"]
    assert made == 2  # 60 rows, 3 epochs: 90 steps of 2


def test_the_rank_has_room_for_what_is_learned(written: Any) -> None:
    small, _ = written(400, Starter("lora", "a/model", 1e4))
    assert small["lora_r"] == 256  # 10,000 parameters: the most there is
    assert written(400, Starter("lora", "a/model", 8e9))[0]["lora_r"] == 16


def test_a_model_in_a_folder_is_named_by_the_way_to_it(written: Any, tmp_path: Path) -> None:
    config, text = written(10, Starter("lora", str(tmp_path / "model")))
    assert config["model_name_or_path"] == "../../../model"
    assert str(tmp_path) not in text


def test_a_name_is_no_yaml(written: Any) -> None:
    config, _ = written(10, Starter("lora", "a: [b]\nlearning_rate: 9 # c"))
    assert config["model_name_or_path"] == "a: [b]\nlearning_rate: 9 # c"
    assert config["learning_rate"] == pytest.approx(2e-4)


def test_a_format_without_a_configuration_says_which_have_one() -> None:
    with pytest.raises(ExportError, match=r"no configuration for alpaca; there is for trl-sft"):
        Starter("lora", "a/model").check("alpaca")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--config", "lora"), "say which model is to be trained"),
        (("--model", "a/model"), "goes with --config"),
        (("--config", "dora", "--model", "a/model"), "is none of lora, qlora, full"),
    ],
)
def test_wrong_usage(
    call: Callable[..., tuple[Any, str, str]], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    write_run(tmp_path / "run", [pair("a")])
    status, _, err = call("export", "run", "-f", "trl-sft", *words)
    assert status == 2
    assert said in " ".join(err.replace("│", " ").split())
