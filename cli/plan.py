"""`silversmith plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "plan"


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a ready-made one.")],
    out: options.Out = None,
    model: options.Model = None,
    limit: options.Limit = None,
    set_: options.Set = None,
    skip_bad_rows: options.SkipBadRows = False,
    json: options.Json = False,
) -> None:
    """Show what a run would make, ask for and cost. Nothing is asked."""
    import asyncio

    from ..pipeline import Recipe
    from ..pipeline.forecast import forecast
    from ..pipeline.recipe_file import find_recipe

    loaded = Recipe.from_yaml(
        find_recipe(recipe),
        changes=options.changes(limit=limit, set_=set_, skip_bad_rows=skip_bad_rows),
        models=model or [],
    )
    plan = asyncio.run(forecast(loaded, out or Path("runs") / loaded.name))
    if json:
        import json as json_

        print(json_.dumps(plan.as_dict(), indent=2))
        return
    from .planned import show

    show(plan)
