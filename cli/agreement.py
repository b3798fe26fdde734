"""`silversmith agreement`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "agreement"


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="JSONL, JSON, CSV, Parquet, a dataset's folder, a run's folder, or a hub id."
        ),
    ],
    human: Annotated[
        list[str],
        typer.Option("--human", help="COLUMN,COLUMN with people's labels, one a person."),
    ],
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="A column, or a judge's name: NAME or NAME.CRITERION.",
            show_default="all judges in the data",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="A file with the people's labels.", show_default="DATA"),
    ] = None,
    on: Annotated[
        str, typer.Option("--on", help="The column that a row of --labels is found by.")
    ] = "id",
    by: Annotated[
        list[str] | None,
        typer.Option("--split", help="Also in parts: strategy, length (thirds), or a column."),
    ] = None,
    length_of: Annotated[
        list[str] | None,
        typer.Option(
            "--length-of", help="COLUMN,COLUMN whose length counts.", show_default="the answer"
        ),
    ] = None,
    same: Annotated[
        list[str] | None,
        typer.Option("--same", help="LABEL=LABEL where the first means the second (repeatable)."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option("--missing", help="A label that is none (repeatable).")
    ] = None,
    order: Annotated[
        str, typer.Option("--order", help="LABEL,LABEL,... from the lowest to the highest.")
    ] = "",
    nominal: Annotated[
        bool, typer.Option("--nominal", help="Labels are names, even where they are numbers.")
    ] = False,
    resamples: Annotated[
        int, typer.Option("--resamples", min=100, help="Bootstrap resamples of the items.")
    ] = 2_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the resamples.")] = 0,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN for columns with other names (repeatable)."),
    ] = None,
    dataset_split: Annotated[
        str, typer.Option("--dataset-split", help="The split of a dataset to read.")
    ] = "",
    skip_bad_rows: options.SkipBadRows = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """How well judges agree with people, beside how well people agree with each other."""
    from ..pipeline.agreement import agreement_in
    from ..pipeline.labels import Asked
    from .agreed import show, show_json

    asked = Asked(
        data=data,
        humans=options.names(human, "--human"),
        judges=options.names(judge, "--judge"),
        labels=str(labels) if labels else "",
        on=on,
        splits=options.names(by, "--split"),
        length_of=options.names(length_of, "--length-of"),
        same=options.same(same),
        missing=missing or (),
        order=options.names([order] if order else [], "--order"),
        nominal=nominal,
        mapping=options.mapping(map_),
        split=dataset_split,
        skip_bad_rows=skip_bad_rows,
    )
    found, notes = agreement_in(asked, resamples=resamples, seed=seed)
    (show_json if json else show)(found, notes)
