"""The configurations that an export writes, read by the trainers they are for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

QUICK = [
    "--max_steps", "2", "--use_cpu", "true", "--bf16", "false", "--save_strategy", "no",
    "--gradient_checkpointing", "false",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        ("trl-sft", "sft"),
        ("trl-sft-turns", "sft"),
        ("trl-dpo", "dpo"),
        ("trl-kto", "kto"),
        ("trl-reward", "reward"),
    ],
)
@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_trl_trains_from_its_configuration(
    exported: Callable[..., Path],
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    script: str,
    tuning: str,
) -> None:
    folder = exported(
        kind, "--config", tuning, "--model", model, "--split", "train=0.8,validation=0.2"
    )
    monkeypatch.chdir(folder)
    module = importlib.import_module(f"trl.scripts.{script}")
    words = ["--config", "__train__/trl.yaml", *QUICK]
    parsed = module.make_parser().parse_args_and_config(words, fail_with_unknown_args=True)
    given = yaml.safe_load((folder / "__train__" / "trl.yaml").read_text())
    args = parsed[1]
    assert args.learning_rate == given["learning_rate"]
    assert args.max_length == given["max_length"]
    assert args.eval_strategy == "epoch"
    module.main(*parsed)
    whole = Path(args.output_dir)
    assert (whole / ("adapter_config.json" if tuning == "lora" else "config.json")).is_file()


def test_quantised_adapters_are_understood(
    exported: Callable[..., Path], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import ModelConfig, get_quantization_config
    from trl.scripts.sft import make_parser

    folder = exported("trl-sft", "--config", "qlora", "--model", model, "--model-size", "8B")
    monkeypatch.chdir(folder)
    words = ["--config", "__train__/trl.yaml", *QUICK]
    parsed = make_parser().parse_args_and_config(words, fail_with_unknown_args=True)
    (chosen,) = [one for one in parsed if isinstance(one, ModelConfig)]
    assert (chosen.load_in_4bit, chosen.bnb_4bit_quant_type) == (True, "nf4")
    assert chosen.lora_target_modules == "all-linear"
    quantised = pytest.importorskip("bitsandbytes") and get_quantization_config(chosen)
    assert quantised.load_in_4bit
