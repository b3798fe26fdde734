"""A forecast of a run: samples, calls, tokens and price, from real rendered prompts; no model
is asked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..prompts import Prompts
from ..records import Usage
from .asking import Asker
from .planning import read_seeds
from .recipe import Recipe
from .rehearsal import StageCount, rehearse

__all__ = ["CHARACTERS_PER_TOKEN", "Forecast", "Stage", "forecast"]

CHARACTERS_PER_TOKEN = 4.0
"""A rule of thumb for English text in current tokenizers; what is computed by it is labelled
as estimated."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one generator or judge would ask for.

    Attributes:
        asker, model: who asks, and the name of the model.
        samples: how many samples it works on, if none fails before.
        calls: how many replies that takes, if every first reply validates.
        input_tokens: of these calls, estimated from rendered prompts.
        output_tokens: of these calls, estimated from simulated replies.
        cost: US dollars, or None where the model has no prices.
    """

    asker: str
    model: str
    samples: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would make and ask for."""

    seeds: int
    unused_seeds: int
    samples: int
    stages: tuple[Stage, ...]

    @property
    def calls(self) -> int:
        return sum(stage.calls for stage in self.stages)

    @property
    def cost(self) -> float | None:
        """Of all stages, or None where one is unknown."""
        costs = [stage.cost for stage in self.stages if stage.calls]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "calls": self.calls, "cost": self.cost, "tokens": "estimated"}


async def forecast(recipe: Recipe) -> Forecast:
    """Read all seeds, and render prompts for the first ones.

    Raises:
        RecipeError, SeedError, TemplateError: as `Recipe.run_async`.
    """
    prompts = Prompts(recipe.folder / "prompts")
    generators = [Asker.of(part, recipe, prompts) for part in recipe.generators]
    judges = [Asker.of(part, recipe, prompts) for part in recipe.judges]
    rehearsal = await rehearse(recipe, generators, judges)
    planned = dict.fromkeys((g.title for g in recipe.generators), 0)
    seeds = unused = total = 0
    for seed in read_seeds(recipe):
        if recipe.limit is not None and total >= recipe.limit:
            break
        seeds += 1
        usable = [g for g in recipe.generators if g.accepts(seed)]
        unused += not usable
        for generator in usable:
            left = generator.draws if recipe.limit is None else recipe.limit - total
            draws = min(generator.draws, left)
            planned[generator.title] += draws
            total += draws
    counts = rehearsal.stages
    stages = [_stage(a, planned[a.title], counts[a.title], recipe) for a in generators]
    stages += [_stage(a, total, counts[a.title], recipe) for a in judges]
    return Forecast(seeds, unused, total, tuple(stages))


def _stage(asker: Asker, samples: int, count: StageCount, recipe: Recipe) -> Stage:
    times = samples / count.samples if count.samples else 0.0
    calls = round(count.calls * times)
    sent = round(count.prompt_chars * times / CHARACTERS_PER_TOKEN)
    received = round(count.reply_chars * times / CHARACTERS_PER_TOKEN)
    model = count.model or asker.model
    spec = recipe.models.get(model)
    usage = Usage(calls, sent, received)
    cost = spec.cost(usage) if spec is not None and calls else 0.0 if not calls else None
    return Stage(asker.title, model, samples, calls, sent, received, cost)
