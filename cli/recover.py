"""`silversmith recover`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "recover"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
) -> None:
    """Save what can be read of a damaged journal. Nothing is asked, and nothing is deleted."""
    from ..store import RunFolder, recover

    saved = recover(RunFolder(folder))
    if saved is None:
        print(f"The journal of {folder} is sound; nothing was done.")
        return
    lost = f"at least {saved.lost_replies:,}" if saved.lost_replies else "none that can be told"
    print(
        f"Saved {saved.replies:,} replies and {saved.settled:,} settled samples; lost replies:"
        f" {lost}.\n"
        f"Where {folder / 'journal.db'}; the damaged one is kept as {saved.kept_as}\n"
        "Next  the same run command goes on, and asks again only for what is lost and still needed"
    )
