"""`silversmith forget`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..pipeline.forgetting import Taken

NAME = "forget"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
    seed: Annotated[
        str, typer.Option("--seed", help="All samples of a seed, by its id or its file#line.")
    ] = "",
    reviewer: Annotated[
        str, typer.Option("--reviewer", help="All that a person entered, and their name.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            help="Samples with FIELD=VALUE, or FIELD~WORDS that it holds (repeatable; all must"
            " hold); the field `text` is everything.",
        ),
    ] = None,
    unsettled: Annotated[
        bool,
        typer.Option(
            "--unsettled", help="Take out the replies of samples that are not finished, too."
        ),
    ] = False,
    database: Annotated[
        str, typer.Option(help="The review's database.", show_default="DIR/review.db")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, what would go is only shown.")
    ] = False,
) -> None:
    """Take a seed's, a person's or other content out of a run's folder, for good."""
    from ..pipeline.forgetting import forget, selection

    what = selection(seed=seed, reviewer=reviewer, where=tuple(where or ()))

    def show(taken: Taken) -> bool:
        if taken.nothing and not (unsettled and taken.unsettled):
            print(f"{folder} holds nothing of {what.says}")
            return False
        print("\n".join([f"To be forgotten: {what.says}", *_lines(taken)]))
        if not yes:
            print("Nothing was changed; add --yes to do it, which cannot be taken back")
        return yes

    if forget(folder, what, database=database, with_unsettled=unsettled, show=show) is not None:
        print("Done. Exports written elsewhere, copies, and the files of seeds are yours to mind")


def _lines(taken: Taken) -> list[str]:
    lines = (
        []
        if not taken.ids
        else [
            f"  {len(taken.ids):,} samples ({taken.kept:,} kept, {taken.dropped:,} dropped,"
            f" {taken.failed:,} failed, {taken.elsewhere:,} of earlier plans), with all replies;"
            " each leaves a tombstone"
        ]
    )
    if taken.unsettled:
        lines.append(f"  the replies of {taken.unsettled:,} samples that are not finished")
    reviews = taken.reviews
    if reviews.verdicts or reviews.reviewers or reviews.other:
        lines.append(
            f"  {reviews.verdicts:,} entries of the log of verdicts, {reviews.reviewers:,} people,"
            f" {reviews.other:,} items, leases and sessions"
        )
    lines += [f"  {path} (a command makes it again)" for path in taken.removed]
    return lines
