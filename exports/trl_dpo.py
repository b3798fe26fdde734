"""Preference training with TRL.

The rows are TRL's conversational preference type with an explicit prompt, which
`trl.DPOTrainer` and its relatives (ORPO, CPO) take as they are:
https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import Reasoning, chat, pair_of, reason_for_no_pair

__all__ = ["TrlDpo"]


class TrlDpo(Export):
    """`{"prompt": [messages], "chosen": [messages], "rejected": [messages]}`, one row a sample
    that has a rejected half. The prompt is what both halves share; it ends where their answers
    part."""

    kind: ClassVar[str] = "trl-dpo"

    reasoning: Reasoning = "text"
    """Where the reasoning of both answers goes: text, think, reasoning_content or thinking."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt."""
        return reason_for_no_pair(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        pair = pair_of(sample)
        if pair is not None:
            yield {
                "prompt": chat(sample, pair.prompt),
                "chosen": chat(sample, pair.chosen, self.reasoning),
                "rejected": chat(sample, pair.rejected, self.reasoning),
            }
