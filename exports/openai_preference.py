"""Preference fine-tuning (DPO) at OpenAI.

The rows follow the guide (https://platform.openai.com/docs/guides/direct-preference-optimization):
the input ends with the user's message, each output is one message of the assistant; a file has ten
rows or more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import chat, pair_of, reason_for_no_pair, unknown_role

__all__ = ["OpenaiPreference"]


class OpenaiPreference(Export):
    """`{"input": {"messages": [...]}, "preferred_output": [message], "non_preferred_output":
    [message]}`, one row a sample that has a rejected half. The input ends where the halves part;
    each half is the one answer that comes next."""

    kind: ClassVar[str] = "openai-preference"
    least_rows: ClassVar[int] = 10

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt."""
        if reason := reason_for_no_pair(sample):
            return reason
        pair = pair_of(sample)
        if pair is None or pair.prompt[-1].role != "user":
            return "no question before the answer"
        return unknown_role(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        pair = pair_of(sample)
        if pair is not None:
            yield {
                "input": {"messages": chat(sample, pair.prompt)},
                "preferred_output": chat(sample, pair.chosen[:1]),
                "non_preferred_output": chat(sample, pair.rejected[:1]),
            }
