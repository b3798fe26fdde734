"""Rounds: from the failures of a tuned model to the next recipe, and how they fared since."""

from .history import History, history_of
from .next_round import NextRound, Wanted, next_round

__all__ = ["History", "NextRound", "Wanted", "history_of", "next_round"]
