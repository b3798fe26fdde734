"""How each group of failures fared, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .round_file import Round

__all__ = ["History", "history_of"]


@dataclass(frozen=True)
class History:
    rounds: Sequence[Round]


def history_of(rounds: Sequence[Round]) -> History:
    return History(rounds)
