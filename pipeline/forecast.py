"""A forecast of a run: samples, calls, tokens and price, from real rendered prompts; no model
is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..models.tokens import token_counter
from .footprint import Footprint, footprint
from .planning import idle_generators
from .progress import look_into
from .recipe import Recipe
from .rehearsal import Rehearsed, rehearse, rehearse_samples
from .remainder import Remainder
from .samples import Askers
from .stages import Range, Stage, stages
from .survey import survey
from .variety import Variety, varieties

__all__ = ["Forecast", "Range", "Stage", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """What a run would make and ask for.

    Attributes:
        seeds, unused_seeds: how many there are, and how many of them suit no generator.
        unused_listed: where these stand, of the first 1,000.
        idle: generators that no seed suits, each with what it needs.
        complete: False where the seeds were not read to their end, so that there is more of all.
        times: about how many times as much there is in all, or None where nobody knows.
        samples, settled: how many are planned in all, and need nothing any more.
        target: how many the recipe wants to keep, or None.
        stages: what is still to be asked for.
        footprint: disk and memory of all planned samples.
        folder: the run's folder, where there is a run in it already, or None.
        changed: generators and judges that have changed since that run, and would ask again.
        refused: why a run in the folder would be refused, or "".
        to_finish: what the rest would take at what it took so far, or None.
        aimed: how many samples are planned for each leaf of the taxonomies.
        varieties: for each generator with attributes, how many combinations they have.
        strategies: how many kinds of sample are planned.
        tokens_per_sample: how long a sample is on the mean, estimated at four characters a token.
    """

    seeds: int
    unused_seeds: int
    unused_listed: tuple[str, ...]
    idle: Mapping[str, str]
    complete: bool
    times: float | None
    samples: int
    settled: int
    target: int | None
    stages: tuple[Stage, ...]
    footprint: Footprint
    folder: str | None = None
    changed: tuple[str, ...] = ()
    refused: str = ""
    to_finish: Remainder | None = None
    aimed: Mapping[str, int] = field(default_factory=dict)
    varieties: tuple[Variety, ...] = ()
    strategies: int = 1
    tokens_per_sample: float = 0.0

    @property
    def calls(self) -> Range:
        return sum((stage.calls for stage in self.stages), Range())

    @property
    def input_tokens(self) -> Range:
        return sum((stage.input_tokens for stage in self.stages), Range())

    @property
    def output_tokens(self) -> Range:
        return sum((stage.output_tokens for stage in self.stages), Range())

    @property
    def cost(self) -> Range:
        """Of the models that have prices; `unpriced` names the others."""
        return sum((stage.cost for stage in self.stages if stage.cost is not None), Range())

    @property
    def unpriced(self) -> list[str]:
        """Models that would be asked and have no prices."""
        return sorted({stage.model for stage in self.stages if stage.cost is None})

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            **asdict(self),
            "calls": asdict(self.calls),
            "input_tokens": asdict(self.input_tokens),
            "output_tokens": asdict(self.output_tokens),
            "cost": None if self.unpriced else asdict(self.cost),
            "unpriced": self.unpriced,
        }


async def forecast(recipe: Recipe, out: Path | None = None) -> Forecast:
    """Read the seeds, and render the prompts of some of them, spread over all.

    Args:
        recipe: what would run.
        out: the folder where it would run; what is done there already is left out.

    Raises:
        RecipeError, SeedError, TemplateError: as `Recipe.run_async`.
        RunFolderError: the folder's journal is damaged, or of a newer version.
    """
    counters = {name: token_counter(spec, recipe.folder) for name, spec in recipe.models.items()}
    askers = Askers.of(recipe)
    first = await rehearse(recipe, askers)
    folder, earlier = look_into(out, recipe, askers)
    found = await survey(recipe, askers, earlier)
    rehearsed = {
        title: await rehearse_samples(recipe.models, askers, picked)
        for title, picked in found.picked.items()
    }
    return Forecast(
        seeds=found.seeds,
        unused_seeds=found.unused,
        unused_listed=found.unused_listed,
        idle=idle_generators(recipe, found.planned) if found.complete else {},
        complete=found.complete,
        times=1.0 if found.complete else found.times,
        samples=found.planned.total(),
        settled=found.settled.total(),
        target=recipe.target,
        stages=tuple(stages(recipe, askers, found, rehearsed, counters)),
        footprint=footprint(rehearsed, found.planned, recipe.filters),
        folder=folder.path if folder is not None else None,
        changed=folder.changed if folder is not None else (),
        refused=folder.other if folder is not None else "",
        to_finish=folder.to_finish(recipe, askers, found, first) if folder is not None else None,
        aimed=found.aimed,
        varieties=varieties(recipe.generators),
        strategies=len({one.sample.strategy for some in rehearsed.values() for one in some}),
        tokens_per_sample=_tokens_per_sample(rehearsed, found.planned),
    )


def _tokens_per_sample(
    rehearsed: Mapping[str, Sequence[Rehearsed]], planned: Mapping[str, int]
) -> float:
    characters = samples = 0.0
    for title, some in rehearsed.items():
        lengths = [len(one.sample.prompt) + len(one.sample.response) for one in some]
        characters += planned[title] * sum(lengths) / len(lengths)
        samples += planned[title]
    return characters / samples / 4 if samples else 0.0
