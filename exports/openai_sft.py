"""Supervised fine-tuning at OpenAI.

The rows follow the guide (https://platform.openai.com/docs/guides/supervised-fine-tuning): chat
messages, the last one the assistant's; `weight` 0 masks a turn; a file has ten rows or more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import answered, chat, learnable, unknown_role

__all__ = ["OpenaiSft"]


class OpenaiSft(Export):
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample. A planned mistake of the
    assistant has `"weight": 0` and is not learned. Of a sample with a rejected half, the chosen
    half. Reasoning stays in the answer: the format has no other place."""

    kind: ClassVar[str] = "openai-sft"
    least_rows: ClassVar[int] = 10

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer that is to be learned has nothing to learn from."""
        if not sample.response.strip():
            return "no answer"
        if not learnable(answered(sample)):
            return "no prompt, or no answer that is to be learned"
        return unknown_role(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        turns = answered(sample)
        messages: list[dict[str, Any]] = [*chat(sample, turns)]
        for turn, message in zip(turns, messages, strict=True):
            if turn.act == "mistake":
                message["weight"] = 0
        yield {"messages": messages}
