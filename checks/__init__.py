"""Pure functions that need no model."""

from .refusals import find_refusal
from .texts import count_words, normalise, split_words

__all__ = ["count_words", "find_refusal", "normalise", "split_words"]
