"""The next round, made and shown in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..rounds import next_round

if TYPE_CHECKING:
    from ..rounds import NextRound, Wanted

__all__ = ["make_and_show"]

_SHOWN = 2
_LONGEST = 160


def make_and_show(
    run: Path, failures: Sequence[str], out: Path | None, wanted: Wanted, *, json: bool
) -> None:
    """Make the round, and say what it is."""
    made = next_round(run, failures, out, wanted)
    if json:
        print((made.folder / "round.json").read_text(encoding="utf-8"), end="")
        return
    console = Console(highlight=False)
    for line in _heads(made):
        console.print(escape(line), soft_wrap=True)
    if not made.groups:
        return
    console.print(_table(made))
    for one in made.groups:
        name = f"{one.title} ({one.name})" if one.title else one.name
        console.print(f"\n[bold]{escape(name)}[/bold]", soft_wrap=True)
        if one.description:
            console.print(escape(one.description), soft_wrap=True)
        for item in one.examples[:_SHOWN]:
            console.print(escape(f"  {_short(item.prompt)}"), soft_wrap=True)
            console.print(escape(f"    {_short(item.output) or '(no answer)'}"), soft_wrap=True)
    for line in _ends(made):
        console.print(escape(line), soft_wrap=True)


def _heads(made: NextRound) -> list[str]:
    found = made.evaluation
    lines = [
        f"{one['file']}: {one['kind']}, {one['items']:,} answers, {one['failed']:,} failed"
        for one in found.logs
    ]
    lines += [
        f"  {count:,} could not be used: {reason}" for reason, count in found.unusable.items()
    ]
    if made.bad_rows:
        first = made.bad_rows[0]
        lines.append(
            f"  {_count(len(made.bad_rows), 'line')} that cannot be read; the first: {first.where}:"
            f" {first.reason}"
        )
    if found.repeated:
        lines.append(
            f"{_count(found.repeated, 'answer')} more to an item that was there already: an item"
            " has failed where half of its answers or more did"
        )
    if found.redacted:
        what = ", ".join(f"{label} in {count:,}" for label, count in found.redacted.items())
        lines.append(f"Personal data and secrets are redacted: {what}")
    if made.naming is not None:
        lines.append(
            f"A model was asked {made.naming.calls:,} times for names"
            f" ({made.naming.tokens:,} tokens)"
        )
        lines += [
            f"  {name} keeps that name alone: {why}" for name, why in made.naming.unnamed.items()
        ]
    if not made.groups:
        lines.append(
            f"None of {len(found.items):,} items failed: there is nothing to make a recipe from."
            f" The evaluation is in {made.folder}, where `silversmith rounds` finds it"
        )
    return lines


def _table(made: NextRound) -> Table:
    planned = {one.group.name: one for one in made.planned}
    before = {one["name"]: one for one in made.before.groups} if made.before is not None else {}
    table = Table(box=None, pad_edge=False)
    table.add_column("group of failures", overflow="fold")
    table.add_column("failed of", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    if made.before is not None:
        table.add_column("before", justify="right", no_wrap=True)
    table.add_column("told by", overflow="fold")
    table.add_column("samples", justify="right", no_wrap=True)
    for one in made.groups:
        cells = [
            escape(one.title or one.name),
            f"{one.failed:,} / {one.items:,}",
            f"{one.share:.0%} ({one.low:.0%} to {one.high:.0%})",
        ]
        if made.before is not None:
            old = before.get(one.name)
            cells.append("none" if old is None else f"{old['failed'] / old['items']:.0%}")
        cells.append(escape(next(iter(one.by))))
        cells.append(f"{planned[one.name].samples:,}" if one.name in planned else "none")
        table.add_row(*cells)
    return table


def _ends(made: NextRound) -> list[str]:
    left = [one for one in made.groups if one.name not in {p.group.name for p in made.planned}]
    lines = [""]
    if left:
        lines.append(
            f"{_count(len(left), 'group')} with too few failures, which may be there by chance: no"
            " samples (--least-failures takes them too)"
        )
    total = sum(one.samples for one in made.planned)
    lines.append(
        f"Round {made.number} is in {made.folder}: {_count(total, 'sample')} planned for"
        f" {_count(len(made.planned), 'group')}"
    )
    lines.append(f"Next: silversmith run {made.folder / 'recipe.yaml'}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
