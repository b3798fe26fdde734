"""`silversmith plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "plan"


def command(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe file, or the name of a ready-made one.")
    ] = None,
    out: options.Out = None,
    model: options.Model = None,
    limit: options.Limit = None,
    set_: options.Set = None,
    skip_bad_rows: options.SkipBadRows = False,
    tune: Annotated[
        str | None,
        typer.Option("--tune", help="lora, qlora or full: how much data such a training wants."),
    ] = None,
    model_size: Annotated[
        str, typer.Option("--model-size", help="With --tune: of the model to train, such as 8B.")
    ] = "",
    gpu_hour: Annotated[
        float | None,
        typer.Option("--gpu-hour", min=0, help="With --tune: US dollars for an hour of one H100."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show what a run would make, ask for and cost. Nothing is asked."""
    import asyncio

    from .tuned import check_tune, show_advice

    if tune is None and (model_size or gpu_hour is not None):
        raise typer.BadParameter("goes with --tune lora, qlora or full", param_hint="--model-size")
    wanted = check_tune(tune)
    if recipe is None:
        if wanted is None:
            raise typer.BadParameter("name a recipe, or say --tune", param_hint="RECIPE")
        show_advice(wanted, model_size, gpu_hour, None, json=json)
        return

    from ..pipeline import Recipe
    from ..pipeline.forecast import forecast
    from ..pipeline.recipe_file import find_recipe

    loaded = Recipe.from_yaml(
        find_recipe(recipe),
        changes=options.changes(limit=limit, set_=set_, skip_bad_rows=skip_bad_rows),
        models=model or [],
    )
    plan = asyncio.run(forecast(loaded, out or Path("runs") / loaded.name))
    if wanted is not None:
        show_advice(wanted, model_size, gpu_hour, plan, json=json)
        return
    if json:
        import json as json_

        print(json_.dumps(plan.as_dict(), indent=2))
        return
    from .planned import show

    show(plan)
