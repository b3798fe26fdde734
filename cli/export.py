"""`silversmith export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "export"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="trl-sft, trl-dpo, jsonl, or one of your own.")
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where to write.", show_default="DIR/exports/FORMAT"),
    ] = None,
    allow_simulated: Annotated[
        bool, typer.Option("--allow-simulated", help="Export samples of a simulated model too.")
    ] = False,
) -> None:
    """Write the kept samples in a training format."""
    from ..exports import Export, export
    from ..pipeline.components import component

    chosen = component("exports", (Export,), format_, "--format")
    print(export(folder, chosen, to, allow_simulated))
