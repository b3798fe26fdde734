"""Preference training with LLaMA-Factory (DPO, ORPO, SimPO).

The rows are its ShareGPT formatting for preferences, which `dataset_info.json` beside them says
(data/README.md of https://github.com/hiyouga/LLaMA-Factory).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from ..records import Sample
from .base import Export
from .llamafactory import dataset_info, out_of_turn
from .turns import chat, pair_of, reason_for_no_pair

__all__ = ["LlamafactoryDpo"]


class LlamafactoryDpo(Export):
    """`{"messages": [prompt], "chosen": message, "rejected": message}`, one row a sample that has a
    rejected half, with `dataset_info.json` beside it. The messages end where the halves part; each
    half is the one answer that comes next."""

    kind: ClassVar[str] = "llamafactory-dpo"

    reasoning: Literal["text", "think"] = "think"
    """Where the reasoning of both answers goes: text or think."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A pair needs two different answers to one prompt; what does not alternate is skipped."""
        if reason := reason_for_no_pair(sample):
            return reason
        pair = pair_of(sample)
        return out_of_turn(pair.prompt) if pair is not None else None

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        pair = pair_of(sample)
        if pair is not None:
            (chosen,) = chat(sample, pair.chosen[:1], self.reasoning)
            (rejected,) = chat(sample, pair.rejected[:1], self.reasoning)
            prompt = chat(sample, pair.prompt)
            yield {"messages": prompt, "chosen": chosen, "rejected": rejected}

    def beside(self, name: str, files: Mapping[str, str]) -> Mapping[str, bytes]:
        """`dataset_info.json`."""
        columns = {"messages": "messages", "chosen": "chosen", "rejected": "rejected"}
        return dataset_info(name, files, columns, ranking=True)
