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
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample. Of a sample with a rejected
    half, the chosen half."""

    kind: ClassVar[str] = "trl-sft"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from."""
        return None if sample.response.strip() else "no answer"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        yield {"messages": [{"role": t.role, "content": t.content} for t in sample.messages]}
