"""Supervised fine-tuning with TRL on each turn of a dialogue.

The rows are TRL's conversational prompt-completion type; `trl.SFTTrainer` learns from completions
alone, with any chat template: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from ..records import Sample, Turn
from .base import Export

__all__ = ["TrlSftTurns"]


class TrlSftTurns(Export):
    """`{"prompt": [messages], "completion": [message]}`, one row for each turn of the assistant,
    with all that comes before it as its prompt. A planned mistake is in the prompts of the turns
    after it, and is never a completion. Of a sample with a rejected half, the chosen half."""

    kind: ClassVar[str] = "trl-sft-turns"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from."""
        return None if _learnable(sample.messages) else "no answer"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row for each turn of the assistant."""
        for index in _learnable(sample.messages):
            yield {
                "prompt": _messages(sample.messages[:index]),
                "completion": _messages(sample.messages[index : index + 1]),
            }


def _learnable(turns: Sequence[Turn]) -> list[int]:
    return [
        index
        for index, turn in enumerate(turns)
        if index and turn.role == "assistant" and turn.act != "mistake" and turn.content.strip()
    ]


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]
