"""What a selection is worth, in words: beside chance and score alone, and by its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

__all__ = ["said_of_embeddings", "selection"]

_NAMES = {"chosen": "chosen", "random": "at random", "top_score": "by score alone"}


def selection(funnel: Sequence[Mapping[str, Any]]) -> Iterator[Table | Text]:
    """The tables and sentences of each selection of a run.

    Args:
        funnel: the manifest's.
    """
    for step in funnel:
        found = step["findings"]
        if "comparison" not in found:
            continue
        yield _comparison(found["comparison"])
        if found["curve"]:
            yield _curve(found["curve"], found["budget"], found["knee"])
        if found["note"]:
            yield Text(found["note"])
        if advice := found.get("advice"):
            yield Text("\n".join([f"Rules of thumb for {advice['tuning']}:", *_reasons(advice)]))


def said_of_embeddings(funnel: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """By what embeddings were made, and for how many texts there are none; a line each."""
    lines: dict[str, None] = {}
    for step in funnel:
        if one := step["findings"].get("embeddings"):
            simulated = " (simulated)" if one["simulated"] and one["model"] != "simulated" else ""
            lines[f"embeddings: {one['model']}{simulated}"] = None
            if one["missing"]:
                why = one["missing_because"][0]["reason"]
                of = f"{one['missing']:,} of {one['texts']:,} texts"
                lines[f"{step['filter']}: {of} have no embedding: {why}"] = None
    yield from lines


def _comparison(sets: Mapping[str, Mapping[str, Any]]) -> Table:
    """The sets side by side; strategies and labels where there are several."""
    kinds = [kind for kind in ("strategies", "labels") if sets["chosen"][f"{kind}_in_all"] > 1]
    table = Table(box=None, pad_edge=False)
    table.add_column("selection")
    for name in ("samples", "score", *kinds, "nearest", "Vendi", "stand for all", "tokens"):
        table.add_column(name, justify="right")
    for name, one in sets.items():
        table.add_row(
            _NAMES[name],
            f"{one['samples']:,}",
            _figure(one["mean_score"]),
            *(f"{one[kind]:,} of {one[f'{kind}_in_all']:,}" for kind in kinds),
            _figure(one["nearest_distance"]),
            _figure(one["vendi_score"], 1),
            _figure(one["stands_for_all"]),
            f"{one['tokens']:,}",
        )
    return table


def _curve(points: Sequence[Mapping[str, Any]], budget: int, knee: int | None) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("the first")
    for name in ("score", "Vendi", "stand for all", "a further 1,000 add"):
        table.add_column(name, justify="right")
    table.add_column("")
    before = None
    for one in points:
        more = ""
        if before is not None and one["samples"] > before["samples"]:
            rate = one["stands_for_all"] - before["stands_for_all"]
            more = f"{rate / (one['samples'] - before['samples']) * 1000:+.4f}"
        marks = [
            word
            for word, at in (("knee", knee), ("budget", budget))
            if at is not None and one["samples"] == at
        ]
        table.add_row(
            f"{one['samples']:,}",
            _figure(one["mean_score"]),
            _figure(one["vendi_score"], 1),
            _figure(one["stands_for_all"]),
            more,
            " and ".join(marks),
        )
        before = one
    return table


def _reasons(advice: Mapping[str, Any]) -> list[str]:
    training = advice["training"]
    hours = training["gpu_hours"]
    time = "" if hours is None else f", about {hours:,.1f} hours of one H100"
    tokens = f"{training['tokens']:,} tokens in {advice['epochs']} epochs{time} (estimated)"
    return [f"- {line}" for line in (*advice["reasons"], tokens)]


def _figure(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
