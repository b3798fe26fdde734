"""Supervised fine-tuning with Axolotl.

The rows are those of its dataset type `chat_template` with its default names of fields:
https://docs.axolotl.ai/docs/dataset-formats/conversation.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ..records import Sample
from .base import Export
from .turns import Reasoning, answered, chat, learnable, without_mistake

__all__ = ["Axolotl"]


class Axolotl(Export):
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample, for `type: chat_template`. Of a
    sample with a rejected half, the chosen half."""

    kind: ClassVar[str] = "axolotl"

    reasoning: Reasoning = "think"
    """Where the reasoning goes: text, think, reasoning_content or thinking."""

    mistakes: Literal["leave_out", "mask"] = "leave_out"
    """What becomes of a dialogue with a planned mistake of the assistant: no row; or a row whose
    messages say whether they are learned, which needs `message_field_training: train` in Axolotl's
    configuration: without it the mistake is learned."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from, a mistake is not to be learned."""
        if self.mistakes == "mask" and learnable(sample.messages):
            return None
        return without_mistake(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        messages: list[dict[str, Any]] = [*chat(sample, answered(sample), self.reasoning)]
        if self.mistakes == "mask":
            learned = set(learnable(sample.messages))
            for index, message in enumerate(messages):
                message["train"] = index in learned
        yield {"messages": messages}
