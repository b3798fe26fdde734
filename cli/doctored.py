"""What the doctor found, in front of a person."""

from __future__ import annotations

import asyncio
import json as json_
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..models.local_servers import USUAL_PORTS
from ..pipeline import Recipe
from ..pipeline.checkup import Finding, check_up
from ..pipeline.recipe_file import find_recipe

__all__ = ["check_and_show"]

MARKS = {"ok": ("ok", "green"), "note": ("–", "yellow"), "wrong": ("wrong", "bold red")}


def check_and_show(
    recipe: str | None, models: Sequence[str], ports: Sequence[int], *, json: bool
) -> None:
    """Look at everything, show it as it comes, and end with status 1 where something is wrong.

    Raises:
        SilversmithError: the recipe cannot be read.
    """
    loaded = Recipe.from_yaml(find_recipe(recipe), models=models) if recipe is not None else None
    shown = _Shown(quiet=json)

    async def look() -> None:
        every = dict.fromkeys([*USUAL_PORTS, *ports])
        async for finding in check_up(loaded, ports=list(every)):
            shown.add(finding)

    asyncio.run(look())
    wrong = [one for one in shown.findings if one.verdict == "wrong"]
    if json:
        print(json_.dumps([asdict(one) for one in shown.findings], indent=2, ensure_ascii=False))
    else:
        shown.end(wrong)
    if wrong:
        raise SystemExit(1)


class _Shown:
    """Findings on the terminal, under a heading for what they are about."""

    def __init__(self, *, quiet: bool) -> None:
        self.findings: list[Finding] = []
        self._console = Console(highlight=False)
        self._quiet = quiet

    def add(self, finding: Finding) -> None:
        about = self.findings[-1].about if self.findings else ""
        self.findings.append(finding)
        if self._quiet:
            return
        if finding.about != about:
            self._console.print(Text(f"\n{finding.about}", style="bold"))
        self._console.print(_row(finding))

    def end(self, wrong: Sequence[Finding]) -> None:
        self._console.print()
        if wrong:
            things = "1 thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
            names = ", ".join(one.name for one in wrong)
            self._console.print(Text(f"{things} wrong: {names}", style="bold red"))
        else:
            self._console.print(Text("nothing is wrong"))


def _row(finding: Finding) -> Table:
    mark, style = MARKS[finding.verdict]
    row = Table.grid(padding=(0, 1), expand=False)
    row.add_column(width=5)
    row.add_column(width=21, overflow="fold")
    row.add_column(overflow="fold")
    row.add_row(Text(mark, style=style), Text(finding.name), Text(finding.said))
    return row
