"""`silversmith filter`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "filter"


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="JSONL, JSON, CSV, Parquet, a dataset's folder, a run's folder, or a hub id."
        ),
    ],
    filters: Annotated[str, typer.Option("--filters", help="A file with `filters:`.")],
    out: options.Out = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN for columns with other names (repeatable)."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="The split to read.")] = "",
    limit: options.Limit = None,
    set_: options.Set = None,
    skip_bad_rows: options.SkipBadRows = False,
    on: options.On = "",
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Filter a dataset that exists already: kept and dropped, each drop with its reason."""
    from ..pipeline.existing import filter_recipe
    from .running import filter_and_show

    where = options.cluster(on)
    recipe = filter_recipe(
        data, filters, mapping=options.mapping(map_), split=split,
        changes=options.changes(limit=limit, set_=set_, skip_bad_rows=skip_bad_rows),
    )  # fmt: skip
    filter_and_show(
        recipe if where is None else recipe.on_ray(where),
        out or Path("runs") / recipe.name,
        quiet=quiet,
        json=json,
    )
