"""Keeps responses that do what was asked."""

from __future__ import annotations

from typing import ClassVar

from ..checks import find_refusal
from ..records import Sample
from .base import Filter

__all__ = ["Refusal"]

_SHOWN = 80


class Refusal(Filter):
    """Drops samples whose response refuses, in full or in part, though the task did not want it.

    A refusal is wanted where the last assistant message carries the dialogue act "refuse", and
    in the strategies that teach when to refuse (`wanted_by`). What counts as a refusal is in
    `silversmith.checks.find_refusal`; it reads words, without a model.
    """

    kind: ClassVar[str] = "refusal"

    wanted_by: tuple[str, ...] = ("abstention", "hierarchy")
    """Strategies whose right answer may be a refusal; their samples are kept."""

    def reason_to_drop(self, sample: Sample) -> str | None:
        """The words that refuse, quoted."""
        if sample.strategy in self.wanted_by:
            return None
        turn = next((t for t in reversed(sample.messages) if t.role == "assistant"), None)
        if turn is None or turn.act == "refuse":
            return None
        words = find_refusal(turn.content)
        if words is None:
            return None
        words = " ".join(words.split())
        return f'"{words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"}"'
