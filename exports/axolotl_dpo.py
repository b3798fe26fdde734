"""Preference training with Axolotl.

The rows are those of its dataset type `chat_template.default` under `rl: dpo` with its
default names of fields: https://docs.axolotl.ai/docs/rlhf.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ..records import Sample
from .base import Export
from .turns import chat, pair_of, reason_for_no_pair

__all__ = ["AxolotlDpo"]


class AxolotlDpo(Export):
    """`{"messages": [prompt], "chosen": message, "rejected": message}`, one row a sample that has a
    rejected half. The messages end where the halves part; each half is the one answer that comes
    next."""

    kind: ClassVar[str] = "axolotl-dpo"

    reasoning: Literal["text", "think"] = "think"
    """Where the reasoning of both answers goes: text or think (Axolotl reads no field here)."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt."""
        return reason_for_no_pair(sample)

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        pair = pair_of(sample)
        if pair is not None:
            (chosen,) = chat(sample, pair.chosen[:1], self.reasoning)
            (rejected,) = chat(sample, pair.rejected[:1], self.reasoning)
            prompt = chat(sample, pair.prompt)
            yield {"messages": prompt, "chosen": chosen, "rejected": rejected}
