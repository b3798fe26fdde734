"""Conversations as ShareGPT's collectors wrote them, which many trainers read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ..records import Sample
from .base import Export
from .turns import chat, without_mistake

__all__ = ["Sharegpt"]

_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


class Sharegpt(Export):
    """`{"conversations": [{"from": "system", "human" or "gpt", "value"}, ...]}`, one row a sample.
    Of a sample with a rejected half, the chosen half."""

    kind: ClassVar[str] = "sharegpt"

    reasoning: Literal["text", "think"] = "think"
    """Where the reasoning goes: text or think."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A sample without an answer has nothing to learn from, a mistake is not to be learned."""
        return without_mistake(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        messages = chat(sample, sample.messages, self.reasoning)
        yield {
            "conversations": [
                {"from": _FROM.get(one["role"], one["role"]), "value": one["content"]}
                for one in messages
            ]
        }
