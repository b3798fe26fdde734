"""Agreement in tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ..measures.findings import Agreement, Comparison, Confusion, Figure, Part

__all__ = ["show", "show_json"]

_WIDTH = 120
"""Where no terminal says how wide it is."""

_MOST_LABELS = 12
"""Confusion tables with more labels are in the JSON alone."""

_MUCH = 0.05
"""Share of the resamples that are left out which is worth a sentence."""

_NAMES = {
    "percent": "percent",
    "kappa": "kappa",
    "kappa_linear": "kappa, linear",
    "kappa_quadratic": "kappa, quadratic",
    "fleiss_kappa": "Fleiss' kappa",
    "alpha_nominal": "alpha, nominal",
    "alpha_ordinal": "alpha, ordinal",
    "alpha_interval": "alpha, interval",
    "spearman": "Spearman",
    "kendall": "Kendall tau-b",
}

_TABLES = (
    ("percent", "kappa", "alpha_nominal"),
    ("kappa_linear", "kappa_quadratic", "alpha_ordinal", "alpha_interval"),
    ("spearman", "kendall"),
)

_IN_PARTS = ("percent", "kappa", "spearman")


def show_json(found: Agreement, notes: Sequence[str]) -> None:
    """Print all figures, and confusion tables, as one JSON object."""
    whole = asdict(found)
    whole["notes"] = [*notes, *found.notes]
    print(json.dumps(whole, indent=2, ensure_ascii=False))


def show(found: Agreement, notes: Sequence[str]) -> None:
    """Print tables: people with each other first, then judges with people, then the parts."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    for table in (*_whole(found.whole), *_confusions(found.whole), *_parts(found)):
        console.print(table)
        console.print()
    whole = not console.is_terminal
    for line in (*_lines(found), *notes, *found.notes):
        console.print(Text(line), soft_wrap=whole)


def _whole(part: Part) -> Iterator[Table]:
    """The figures of all items, some measures a table."""
    for measures in _TABLES:
        used = [
            measure for measure in measures if any(one.figure(measure) for one in part.comparisons)
        ]
        if not used:
            continue
        table = _table(("", "items", *(_NAMES[name] for name in used)))
        for one in part.comparisons:
            table.add_row(_name(one), f"{one.items:,}", *(_cell(one, name) for name in used))
        people = {figure.measure: figure for figure in part.people}
        if any(name in people for name in used):
            cells = (_spelled(people.get(name)) for name in used)
            table.add_row("all people", f"{part.items:,}", *cells)
        yield table
    if fleiss := next((one for one in part.people if one.measure == "fleiss_kappa"), None):
        table = _table(("", _NAMES["fleiss_kappa"]))
        table.add_row("all people", _spelled(fleiss) if fleiss.value is not None else fleiss.reason)
        yield table


def _confusions(part: Part) -> Iterator[Table]:
    """Judges beside the majority, or the only person; without judges, people's pairs."""
    judged = [one for one in part.comparisons if one.kind == "judge-human"]
    last = {one.a: one for one in judged}
    for one in last.values() if judged else part.comparisons:
        if one.confusion is not None and len(one.confusion.labels) <= _MOST_LABELS:
            yield _confusion(one, one.confusion)


def _confusion(one: Comparison, confusion: Confusion) -> Table:
    table = _table((f"{one.a} ↓ {one.b} →", *confusion.labels))
    for label, counts in zip(confusion.labels, confusion.counts, strict=True):
        table.add_row(label, *(f"{count:,}" for count in counts))
    return table


def _parts(found: Agreement) -> Iterator[Table]:
    """The parts of each split, with a few measures."""
    for split in dict.fromkeys(part.split for part in found.parts[1:]):
        parts = [part for part in found.parts if part.split == split]
        pairs = [one for part in parts for one in part.comparisons]
        used = [name for name in _IN_PARTS if any(one.figure(name) for one in pairs)]
        table = _table((split, "", "items", *(_NAMES[name] for name in used)), left=2)
        for part in parts:
            for number, one in enumerate(part.comparisons):
                cells = (_cell(one, name) for name in used)
                table.add_row("" if number else part.name, _name(one), f"{one.items:,}", *cells)
        yield table


def _lines(found: Agreement) -> Iterator[str]:
    for gap in found.whole.gaps:
        yield (
            f"{gap.judge} agrees with people at a {_NAMES[gap.measure]} of {gap.judge_human:.2f} in"
            f" the mean, people with each other at {gap.human_human:.2f}; the difference is"
            f" {_spelled(gap.difference)}."
        )
    seen = dict.fromkeys(
        figure.reason
        for one in found.whole.comparisons
        for figure in one.figures
        if figure.reason and figure.reason not in found.notes
    )
    yield from (f"{reason[0].upper()}{reason[1:]}." for reason in seen)
    intervals = [f.interval for one in found.whole.comparisons for f in one.figures if f.interval]
    if intervals:
        times = min(one.resamples for one in intervals)
        yield (
            f"In brackets: {found.level:.0%} intervals from {times:,} bootstrap resamples of the"
            f" items (seed {found.seed})."
        )
        if (lost := max(one.undefined for one in intervals)) >= _MUCH:
            yield f"Some figure is not defined in {lost:.0%} of them, left out of its interval."


def _table(columns: Sequence[str], left: int = 1) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(columns):
        side = number < left
        table.add_column(Text(name), justify="left" if side else "right", no_wrap=side)
    return table


def _name(one: Comparison) -> Text:
    return Text(f"{one.a} – {one.b}")


def _cell(one: Comparison, measure: str) -> str:
    return _spelled(one.figure(measure))


def _spelled(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.value is None:
        return "–"
    times, form = (100, "{:.1f}") if figure.measure == "percent" else (1, "{:.2f}")
    value = form.format(times * figure.value)
    if figure.interval is None:
        return value
    low, high = figure.interval.low, figure.interval.high
    # No space within, so that a narrow terminal breaks the line before the bracket.
    return f"{value} [{form.format(times * low)},{form.format(times * high)}]"
