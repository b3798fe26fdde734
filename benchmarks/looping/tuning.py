"""A small language model, made and trained on the spot, and tuned with TRL: words and whole numbers
are its tokens."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import datasets
import torch
import transformers
from peft import LoraConfig
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from looping.examination import items, problems

__all__ = ["Bench"]

_BASE_BATCH, _BASE_RATE = 32, 3e-3
_BATCH, _RATE, _RATE_LORA = 16, 1e-3, 3e-3
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


class Bench:
    """Where the base model lies, and where it is tuned.

    Attributes:
        tokenizer: its tokenizer.
    """

    def __init__(self, options: argparse.Namespace, taught: Sequence[str]) -> None:
        """Make and train the base model, where `options.folder` does not hold it yet.

        Args:
            options: of the benchmark.
            taught: the families that it sees.
        """
        torch.set_num_threads(options.threads)
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        datasets.disable_progress_bars()
        self._options = options
        self._place = options.folder / "base"
        if not self._place.exists():
            self._train(taught)
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(self._place)

    @property
    def base(self) -> Any:
        """The base model, a new one each time."""
        return LlamaForCausalLM.from_pretrained(self._place)

    def answers(self, model: Any) -> Callable[[Sequence[str]], list[str]]:
        """What a model replies to prompts, by greedy decoding."""
        return lambda prompts: _answers(model, self.tokenizer, prompts)

    def tuned(self, rows: Sequence[Mapping[str, Any]], seed: int, *, lora: bool) -> Any:
        """The base model after TRL's SFT on rows of messages."""
        transformers.set_seed(seed)  # an adapter begins with random weights
        adapter = LoraConfig(
            r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        with tempfile.TemporaryDirectory() as folder:
            trainer = SFTTrainer(
                model=self.base,
                processing_class=self.tokenizer,
                train_dataset=datasets.Dataset.from_list([dict(row) for row in rows]),
                peft_config=adapter if lora else None,
                args=SFTConfig(
                    output_dir=folder,
                    max_steps=self._options.steps,
                    per_device_train_batch_size=_BATCH,
                    learning_rate=_RATE_LORA if lora else _RATE,
                    lr_scheduler_type="cosine",
                    warmup_steps=max(1, self._options.steps // 20),
                    max_length=_LONGEST,
                    assistant_only_loss=True,
                    seed=seed,
                    data_seed=seed,
                    use_cpu=True,
                    bf16=False,
                    save_strategy="no",
                    logging_strategy="no",
                    report_to=[],
                    disable_tqdm=True,
                    activation_checkpointing=False,
                    dataloader_pin_memory=False,
                ),
            )
            trainer.remove_callback(transformers.PrinterCallback)
            trainer.train()
        return trainer.model

    def _train(self, taught: Sequence[str]) -> None:
        options = self._options
        texts = [text for one in items(200, seed=0) for text in (one.text, one.solution)]
        tokenizer = _new_tokenizer(texts)
        model = _new_model(tokenizer, options.width, options.layers)
        shares = dict.fromkeys(taught, 1.0)
        rows = [
            (one.text, one.solution)
            for one in problems(options.base_steps * _BASE_BATCH, shares, seed=0)
        ]
        _trained(model, tokenizer, rows)
        part = self._place.with_suffix(".part")
        tokenizer.save_pretrained(part)
        model.save_pretrained(part)
        part.rename(self._place)


def _new_tokenizer(texts: Iterable[str], largest: int = 60) -> PreTrainedTokenizerFast:
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


def _new_model(tokenizer: PreTrainedTokenizerFast, width: int, layers: int) -> Any:
    """A model with random weights."""
    torch.manual_seed(0)
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


def _trained(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[tuple[str, str]],
) -> None:
    """One pass over pairs of prompt and reply, in their order, with the loss on
    replies alone. As many rows as a base needs take TRL longer to prepare than to train on."""
    steps = len(pairs) // _BASE_BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=_BASE_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _BASE_RATE, steps, pct_start=0.1)
    model.train()
    for step in range(steps):
        given = _encoded(tokenizer, pairs[step * _BASE_BATCH : (step + 1) * _BASE_BATCH])
        loss = model(**given).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"  step {step:,} of {steps:,}: loss {loss.item():.3f}", file=sys.stderr, flush=True
            )


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


def _answers(
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
                input_ids=given["input_ids"],
                attention_mask=given["attention_mask"],
                max_new_tokens=_REPLY,
                do_sample=False,
            )
        made = out[:, given["input_ids"].shape[1] :]
        replies += tokenizer.batch_decode(made, skip_special_tokens=True)
    return replies
