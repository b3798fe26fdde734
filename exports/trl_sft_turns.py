"""Supervised fine-tuning with TRL on each turn of a dialogue.

The rows are TRL's conversational prompt-completion type; `trl.SFTTrainer` learns from completions
alone, with any chat template: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import Reasoning, chat, learnable

__all__ = ["TrlSftTurns"]


class TrlSftTurns(Export):
    """`{"prompt": [messages], "completion": [message]}`, one row for each turn of the assistant,
    with all that comes before it as its prompt; a sample with one answer is one row. A planned
    mistake is in the prompts of the turns after it, and is never a completion. Of a sample with a
    rejected half, the chosen half."""

    kind: ClassVar[str] = "trl-sft-turns"

    reasoning: Reasoning = "text"
    """Where the reasoning of completions goes: text, think, reasoning_content or thinking."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from."""
        if learnable(sample.messages):
            return None
        return "no prompt" if sample.response.strip() else "no answer"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row for each turn of the assistant."""
        for index in learnable(sample.messages):
            yield {
                "prompt": chat(sample, sample.messages[:index]),
                "completion": chat(sample, sample.messages[index : index + 1], self.reasoning),
            }
