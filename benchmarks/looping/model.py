"""A small language model, made and trained on the spot: words and whole numbers are its tokens."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

__all__ = ["answers", "new_model", "new_tokenizer", "trained", "tune"]

_PIECE = r" ?[A-Za-z]+| ?[0-9]+|\n+| ?[^\sA-Za-z0-9]"
_SPECIAL = ("<pad>", "<unknown>", "<user>", "<assistant>", "<end>")
_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "{{ '<assistant>' }}{% generation %}{{ message['content'] + '<end>' }}{% endgeneration %}"
    "{% else %}{{ '<user>' + message['content'] }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)
_LONGEST = 96
_REPLY = 40


def new_tokenizer(texts: Iterable[str], largest: int = 60) -> PreTrainedTokenizerFast:
    """A tokenizer whose tokens are the words and signs of the texts and the numbers to `largest`,
    each with or without a space in front as it occurs."""
    seen = sorted({piece for text in texts for piece in re.findall(_PIECE, text)})
    numbers = [f"{space}{number}" for space in ("", " ") for number in range(largest + 1)]
    every = dict.fromkeys([*_SPECIAL, *numbers, *seen])
    vocabulary = {piece: number for number, piece in enumerate(every)}
    made = Tokenizer(WordLevel(vocabulary, unk_token="<unknown>"))
    made.pre_tokenizer = Split(Regex(_PIECE), "isolated")
    made.decoder = Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        unk_token="<unknown>",
        eos_token="<end>",
        additional_special_tokens=["<user>", "<assistant>"],
        chat_template=_TEMPLATE,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def new_model(tokenizer: PreTrainedTokenizerFast, width: int, layers: int, seed: int) -> Any:
    """A model with random weights."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=3 * width,
            num_hidden_layers=layers,
            num_attention_heads=width // 32,
            max_position_embeddings=2 * _LONGEST,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def trained(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[tuple[str, str]],
    *,
    batch: int,
    rate: float,
    seed: int,
) -> Any:
    """The model after one pass over pairs of prompt and reply, in their order, with the loss on
    replies alone. As many rows as a base needs take TRL longer to prepare than to train on."""
    steps = len(pairs) // batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    model.train()
    for step in range(steps):
        given = _encoded(tokenizer, pairs[step * batch : (step + 1) * batch])
        loss = model(**given).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == steps - 1:
            print(f"  step {step:,} of {steps:,}: loss {loss.item():.3f}", file=sys.stderr, flush=True)
    return model


def _encoded(
    tokenizer: PreTrainedTokenizerFast, pairs: Sequence[tuple[str, str]]
) -> dict[str, torch.Tensor]:
    rows = []
    for prompt, reply in pairs:
        before = tokenizer.encode(f"<user>{prompt}<assistant>", add_special_tokens=False)
        rows.append((before, tokenizer.encode(f"{reply}<end>", add_special_tokens=False)))
    width = max(len(before) + len(after) for before, after in rows)
    shape = (len(rows), width)
    ids, mask = torch.full(shape, tokenizer.pad_token_id), torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, -100)
    for row, (before, after) in enumerate(rows):
        end = len(before) + len(after)
        ids[row, :end] = torch.tensor(before + after)
        mask[row, :end] = 1
        labels[row, len(before) : end] = torch.tensor(after)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def tune(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    rows: Iterable[dict[str, Any]],
    folder: Path,
    *,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    lora: bool = False,
) -> Any:
    """The model after so many steps of TRL's SFT on the rows, with the loss on replies alone."""
    adapter = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(list(rows)),
        peft_config=adapter if lora else None,
        args=SFTConfig(
            output_dir=str(folder),
            max_steps=steps,
            per_device_train_batch_size=batch,
            learning_rate=rate,
            lr_scheduler_type="cosine",
            warmup_steps=max(1, steps // 20),
            max_length=_LONGEST,
            assistant_only_loss=True,
            seed=seed,
            data_seed=seed,
            use_cpu=True,
            bf16=False,
            save_strategy="no",
            report_to=[],
            logging_steps=50,
            disable_tqdm=True,
            gradient_checkpointing=False,
            weight_decay=0.01,
        ),
    )
    trainer.train()
    return trainer.model


def answers(
    model: Any, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], at_once: int = 256
) -> list[str]:
    """What the model replies to each prompt, by greedy decoding."""
    model.eval()
    replies: list[str] = []
    for start in range(0, len(prompts), at_once):
        texts = [f"<user>{prompt}<assistant>" for prompt in prompts[start : start + at_once]]
        given = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            out = model.generate(
                input_ids=given["input_ids"], attention_mask=given["attention_mask"],
                max_new_tokens=_REPLY, do_sample=False,
            )
        made = out[:, given["input_ids"].shape[1] :]
        replies += tokenizer.batch_decode(made, skip_special_tokens=True)
    return replies
