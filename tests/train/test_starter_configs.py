"""The configurations that an export writes, read by the trainers they are for."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

QUICK = [
    "--max_steps", "2", "--use_cpu", "true", "--bf16", "false", "--save_strategy", "no",
    "--gradient_checkpointing", "false",
]  # fmt: skip


@pytest.fixture
def exported(run: Path, model: Path, tmp_path: Path) -> Callable[..., Path]:
    """The folder of an export with a configuration, made on the command line."""

    def make(kind: str, tuning: str, *words: str) -> Path:
        folder = tmp_path / kind
        command = [
            sys.executable, "-m", "silversmith", "export", str(run), "--format", kind, "--to",
            str(folder), "--allow-simulated", "--config", tuning, "--model", str(model), *words,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return make


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
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    script: str,
    tuning: str,
) -> None:
    folder = exported(kind, tuning, "--split", "train=0.8,validation=0.2")
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
    exported: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import ModelConfig
    from trl.scripts.sft import make_parser

    folder = exported("trl-sft", "qlora", "--model-size", "8B")
    monkeypatch.chdir(folder)
    words = ["--config", "__train__/trl.yaml", *QUICK]
    parsed = make_parser().parse_args_and_config(words, fail_with_unknown_args=True)
    (chosen,) = [one for one in parsed if isinstance(one, ModelConfig)]
    assert (chosen.load_in_4bit, chosen.bnb_4bit_quant_type) == (True, "nf4")
    assert chosen.lora_target_modules == "all-linear"


@pytest.mark.parametrize("tuning", ["lora", "qlora", "full"])
@pytest.mark.parametrize("kind", ["axolotl", "axolotl-dpo"])
def test_axolotl_s_schema_takes_its_configuration(
    exported: Callable[..., Path], kind: str, tuning: str
) -> None:
    file = exported(kind, tuning, "--split", "train=0.8,test=0.2") / "__train__" / "axolotl.yaml"
    (read,) = configured_by("axolotl", file)
    given = yaml.safe_load(file.read_text())
    assert read["unknown"] == []
    assert float(read["learning_rate"]) == given["learning_rate"]
    assert int(read["sequence_len"]) == given["sequence_len"]


@pytest.mark.parametrize("tuning", ["lora", "full"])
@pytest.mark.parametrize("kind", ["llamafactory", "llamafactory-dpo"])
def test_llamafactory_s_parser_takes_its_configuration(
    exported: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    tuning: str,
) -> None:
    folder = exported(kind, tuning, "--split", "train=0.8,test=0.2")
    monkeypatch.chdir(folder)
    file = folder / "__train__" / "llamafactory.yaml"
    (read,) = configured_by("llamafactory", file)
    given = yaml.safe_load(file.read_text())
    assert read["unknown"] == []
    assert float(read["learning_rate"]) == given["learning_rate"]
    assert read["finetuning_type"] == tuning


def configured_by(trainer: str, file: Path) -> list[Any]:
    """What the trainer's own interpreter makes of a configuration."""
    variable = f"SILVERSMITH_{trainer.upper()}_PYTHON"
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"needs {trainer}: run `make test-train`, or name its Python by {variable}")
    script = Path(__file__).parent / f"configured_by_{trainer}.py"
    done = subprocess.run(
        [python, str(script), str(file)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
