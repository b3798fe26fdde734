"""What judges said, in a few lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

__all__ = ["judge_tables", "warnings"]

FEW = 30
"""Pairs from which on one place that always wins is no chance."""

POINTS_SHOWN = 6
CRITERIA_SHOWN = 12


def judge_tables(manifest: Mapping[str, Any]) -> Iterator[Table]:
    """How each judge used its scale, who won, and how reliable a panel's members are."""
    if scales := manifest["judges"]:
        yield _scales(scales)
    if comparisons := manifest["comparisons"]:
        yield _comparisons(comparisons)
    members = [one for panel in manifest["panels"] for one in panel["members"]]
    if members:
        yield _members(members)


def warnings(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What a user must not overlook."""
    same: dict[str, list[str]] = {}
    for one in manifest["judges"]:
        if one["always_the_same"]:
            points = next(iter(one["points"]))
            what = points if len(one["points"]) == 1 else f"a score of {one['mean']:.2f}"
            words = f"{one['criterion']} (always {what}, {one['samples']:,} samples)"
            same.setdefault(one["judge"], []).append(words)
    for judge, criteria in same.items():
        yield (
            f"THE JUDGE {judge} ALWAYS ANSWERS THE SAME under {', '.join(criteria)}: it tells no"
            " sample from another, and its score says nothing. Look at its prompt, its scale and"
            " its model, and whether the samples differ at all"
        )
    for one in manifest["comparisons"]:
        if one["pairs"] >= FEW and one["reversed"]["value"] == 1.0:
            place = {1.0: "FIRST", 0.0: "SECOND"}.get(one["first_wins"]["value"], "THERE")
            yield (
                f"THE JUDGE {one['judge']} PREFERS WHAT STANDS {place}: the order reverses its"
                f" verdict on each of {one['pairs']:,} pairs, so that all are ties and it says"
                " nothing. Take another model"
            )
    simulated = sorted({one["judge"] for one in manifest["judges"] if one["simulated"]})
    if simulated:
        yield f"The scores of {', '.join(simulated)} are a simulated model's: only to look at"
    for one in manifest["judges"]:
        if one["as_given"]:
            yield (
                f"The judge {one['judge']} was to expect scores by log-probabilities; for"
                f" {one['as_given']:,} of {one['samples']:,} samples there were none to use under"
                f" {one['criterion']}, and the score is as given (each judgement's `note` says why)"
            )
    for panel in manifest["panels"]:
        for criterion, why in panel["unknown"].items():
            yield f"How reliable the members of {panel['panel']} are under {criterion}: {why}"


def _scales(scales: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("judge")
    whole = len(scales) <= CRITERIA_SHOWN
    table.add_column("criterion" if whole else f"criterion (of {len(scales)})")
    if not whole:  # those that tell least apart; the manifest has all
        scales = sorted(scales, key=lambda one: one["deviation"])[:CRITERIA_SHOWN]
    for name in ("samples", "mean", "s.d."):
        table.add_column(name, justify="right")
    table.add_column("points")
    for one in scales:
        table.add_row(
            one["judge"],
            one["criterion"],
            f"{one['samples']:,}",
            f"{one['mean']:.2f}",
            f"{one['deviation']:.2f}",
            _shares(one["points"], one["samples"]),
        )
    return table


def _shares(points: Mapping[str, int], samples: int) -> str:
    """The share of each number of points; of many, the range alone."""
    if len(points) > POINTS_SHOWN:
        first, *_, last = points
        return f"{first} to {last}, {len(points)} different"
    return ", ".join(f"{point}: {n / samples:.0%}" for point, n in points.items())


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> Table:
    """A line a figure, with its interval: so it fits a narrow window."""
    table = Table(box=None, pad_edge=False)
    table.add_column("chosen against rejected")
    table.add_column("share", justify="right")
    table.add_column("95% interval", justify="right")
    for one in comparisons:
        table.add_row(f"{one['judge']}, {one['pairs']:,} pairs", "", "")
        for name, words in _FIGURES.items():
            if (figure := one[name]) is not None:
                interval = f"{figure['low']:.2f} to {figure['high']:.2f}"
                table.add_row(f"  {words}", f"{figure['value']:.2f}", interval)
            elif name == "length_controlled_win_rate":
                table.add_row(f"  {words}", "–", "one is always longer")
    return table


_FIGURES = {
    "win_rate": "win rate",
    "length_controlled_win_rate": "win rate, length-controlled",
    "reversed": "reversed by the order",
    "first_wins": "won by the one shown first",
    "longer_wins": "won by the longer one",
}


def _members(members: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("member")
    table.add_column("criterion")
    for name in ("samples", "accuracy", "informedness"):
        table.add_column(name, justify="right")
    for one in members:
        table.add_row(
            one["member"],
            one["criterion"],
            f"{one['given']:,}",
            f"{one['accuracy']:.2f}",
            f"{one['informedness']:.2f}",
        )
    return table
