"""TRL's trainers take what is exported for them, and learn from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets

COMMON = {
    "per_device_train_batch_size": 4,
    "max_steps": 3,
    "learning_rate": 1e-2,
    "report_to": "none",
    "save_strategy": "no",
    "logging_steps": 1,
    "disable_tqdm": True,
    "use_cpu": True,
}


def test_sft_learns_from_every_row(
    model: Path, exported: Callable[..., Path], tmp_path: Path
) -> None:
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    rows = datasets.load_dataset(str(exported("trl-sft")), cache_dir=str(tmp_path))["train"]
    trainer = SFTTrainer(
        str(model),
        SFTConfig(str(tmp_path / "out"), max_length=None, **COMMON),
        train_dataset=rows,
        processing_class=AutoTokenizer.from_pretrained(str(model)),
    )
    assert len(trainer.train_dataset) == len(rows) == 12
    trainer.train()
    losses = [step["loss"] for step in trainer.state.log_history if "loss" in step]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
