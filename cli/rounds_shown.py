"""The history of rounds, shown in the terminal, as a page and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import RoundError
from ..rounds import history_of
from ..rounds.picture import history_svg
from ..rounds.round_file import find_rounds, made_since
from .page import page

if TYPE_CHECKING:
    from ..rounds import History
    from ..rounds.history import Change, Fared, GroupHistory

__all__ = ["show_history"]


def show_history(
    folders: Sequence[Path], *, svg: Path | None, html: Path | None, json: bool
) -> None:
    """Show the history of the rounds in folders."""
    rounds = find_rounds(folders)
    history = history_of(rounds, made_since(rounds[-1]))
    picture = history_svg(history)
    parts = list(_parts(history))
    if svg is not None:
        _write(svg, picture)
    if html is not None:
        _write(html, page("Rounds", parts, picture, history_svg(history, across=1)))
    if json:
        import orjson

        print(orjson.dumps(_values(history), option=orjson.OPT_INDENT_2).decode())
        return
    console = Console(highlight=False)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    for path in (svg, html):
        if path is not None:
            console.print(Text(f"Written to {path}"), soft_wrap=True)


def _parts(history: History) -> Iterator[Table | Text]:
    for group in (history.whole, *history.groups):
        name = f"{group.title} ({group.name})" if group.title else group.name
        yield Text(f"\n{name}", style="bold")
        yield _table(group)
        if group is not history.whole:
            yield from _told(group)


def _table(group: GroupHistory) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("round", justify="right", no_wrap=True)
    table.add_column("failed of", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("change", overflow="fold")
    for name in ("planned", "made", "kept", "used"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in group.fared:
        table.add_row(
            str(one.number),
            f"{one.failed:,} / {one.items:,}",
            "" if one.share is None else f"{one.share:.0%} ({one.low:.0%} to {one.high:.0%})",
            _changed(one.change),
            *(_count(number) for number in (one.planned, one.made, one.kept, one.used)),
        )
    return table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _changed(change: Change | None) -> str:
    if change is None:
        return ""
    if change.test == "none":
        return "no item to compare"
    verdict = "more than noise" if change.more_than_noise else "may be noise"
    p = f"p = {change.p:.3f}" if change.p >= 0.001 else "p < 0.001"
    if change.test == "fisher":
        return f"{verdict}, {p}; unpaired"
    return f"{verdict}, {p}; {change.better:,} better, {change.worse:,} worse of {change.paired:,}"


def _told(group: GroupHistory) -> Iterator[Text]:
    if group.closed:
        yield Text("Closed: fewer than two failures are left")
        return
    if not group.stuck:
        return
    tried = "; ".join(map(_tried, group.tried))
    since = group.since_start
    fell = "" if since is None else f" Since the first evaluation: {_changed(since)}."
    if since is None or not since.more_than_noise:
        fell += (
            " Look at its examples, and at what was kept for it, before more of the same is made."
        )
    yield Text(
        f"Still open after {len(group.tried)} rounds of samples for it. Tried: {tried}.{fell}",
        style="red",
    )


def _tried(one: Fared) -> str:
    strategies = " and ".join(one.strategies) or "no strategy"
    if one.made is None:
        return f"round {one.number}, {one.planned:,} planned with {strategies}"
    used = "" if one.used is None else f", {one.used:,} exported"
    kept = f"{one.kept or 0:,} kept of {one.made:,} made"
    return f"round {one.number}, {strategies}: {kept}{used}"


def _values(history: History) -> dict[str, object]:
    values = asdict(history)
    for group, row in zip(history.groups, values["groups"], strict=True):
        row["closed"], row["stuck"] = group.closed, group.stuck
    return values


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RoundError(f"{path} could not be written ({error.strerror or error})") from error
