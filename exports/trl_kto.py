"""Training on single answers that are good or bad, with TRL.

The rows are TRL's conversational unpaired preference type, which `trl.KTOTrainer` takes as it is
(KTO, arXiv 2402.01306): https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from ..records import Sample
from .base import Export
from .turns import Reasoning, answered, chat, pair_of, reason_for_no_pair

__all__ = ["TrlKto"]


class TrlKto(Export):
    """`{"prompt": [messages], "completion": [messages], "label": true or false}`. A sample with a
    rejected half is two rows: chosen is true, rejected false. Any other sample is one row if
    somebody has a verdict on it: a person who accepted or mended it (true); else the checks (true
    if all that could tell were passed, false if one was not); else the judges' score."""

    kind: ClassVar[str] = "trl-kto"

    reasoning: Reasoning = "text"
    """Where the reasoning of completions goes: text, think, reasoning_content or thinking."""

    good: float = Field(default=0.7, ge=0, le=1)
    """The least score, from 0 to 1, at which a sample is true that only judges have judged."""

    bad: float = Field(default=0.3, ge=0, le=1)
    """The largest score at which it is false; between the two it has no row."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A row needs an answer and a verdict on it."""
        if sample.rejected:
            return reason_for_no_pair(sample)
        if not sample.response.strip():
            return "no answer"
        if not any(turn.role == "user" for turn in answered(sample)):
            return "no prompt"
        label = self._label(sample)
        return label if isinstance(label, str) else None

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """Two rows of a pair, one of any other sample."""
        pair = pair_of(sample)
        if pair is not None:
            prompt = chat(sample, pair.prompt)
            for turns, label in ((pair.chosen, True), (pair.rejected, False)):
                completion = chat(sample, turns, self.reasoning)
                yield {"prompt": prompt, "completion": completion, "label": label}
        else:
            *prompt_turns, last = answered(sample)
            yield {
                "prompt": chat(sample, prompt_turns),
                "completion": chat(sample, [last], self.reasoning),
                "label": self._label(sample),
            }

    def _label(self, sample: Sample) -> bool | str:
        """Whether the answer is good, or why nobody can tell."""
        if sample.review is not None and sample.review.tier == "gold":
            return True  # what people rejected is not exported at all
        if answered(sample)[-1].act == "mistake":
            return False
        if sample.verified is not None:
            return sample.verified
        if sample.score is None:
            return "no verdict of a person, a check or a judge"
        if self.bad < sample.score < self.good:
            return f"a score between {self.bad:g} and {self.good:g}, and no other verdict"
        return sample.score >= self.good
