"""Supervised fine-tuning with TRL.

The rows are TRL's conversational language modelling type, which `trl.SFTTrainer` takes as it is:
https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import Reasoning, chat, without_mistake

__all__ = ["TrlSft"]


class TrlSft(Export):
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample, a dialogue with all its turns.
    Of a sample with a rejected half, the chosen half. A dialogue with a planned mistake of the
    assistant has no row, since the mistake would be learned; `trl-sft-turns` has its other turns.
    """

    kind: ClassVar[str] = "trl-sft"

    reasoning: Reasoning = "text"
    """Where the reasoning goes: text, think, reasoning_content or thinking."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from, a mistake is not to be learned."""
        return without_mistake(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        yield {"messages": chat(sample, sample.messages, self.reasoning)}
