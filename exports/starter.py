"""A configuration to start a training with, for the trainer that a format is for.

The figures are rules of thumb: those of `plan --tune`, and for what that does not say these.

- Learning rate: 2e-5 for all parameters and 1e-6 on preferences are TRL's own defaults; adapters
  want ten times as much (Schulman et al. 2025, LoRA without regret), which for supervised training
  is the 2e-4 of QLoRA (Dettmers et al. 2023), and half of it above 13B, as its authors say
  (https://github.com/artidoro/qlora).
- Adapters are on all linear layers (both), with alpha 16 as QLoRA has it. The rank is the least of
  16 to 256 that has room for the learned tokens; the best rate hardly depends on it (Schulman et
  al.).
- 16 sequences in a batch for adapters, as in QLoRA, since they bear large batches worse (Schulman
  et al.); 32 for full training, and fewer where there would be less than 50 steps: these are ours.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ExportError
from ..measures.tuning import Advice, Tuning, advise
from .llamafactory import dataset_name
from .provenance import ExportedFile
from .token_report import TokenReport

__all__ = ["Starter"]

_TRL = {"trl-sft": "sft", "trl-sft-turns": "sft", "trl-dpo": "dpo", "trl-kto": "kto",
        "trl-reward": "reward"}  # fmt: skip
_AXOLOTL = ("axolotl", "axolotl-dpo")
_LLAMAFACTORY = ("llamafactory", "llamafactory-dpo")
_KINDS = (*_TRL, *_AXOLOTL, *_LLAMAFACTORY)
_PREFERENCES = ("trl-dpo", "trl-kto", "axolotl-dpo", "llamafactory-dpo")
_RANKS = (16, 32, 64, 128, 256)
_LEAST_STEPS = 50
_HELD_OUT = ("validation", "test", "eval", "dev")

Line = tuple[str, Any, str]
"""Name, value, and why it is this one, or ""."""


@dataclass(frozen=True, slots=True)
class Starter:
    """What is to be trained.

    Attributes:
        tuning: the way.
        model: the model's id on the hub, or its folder.
        parameters: how many it has, or None where nobody said.
    """

    tuning: Tuning
    model: str
    parameters: float | None = None

    def check(self, kind: str) -> None:
        """Refuse a format for which there is no configuration.

        Raises:
            ExportError: says for which there is.
        """
        if kind not in _KINDS:
            raise ExportError(
                f"--config: there is no configuration for {kind}; there is for {', '.join(_KINDS)}"
            )

    def files(
        self, folder: Path, kind: str, name: str, exported: tuple[ExportedFile, ...],
        tokens: TokenReport, strategies: int,
    ) -> dict[str, str]:  # fmt: skip
        """The configuration, by its place in the export's folder.

        Args:
            folder: of the export; a model in a folder is named by the way from there.
            kind: the format.
            name: of the run.
            exported: the files with rows.
            tokens: how long these are.
            strategies: how many kinds of sample there are.

        Raises:
            ExportError: as `check`.
        """
        self.check(kind)
        local = Path(self.model).expanduser()
        if local.is_dir():
            self = replace(self, model=os.path.relpath(local.resolve(), folder.resolve()))
        plan = _Plan.of(self, kind, folder.resolve().name, name, exported, tokens, strategies)
        if kind in _TRL:
            return {"__train__/trl.yaml": _text(plan, f"trl {_TRL[kind]} --config", _trl(plan))}
        if kind in _AXOLOTL:
            return {"__train__/axolotl.yaml": _text(plan, "axolotl train", _axolotl(plan))}
        command = "llamafactory-cli train"
        return {"__train__/llamafactory.yaml": _text(plan, command, _llamafactory(plan))}


@dataclass(frozen=True, slots=True)
class _Plan:
    """The figures of a configuration."""

    starter: Starter
    kind: str
    folder: str
    name: str
    train: ExportedFile
    held_out: ExportedFile | None
    advice: Advice
    tokens: TokenReport
    length: int
    rank: int
    rate: float
    batch: int
    steps: int
    splits: int

    @classmethod
    def of(
        cls, starter: Starter, kind: str, folder: str, name: str,
        exported: tuple[ExportedFile, ...], tokens: TokenReport, strategies: int,
    ) -> _Plan:  # fmt: skip
        advice = advise(starter.tuning, starter.parameters, strategies)
        train = next((one for one in exported if one.split == "train"), exported[0])
        held_out = next((one for one in exported if one.split in _HELD_OUT), None)
        full = starter.tuning == "full"
        batch = 32 if full else 16
        while batch > 1 and train.rows * advice.epochs < _LEAST_STEPS * batch:
            batch //= 2
        rate = 1e-6 if kind in _PREFERENCES else 2e-5
        if not full:
            large = starter.parameters is not None and starter.parameters > 13e9
            rate *= 5 if large else 10
        longest = tokens.lengths.most if tokens.lengths is not None else 64
        return cls(
            starter, kind, folder, name, train, held_out, advice, tokens,
            length=-(-longest // 64) * 64,
            rank=_rank(advice, tokens),
            rate=rate,
            batch=batch,
            steps=math.ceil(train.rows / batch) * advice.epochs,
            splits=len(exported),
        )  # fmt: skip

    def named(self, file: ExportedFile) -> str:
        """What LLaMA-Factory calls it."""
        return dataset_name(self.name, file.split, self.splits)

    @property
    def adapter(self) -> bool:
        return self.starter.tuning != "full"

    @property
    def at_once(self) -> int:
        """Sequences that one device takes at a time; the rest of the batch is accumulated."""
        if self.kind == "trl-kto":  # its KL term compares sequences of a batch: TRL refuses one
            return 2
        return 1 if self.length > 2048 or self.batch == 1 else 2

    @property
    def output(self) -> str:
        """Outside of the export's folder, which holds what was exported and nothing else."""
        return f"../{self.name}-{self.kind}-{self.starter.tuning}"

    @property
    def why_length(self) -> str:
        return f"the longest row has {self.length_of_longest:,} tokens: nothing is cut"

    @property
    def length_of_longest(self) -> int:
        return self.tokens.lengths.most if self.tokens.lengths is not None else 0


def _rank(advice: Advice, tokens: TokenReport) -> int:
    """The least rank with room for what is learned; the capacity is that of rank 16."""
    if advice.capacity_tokens is None:
        return _RANKS[0]
    need = 16 * tokens.learned / advice.capacity_tokens
    return next((rank for rank in _RANKS if rank >= need), _RANKS[-1])


def _common(plan: _Plan) -> Iterator[Line]:
    """What the trainers call alike."""
    yield "learning_rate", plan.rate, "rule of thumb; the first to be tried higher and lower"
    yield "lr_scheduler_type", "cosine", ""
    yield "warmup_steps", math.ceil(plan.steps * 0.03), "3% of the steps"
    yield "num_train_epochs", plan.advice.epochs, "as `silversmith plan --tune` advises"
    yield "per_device_train_batch_size", plan.at_once, ""
    why = f"{plan.batch} sequences a step on one device, about {plan.steps:,} steps"
    yield "gradient_accumulation_steps", max(1, plan.batch // plan.at_once), why
    yield "gradient_checkpointing", True, ""
    yield "bf16", True, ""
    yield "logging_steps", 10, ""
    yield "report_to", "none", ""
    if plan.held_out is not None:
        yield "eval_strategy", "epoch", ""
    yield "output_dir", plan.output, ""


def _trl(plan: _Plan) -> Iterator[Line]:
    yield "model_name_or_path", plan.starter.model, ""
    why = "this export's folder, whose card says which file is which split"
    yield "dataset_name", f"../{plan.folder}", why
    yield "dataset_train_split", plan.train.split, ""
    if plan.held_out is not None:
        yield "dataset_test_split", plan.held_out.split, ""
    if plan.kind == "trl-sft":
        why = "the assistant's turns alone are learned; by default the prompts would be too"
        yield "assistant_only_loss", True, why
    if plan.kind == "trl-sft-turns":
        yield "completion_only_loss", True, "what is TRL's default here, said aloud"
    yield "max_length", plan.length, plan.why_length
    yield from _common(plan)
    if plan.adapter:
        yield "use_peft", True, ""
        yield "lora_r", plan.rank, "the least that has room for the learned tokens"
        yield "lora_alpha", 16, "as QLoRA"
        yield "lora_dropout", 0.0, ""
        yield "lora_target_modules", ["all-linear"], ""
        if plan.kind == "trl-reward":
            yield "lora_task_type", "SEQ_CLS", ""
    if plan.starter.tuning == "qlora":
        yield "load_in_4bit", True, ""
        yield "bnb_4bit_quant_type", "nf4", ""
        yield "use_bnb_nested_quant", True, ""


def _axolotl(plan: _Plan) -> Iterator[Line]:
    def data(file: ExportedFile) -> dict[str, Any]:
        entry: dict[str, Any] = {"path": file.path, "ds_type": "json", "split": "train"}
        if plan.kind == "axolotl-dpo":
            return {**entry, "type": "chat_template.default"}
        return {
            **entry, "type": "chat_template", "roles_to_train": ["assistant"],
            "train_on_eos": "turn",
        }  # fmt: skip

    yield "base_model", plan.starter.model, ""
    if plan.kind == "axolotl-dpo":
        yield "rl", "dpo", ""
    yield "chat_template", "tokenizer_default", ""
    yield "datasets", [data(plan.train)], ""
    if plan.held_out is not None:
        yield "test_datasets", [data(plan.held_out)], ""
    yield "dataset_prepared_path", f"{plan.output}-prepared", ""
    yield "sequence_len", plan.length, plan.why_length
    yield "excess_length_strategy", "raise", "by default what is longer is left out unseen"
    if plan.adapter:
        yield "adapter", plan.starter.tuning, ""
        yield "lora_r", plan.rank, "the least that has room for the learned tokens"
        yield "lora_alpha", 16, "as QLoRA"
        yield "lora_dropout", 0.0, ""
        yield "lora_target_linear", True, ""
    if plan.starter.tuning == "qlora":
        yield "load_in_4bit", True, ""
    names = {
        "lr_scheduler_type": "lr_scheduler",
        "num_train_epochs": "num_epochs",
        "per_device_train_batch_size": "micro_batch_size",
    }
    for name, value, why in _common(plan):
        if name not in ("report_to", "eval_strategy"):
            yield names.get(name, name), value, why
    if plan.held_out is not None:
        yield "evals_per_epoch", 1, ""
    yield "optimizer", "adamw_torch", ""


def _llamafactory(plan: _Plan) -> Iterator[Line]:
    yield "model_name_or_path", plan.starter.model, ""
    yield "stage", "dpo" if plan.kind == "llamafactory-dpo" else "sft", ""
    yield "do_train", True, ""
    yield "finetuning_type", "lora" if plan.adapter else "full", ""
    if plan.adapter:
        yield "lora_rank", plan.rank, "the least that has room for the learned tokens"
        yield "lora_alpha", 16, "as QLoRA"
        yield "lora_dropout", 0.0, ""
        yield "lora_target", "all", ""
    if plan.starter.tuning == "qlora":
        yield "quantization_bit", 4, ""
        yield "quantization_method", "bnb", ""
    yield "dataset_dir", ".", "this export's folder"
    yield (
        "dataset",
        plan.named(plan.train),
        "without `template`, the tokenizer's own chat template is taken",
    )
    if plan.held_out is not None:
        yield "eval_dataset", plan.named(plan.held_out), ""
    yield "cutoff_len", plan.length, plan.why_length
    if plan.kind == "llamafactory":
        yield "train_on_prompt", False, "every turn of the assistant is learned, and nothing else"
        yield "mask_history", False, ""
    yield from _common(plan)


def _text(plan: _Plan, command: str, lines: Iterator[Line]) -> str:
    """YAML with a reason beside each value."""
    import yaml

    trainer = command.split()[0].partition("-")[0]
    written = [
        f"# {plan.starter.tuning} with {trainer}: rules of thumb to start from, not measured on"
        " your data.",
        "# In the export's folder:",
        f"#     {command} __train__/{trainer}.yaml",
        f"# {plan.train.rows:,} rows to train on; `silversmith plan --tune {plan.starter.tuning}`"
        f" advises {plan.advice.budget:,} samples,",
        f"# and {plan.advice.general_share:.0%} of them general data against forgetting.",
    ]
    if plan.starter.parameters is None and plan.adapter:
        written.append(
            "# Nobody said how large the model is (--model-size), so the rank is the least."
        )
    if plan.tokens.packing is not None:
        pack = plan.tokens.packing
        written.append(
            f"# Packed into {pack.length:,} tokens, {pack.fewer:g} times fewer sequences; that"
            " needs an attention that keeps them apart."
        )
    for name, value, why in lines:
        if why:
            written.append(f"# {why}")
        written.append(yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True).rstrip())
    return "\n".join(written) + "\n"
