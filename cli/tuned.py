"""What `plan --tune` says: how much data a way of fine-tuning wants, and what that takes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, cast, get_args

import typer

if TYPE_CHECKING:
    from ..measures.tuning import Tuning
    from ..pipeline.forecast import Forecast

__all__ = ["check_tune", "show_advice"]

_TOKENS_PER_SAMPLE = 300.0
"""Where there is no recipe to tell: the answers and prompts of Alpaca-like data."""


def check_tune(word: str | None, option: str = "--tune") -> Tuning | None:
    """The way of fine-tuning that a word names.

    Args:
        word: it, or None.
        option: that it was given with, for messages.

    Raises:
        typer.BadParameter: it names none.
    """
    if word is None:
        return None
    from ..measures.tuning import Tuning

    known = get_args(Tuning)
    if word not in known:
        raise typer.BadParameter(f"{word!r} is none of {', '.join(known)}", param_hint=option)
    return cast("Tuning", word)


def show_advice(
    tuning: Tuning, model_size: str, gpu_hour: float | None, plan: Forecast | None, *, json: bool
) -> None:
    """Print the advice.

    Raises:
        RecipeError: the size of the model is none.
    """
    from ..measures.tuning import advise, parameters_of, workload

    strategies = 1 if plan is None else max(1, plan.strategies)
    advice = advise(tuning, parameters_of(model_size) if model_size else None, strategies)
    per_sample = _TOKENS_PER_SAMPLE if plan is None else plan.tokens_per_sample
    load = workload(advice, per_sample, advice.budget, gpu_hour)
    figures: dict[str, Any] = {
        **advice.as_dict(),
        "tokens_per_sample": round(per_sample),
        "training": {
            "tokens": round(load.tokens),
            "gpu_hours": load.gpu_hours,
            "cost": load.cost,
        },
        "generation": None if plan is None else _generation(plan, advice.budget),
    }
    if json:
        import json as json_

        print(json_.dumps(figures, indent=2))
        return
    print("\n".join(_lines(figures, with_recipe=plan is not None)))


def _generation(plan: Forecast, budget: int) -> dict[str, Any]:
    """What making so many samples costs, at the plan's cost of one; before any is dropped."""
    share = budget / plan.samples if plan.samples else 0.0
    known = not plan.unpriced and not plan.settled
    high = None if plan.cost.high is None else plan.cost.high * share
    return {
        "planned": plan.samples,
        "enough_planned": plan.samples >= budget,
        "cost": [plan.cost.low * share, high] if known else None,
    }


def _lines(figures: dict[str, Any], *, with_recipe: bool) -> list[str]:
    size = figures["parameters"]
    model = "a model of unknown size (--model-size 8B)" if size is None else f"{size / 1e9:g}B"
    load, generation = figures["training"], figures["generation"]
    hours = load["gpu_hours"]
    cost = "unknown; say --gpu-hour PRICE" if load["cost"] is None else f"${load['cost']:,.2f}"
    of = "of the recipe" if with_recipe else "assumed; name a recipe for its own"
    lines = [
        f"For {figures['tuning']} of {model}: rules of thumb, not measured on your data",
        "",
        f"  samples         {figures['budget']:,} (`select: {{for: {figures['tuning']}}}`)",
        f"  general data    {figures['general_share']:.0%} of them",
        f"  epochs          {figures['epochs']}",
        f"  least distance  {figures['distance']} (one less the cosine)",
        f"  training        {load['tokens']:,} tokens ({figures['tokens_per_sample']:,} a sample,"
        f" {of})",
    ]
    if hours is not None:
        time = f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:,.0f} minutes"
        lines.append(f"                  about {time} of one H100, 40% used; cost {cost}")
    if generation is not None:
        what = "unknown (no prices, or begun already)"
        if generation["cost"] is not None:
            low, high = generation["cost"]
            what = f"${low:,.2f} " + ("or more" if high is None else f"to ${high:,.2f}")
        lines.append(f"  generation      {what} for so many samples before any is dropped")
        if not generation["enough_planned"]:
            planned = generation["planned"]
            lines.append(f"                  the recipe plans only {planned:,}: raise `draws`")
    lines += ["", "Why", ""]
    for reason in figures["reasons"]:
        lines += textwrap.wrap(reason, 96, initial_indent="  - ", subsequent_indent="    ")
    return lines
