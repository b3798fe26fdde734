"""`silversmith run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "run"


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a ready-made one.")],
    out: options.Out = None,
    model: options.Model = None,
    limit: options.Limit = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    max_calls: options.MaxCalls = None,
    set_: options.Set = None,
    again: options.Again = False,
    reuse: options.Reuse = None,
    retry_failed: options.RetryFailed = False,
    skip_bad_rows: options.SkipBadRows = False,
    processes: options.Processes = 1,
    on: options.On = "",
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Draft, judge and filter. The same command again goes on where it stopped."""
    from ..pipeline import Recipe
    from ..pipeline.recipe_file import find_recipe
    from .running import run_and_show

    where = options.cluster(on)
    loaded = Recipe.from_yaml(
        find_recipe(recipe),
        changes=options.changes(
            limit=limit, max_cost=max_cost, max_tokens=max_tokens, max_calls=max_calls,
            set_=set_, skip_bad_rows=skip_bad_rows,
        ),
        models=model or [],
    )  # fmt: skip
    run_and_show(
        loaded if where is None else loaded.on_ray(where),
        out or Path("runs") / loaded.name,
        again=again,
        reuse=reuse or [],
        retry_failed=retry_failed,
        processes=processes,
        quiet=quiet,
        json=json,
    )
