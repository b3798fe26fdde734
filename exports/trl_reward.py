"""A reward model with TRL.

The rows are TRL's conversational preference type with an implicit prompt, which its documentation
recommends for `trl.RewardTrainer`: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import Reasoning, chat, pair_of, reason_for_no_pair

__all__ = ["TrlReward"]


class TrlReward(Export):
    """`{"chosen": [messages], "rejected": [messages]}`, one row a sample that has a rejected half,
    each half a whole conversation from its prompt to its last answer."""

    kind: ClassVar[str] = "trl-reward"

    reasoning: Reasoning = "text"
    """Where the reasoning of both answers goes: text, think, reasoning_content or thinking."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt."""
        return reason_for_no_pair(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        pair = pair_of(sample)
        if pair is not None:
            prompt = chat(sample, pair.prompt)
            yield {
                "chosen": [*prompt, *chat(sample, pair.chosen, self.reasoning)],
                "rejected": [*prompt, *chat(sample, pair.rejected, self.reasoning)],
            }
