"""`silversmith rounds`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "rounds"


def command(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...",
            help="Folders of rounds, or with rounds below them.",
            show_default="runs/rounds",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the history into this file too.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a page with tables and picture into this file too."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the history as JSON.")] = False,
) -> None:
    """How each group of failures fared, round by round, and whether that is more than noise."""
    from .rounds_shown import show_history

    show_history(folders or [Path("runs") / "rounds"], svg=svg, html=html, json=json)
