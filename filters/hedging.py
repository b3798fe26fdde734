"""Keeps responses that commit themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from ..checks.patterns import Patterns
from .base import ColumnFilter
from .columns import Columns

__all__ = ["Hedging"]

_MODEL = (
    r"(?i)\b(?:as an? (?:ai|artificial intelligence|(?:large )?language model|chatbot"
    r"|virtual assistant|(?:ai|computer)[ -](?:language )?(?:model|assistant|program|system))\b"
    r"|i(?:['’]m| am) (?:just |only |merely )?an? (?:ai|artificial intelligence"
    r"|(?:large )?language model"
    r"|(?:ai |text-based )?(?:language model|assistant) (?:model|developed|trained|created))\b"
    r"|my (?:knowledge|training) (?:cut-?off|data|only goes)"
    r"|(?:as of|up to) my last (?:update|training|knowledge)"
    r"|i (?:do not|don['’]t) have (?:personal (?:opinion|belief|experience|feeling|preference)s?"
    r"|(?:real-time|current) (?:data|information|access)))"
)
_HEDGES = (
    r"(?i)\b(?:perhaps|maybe|possibly|presumably|supposedly|arguably|conceivably"
    r"|i (?:think|believe|guess|suppose|assume|feel like)|in my (?:humble )?opinion"
    r"|i(?:['’]m| am) not (?:\w+ )?(?:sure|certain)|i (?:could|may|might) be (?:wrong|mistaken)"
    r"|as far as i know|to the best of my knowledge"
    r"|it(?:['’]s| is) (?:hard|difficult|impossible) to (?:say|tell|know)|it (?:really )?depends"
    r"|i (?:do not|don['’]t) (?:really )?know|not necessarily"
    r"|(?:may|might|could) or (?:may|might|could) not|sort of|kind of|it (?:seems|appears)"
    r"|for what it(?:['’]s| is) worth|more or less|to some (?:extent|degree)"
    r"|in some (?:ways|sense))\b"
)
_SUSPECTED = Patterns([_MODEL.removeprefix("(?i)"), _HEDGES.removeprefix("(?i)")])
_SHOWN = 80


class Hedging(ColumnFilter):
    """Drops samples whose response speaks of itself as a model ("As an AI language model, …"), or
    hedges more than it says ("I think it could perhaps be …"). English only.

    Samples whose instruction asks the assistant about itself are kept, and those of the strategies
    in which an assistant says what it cannot know (`wanted_by`). What a careful text needs (may,
    might, usually, in general) does not count as a hedge.
    """

    kind: ClassVar[str] = "hedging"

    as_a_model: bool = True
    """Drop responses that speak of themselves as a model or of its training."""

    max_per_100_words: Annotated[float, Field(gt=0)] | None = 5.0
    """Greatest number of hedges in 100 words."""

    min_hedges: PositiveInt = 3
    """A response with fewer hedges is kept, however short it is."""

    wanted_by: tuple[str, ...] = ("abstention", "hierarchy", "refusal")
    """Strategies whose right answer may speak so; their samples are kept."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The words that speak of a model, quoted, or how many hedges there are."""
        import numpy as np
        from pyarrow import compute

        responses = columns.text("response")
        reasons: dict[int, str] = {}
        found, numbers = _SUSPECTED.found_in(columns.bytes("response"))
        if self.as_a_model:
            for row in np.unique(found[numbers == 0]).tolist():
                text = responses[row].as_py()
                quote = re.search(_MODEL, text)
                asked = re.search(_ASKED, columns.text("instruction")[row].as_py())
                if quote is not None and asked is None and not _QUOTED.match(text[: quote.start()]):
                    reasons[row] = f'"{" ".join(quote.group().split())[:_SHOWN]}"'
        if self.max_per_100_words is not None:
            rows = np.unique(found[numbers == 1])
            hedges = compute.count_substring_regex(responses.take(rows), _HEDGES).to_numpy()
            words = np.maximum(columns.words("response").words[rows], 1)
            rates = 100 * hedges / words
            many = (rates > self.max_per_100_words) & (hedges >= self.min_hedges)
            for at in np.flatnonzero(many).tolist():
                reasons.setdefault(int(rows[at]), f"{rates[at]:.1f} hedges in 100 words")
        if reasons and self.wanted_by:
            strategies = columns.column("strategy").to_pylist()
            reasons = {
                row: r for row, r in reasons.items() if strategies[row] not in self.wanted_by
            }
        return reasons


_ASKED = (
    r"(?i)\b(?:are you|who are you|what are you|(?:do|can|could|would|did|have|will|were|how) you\b"
    r"|your (?:name|opinion|training|creator|feelings|favou?rite|knowledge|limitations)"
    r"|about yourself|as an? ai\b|language model|chatbot|\bai\b)"
)
_QUOTED = re.compile(r"(?s)(?:[^\"“”]*[\"“][^\"”“]*[\"”])*[^\"“”]*[\"“][^\"”]*$")
