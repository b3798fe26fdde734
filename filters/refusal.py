"""Keeps responses that do what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..checks.refusals import find_refusal, suspected_refusals
from .base import ColumnFilter
from .columns import Columns

__all__ = ["Refusal"]

_SHOWN = 80
_NO = "my answer is no"


class Refusal(ColumnFilter):
    """Drops samples whose response refuses, in full or in part, though the task did not want it.

    A refusal is wanted where the last assistant message carries the dialogue act "refuse", and
    in the strategies that teach when to refuse (`wanted_by`). What counts as a refusal is in
    `silversmith.checks.find_refusal`; it reads words, without a model.
    """

    kind: ClassVar[str] = "refusal"

    wanted_by: tuple[str, ...] = ("abstention", "hierarchy")
    """Strategies whose right answer may be a refusal; their samples are kept."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The words that refuse, quoted."""
        responses = columns.text("response")
        reasons = {}
        for row, signs in suspected_refusals(responses).items():
            words = find_refusal(responses[row].as_py(), signs)
            if words is None or _is_an_answer(words, columns, row):
                continue
            if not self._is_wanted(columns, row):
                words = " ".join(words.split())
                reasons[row] = f'"{words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"}"'
        return reasons

    def _is_wanted(self, columns: Columns, row: int) -> bool:
        by_strategy = columns.column("strategy")[row].as_py() in self.wanted_by
        return by_strategy or columns.text("act")[row].as_py() == "refuse"


def _is_an_answer(words: str, columns: Columns, row: int) -> bool:
    """Whether the words say no to a question for yes or no that wants it said so."""
    if words.lower() != _NO:
        return False
    return _NO in columns.text("instruction")[row].as_py().lower()
