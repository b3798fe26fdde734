"""Preference training with TRL.

The rows are TRL's conversational preference type with an explicit prompt, which
`trl.DPOTrainer` and its relatives take as they are:
https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from ..records import Sample, Turn
from .base import Export

__all__ = ["TrlDpo"]


class TrlDpo(Export):
    """`{"prompt": [messages], "chosen": [messages], "rejected": [messages]}`, one row a sample
    that has a rejected half. The prompt is what both halves share; it ends where their answers
    part."""

    kind: ClassVar[str] = "trl-dpo"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt."""
        if not sample.rejected:
            return "no rejected answer"
        if not sample.response.strip():
            return "no answer"
        if _parting(sample.messages, _whole_rejected(sample)) is None:
            return "chosen and rejected are equal, or answer different prompts"
        return None

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        rejected = _whole_rejected(sample)
        prompt = _parting(sample.messages, rejected)
        if prompt is not None:
            yield {
                "prompt": _messages(sample.messages[:prompt]),
                "chosen": _messages(sample.messages[prompt:]),
                "rejected": _messages(rejected[prompt:]),
            }


def _whole_rejected(sample: Sample) -> Sequence[Turn]:
    """The rejected conversation from its start; a rejected half may hold the last answer alone."""
    if all(turn.role == "assistant" for turn in sample.rejected):
        return (*sample.messages[:-1], *sample.rejected)
    return sample.rejected


def _parting(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> int | None:
    """The index of the first message that differs, where that is an answer to the same prompt
    in both; else None."""
    for index, (one, other) in enumerate(zip(chosen, rejected, strict=False)):
        if (one.role, one.content) != (other.role, other.content):
            return index if index and one.role == other.role == "assistant" else None
    return None


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]
