"""Agreement in PandaLM's test set (arXiv 2306.05087): three people, and two judge models.

The paper gives Cohen's kappa of each pair of people: 0.85, 0.88 and 0.86. The two judges' figures
are those against the label that two people or three gave; a reply of gpt-3.5 in which the authors
found no verdict has none here, and is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from silversmith.measures.comparison import compare
from silversmith.measures.findings import Comparison
from silversmith.measures.ratings import Ratings
from verifying import Figure

__all__ = ["measure"]

_PEOPLE = ("a1", "a2", "a3")
_JUDGES = ("gpt35", "pandalm7b")
_PUBLISHED = {("a1", "a2"): 0.85, ("a1", "a3"): 0.88, ("a2", "a3"): 0.86}
_NUMBERS = {"Tie": 0, "garbage": None}


def measure(data: Path) -> Iterable[Figure]:
    """The kappas of people, beside the published ones, and of judges with their majority."""
    path = data / "pandalm" / "testset.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    labels = [[_NUMBERS.get(row[name], row[name]) for name in _PEOPLE + _JUDGES] for row in rows]
    found = compare(Ratings.of(_PEOPLE + _JUDGES, labels).as_names(), _PEOPLE, _JUDGES)
    for pair in found.whole.comparisons:
        if pair.kind == "human-human":
            yield from _people(pair)
        elif pair.b == "majority":
            yield _figure(pair, "percent", "{:.2%}")
            yield _figure(pair, "kappa", "{:.3f}")
    for figure in found.whole.people:
        if figure.value is not None:
            name = f"all people: {figure.measure.replace('_', ' ')}"
            yield Figure("pandalm", name, figure.value, len(rows), form="{:.3f}")


def _people(pair: Comparison) -> Iterable[Figure]:
    kappa = _figure(pair, "kappa", "{:.3f}")
    published = _PUBLISHED[pair.a, pair.b]
    yield kappa
    yield Figure(
        "pandalm",
        f"{pair.a} and {pair.b}: kappa is {published:.2f} as published",
        float(round(kappa.value, 2) == published),
        pair.items,
        "1 for yes",
        "{:.0f}",
        1.0,
    )


def _figure(pair: Comparison, measure: str, form: str) -> Figure:
    found = pair.figure(measure)
    if found is None or found.value is None or found.interval is None:
        raise ValueError(f"{pair.a} and {pair.b}: {measure} is not defined")
    low, high = (form.format(bound) for bound in (found.interval.low, found.interval.high))
    note = f"95% interval {low} to {high}"
    return Figure(
        "pandalm", f"{pair.a} and {pair.b}: {measure}", found.value, pair.items, note, form
    )
