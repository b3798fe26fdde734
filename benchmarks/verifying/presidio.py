"""Quotes put back into the texts that they were cut out of: the annotated spans of
presidio-research, each with its offsets.

A quote that stands in several places is told apart by the words around it, as a model is asked to
do; `within` is the span with 15 characters on either side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from silversmith.checks.quotes import Place, find_quote
from verifying import Figure

__all__ = ["Case", "cases", "measure"]

_AROUND = 15
_COPIED = str.maketrans({"'": "’", '"': "“", "-": "–", "\n": " "})


class Case(NamedTuple):
    """A span: the text, its offsets, and a longer quote around it."""

    text: str
    start: int
    end: int
    within: str

    @property
    def quote(self) -> str:
        """The words of the span."""
        return self.text[self.start : self.end]


def cases(data: Path) -> Iterator[Case]:
    """All spans in the folder `presidio` of the data."""
    with (data / "presidio" / "synth_v2.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            text = row["text"]
            for start, end, _ in row["spans"]:
                start += len(text[start:end]) - len(text[start:end].lstrip())
                end -= len(text[start:end]) - len(text[start:end].rstrip())
                within = text[max(0, start - _AROUND) : end + _AROUND]
                yield Case(text, start, end, within)


def measure(data: Path) -> Iterable[Figure]:
    """How many quotes are found where they were, as they are and as weaker models copy them, and
    how many are refused that say something else."""
    spans = list(cases(data))
    dataset = "presidio"
    yield Figure(
        dataset, "quotes found in their place", _found(spans, str), len(spans), target=0.99
    )
    yield Figure(
        dataset,
        "the same in other typography",
        _found(spans, lambda quote: " ".join(quote.translate(_COPIED).lower().split())),
        len(spans),
        "lower case, other quotation marks and dashes, no line breaks",
        target=0.99,
    )
    altered = [(case, _altered(case.quote)) for case in spans]
    altered = [(case, quote) for case, quote in altered if quote and quote not in case.text]
    refused = sum(isinstance(find_quote(quote, case.text), str) for case, quote in altered)
    yield Figure(
        dataset,
        "quotes with one character changed refused",
        refused / len(altered),
        len(altered),
        target=1.0,
    )


def _found(spans: list[Case], copied: Callable[[str], str]) -> float:
    right = 0
    for case in spans:
        place = find_quote(copied(case.quote), case.text, copied(case.within))
        right += isinstance(place, Place) and place[:2] == (case.start, case.end)
    return right / len(spans)


def _altered(quote: str) -> str:
    """The quote with its middle letter or digit changed; "" where it has none."""
    places = [place for place, char in enumerate(quote) if char.isalnum()]
    if not places:
        return ""
    middle = places[len(places) // 2]
    return f"{quote[:middle]}{'7' if quote[middle] != '7' else '3'}{quote[middle + 1 :]}"
