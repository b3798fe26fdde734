"""Instructions with one answer, as of Stanford Alpaca:
https://github.com/tatsu-lab/stanford_alpaca"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ..records import Sample
from .base import Export
from .turns import answered, chat, without_mistake

__all__ = ["Alpaca"]


class Alpaca(Export):
    """`{"instruction", "input", "output"}`, one row a sample of one question and one answer;
    `input` is always "". Of a sample with a rejected half, the chosen half."""

    kind: ClassVar[str] = "alpaca"

    reasoning: Literal["text", "think"] = "text"
    """Where the reasoning goes: text or think."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """There is no place for further turns, nor for a system message."""
        if reason := without_mistake(sample):
            return reason
        roles = [turn.role for turn in answered(sample)]
        if "system" in roles:
            return "a system message, for which alpaca has no place (sharegpt has one)"
        if roles != ["user", "assistant"]:
            return "a dialogue, for which alpaca has no place (sharegpt has one)"
        return None

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        asked, answer = chat(sample, answered(sample), self.reasoning)
        yield {"instruction": asked["content"], "input": "", "output": answer["content"]}
