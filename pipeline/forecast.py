"""A forecast of a run: samples, calls, tokens and price, from real rendered prompts; no model
is asked.

Every figure is a range. Its low end is what the run takes if every first reply can be used and
replies are as long as those of the simulated model; its high end is what it takes if every question
uses up all its attempts and every reply is as long as `max_tokens` allows. Both allow for the
rehearsed samples being only some of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from ..models import ModelSpec, with_form
from ..models.tokens import TokenCounter, token_counter
from ..records import Usage
from .asking import SHOWN_OF_BAD_REPLY
from .footprint import Footprint, footprint
from .recipe import Recipe
from .rehearsal import Rehearsed, RehearsedCall, rehearse, rehearse_samples
from .samples import Askers
from .standing import FolderStanding, standing_of
from .survey import Survey, survey

__all__ = ["Forecast", "Range", "Stage", "forecast"]

COMPLAINT_TOKENS = 300
"""What a repeated question says about the reply before it, at most."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`; `high` is None where nothing limits it."""

    low: float = 0
    high: float | None = 0

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, _sum(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Stage:
    """What one generator or judge would still ask one model for.

    Attributes:
        asker, model: who asks, and the name of the model.
        samples: how many samples it has not asked about yet; at most, where the recipe has a
            target.
        calls: how many replies that takes.
        input_tokens, output_tokens: of these calls.
        cost: US dollars, or None where the model has no prices.
        counted: True where a tokenizer counted the tokens, False where they are estimated.
        reply_limit: tokens that a reply may have (`max_tokens`), or None.
        rehearsed: how many samples the figures come from; with 0 of them nothing is known.
    """

    asker: str
    model: str
    samples: int
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost: Range | None
    counted: bool
    reply_limit: int | None
    rehearsed: int


@dataclass(frozen=True)
class Forecast:
    """What a run would make and ask for.

    Attributes:
        seeds, unused_seeds: how many there are, and how many of them suit no generator.
        complete: False where the seeds were not read to their end, so that there is more of all.
        samples, settled: how many are planned in all, and need nothing any more.
        target: how many the recipe wants to keep, or None.
        stages: what is still to be asked for.
        footprint: disk and memory of all planned samples.
        folder: how the run's folder stands, or None where there is none yet.
    """

    seeds: int
    unused_seeds: int
    complete: bool
    samples: int
    settled: int
    target: int | None
    stages: tuple[Stage, ...]
    footprint: Footprint
    folder: FolderStanding | None

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
        """Models that are asked and have no prices."""
        return sorted({s.model for s in self.stages if s.cost is None})

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
        RecipeError, SeedError, TemplateError, RunFolderError: as `Recipe.run_async`.
    """
    counters = {name: token_counter(spec, recipe.folder) for name, spec in recipe.models.items()}
    askers = Askers.of(recipe)
    await rehearse(recipe, askers)
    folder, earlier = standing_of(recipe, askers, out)
    found = await survey(recipe, askers, earlier)
    rehearsed = {
        title: await rehearse_samples(recipe.models, askers, picked)
        for title, picked in found.picked.items()
    }
    stages = _Stages(recipe, askers, counters, found, rehearsed)
    return Forecast(
        seeds=found.seeds,
        unused_seeds=found.unused,
        complete=found.complete,
        samples=found.planned.total(),
        settled=found.settled.total(),
        target=recipe.target,
        stages=tuple(stages.all()),
        footprint=footprint(rehearsed, found.planned, recipe.filters),
        folder=None if folder is None else folder.to_finish(found.left),
    )


class _Figures(NamedTuple):
    """What one sample takes of one asker and model, from each end of the range."""

    calls: float = 0
    calls_high: float = 0
    sent: float = 0
    sent_high: float | None = 0
    received: float = 0
    received_high: float | None = 0

    def plus(self, other: _Figures) -> _Figures:
        return _Figures(*(_sum(a, b) for a, b in zip(self, other, strict=True)))
