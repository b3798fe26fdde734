"""Supervised fine-tuning with TRL.

The rows are TRL's conversational language modelling type, which `trl.SFTTrainer` takes as it is:
https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export

__all__ = ["TrlSft"]


class TrlSft(Export):
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample, a dialogue with all its turns.
    Of a sample with a rejected half, the chosen half. A dialogue with a planned mistake of the
    assistant has no row, since the mistake would be learned; `trl-sft-turns` has its other turns.
    """

    kind: ClassVar[str] = "trl-sft"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from, a mistake is not to be learned."""
        if any(turn.act == "mistake" for turn in sample.messages):
            return "a turn is a planned mistake (trl-sft-turns has the others)"
        return None if sample.response.strip() else "no answer"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        yield {"messages": [{"role": t.role, "content": t.content} for t in sample.messages]}
