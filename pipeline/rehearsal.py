"""A rehearsal: the first seeds go through generators and judges with a simulated model, free
of charge, so that a mistake in a template is found before anything is asked, and a plan knows
how many calls a sample takes and how long the real prompts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ..errors import RecipeError, SeedError, TemplateError
from ..generators import Generator
from ..models import ModelSpec, Reply
from ..models.simulated import SimulatedConnection, SimulatedOptions
from ..records import Draw, Seed
from .asking import Asker, Question, Questions
from .planning import read_seeds
from .recipe import Recipe

__all__ = ["Rehearsal", "StageCount", "rehearse"]

SEEDS_LOOKED_AT = 200
SEEDS_REHEARSED = 5


@dataclass
class StageCount:
    """What one asker did in the rehearsal: samples it worked on, calls it made of which model,
    and the characters of its prompts and of the simulated replies."""

    model: str = ""
    samples: int = 0
    calls: int = 0
    prompt_chars: int = 0
    reply_chars: int = 0


@dataclass
class Rehearsal:
    """The outcome: a count for each asker, by its title."""

    stages: dict[str, StageCount] = field(default_factory=dict)


class _RehearsalDesk:
    """Answers every question by a simulated model without flaws."""

    def __init__(self, models: Mapping[str, ModelSpec], stages: dict[str, StageCount]) -> None:
        self.models = models
        self._stages = stages
        self._model = SimulatedConnection(SimulatedOptions(flawed=0, malformed=0))

    def attempts(self, questions: Questions, turn: int) -> int:
        return 1

    async def answer(self, questions: Questions, question: Question) -> Reply:
        reply = await self._model.send(question.request)
        count = self._stages[questions.asker.title]
        count.model = question.model
        count.calls += 1
        count.prompt_chars += sum(len(m["content"]) for m in question.request.messages)
        count.reply_chars += len(reply.text)
        return reply


async def rehearse(
    recipe: Recipe, generators: Sequence[Asker], judges: Sequence[Asker]
) -> Rehearsal:
    """Take the first seeds through all stages.

    Raises:
        SeedError: there is no seed, or none that any generator can use.
        TemplateError: a template lacks a value, does not parse, or is missing.
        RecipeError: something asks a model that the recipe does not have.
    """
    outcome = Rehearsal({asker.title: StageCount() for asker in (*generators, *judges)})
    desk = _RehearsalDesk(recipe.models, outcome.stages)
    for asker in (*generators, *judges):
        _ = asker.templates
    seeds = list(
        islice(read_seeds(recipe.model_copy(update={"skip_bad_rows": True})), SEEDS_LOOKED_AT)
    )
    usable = False
    for generator in generators:
        part = generator.part
        assert isinstance(part, Generator)
        accepted = [seed for seed in seeds if part.accepts(seed)]
        usable = usable or bool(accepted)
        for number, seed in enumerate(accepted[:SEEDS_REHEARSED]):
            await _one(desk, generator, judges, seed, number % part.draws, outcome)
    if not usable:
        raise SeedError(
            f"None of the first {len(seeds)} seeds can be used by"
            f" {', '.join(g.title for g in generators)}: check that the seeds are of the kind"
            " that the generator's documentation names"
        )
    return outcome


async def _one(
    desk: _RehearsalDesk,
    generator: Asker,
    judges: Sequence[Asker],
    seed: Seed,
    draw: int,
    outcome: Rehearsal,
) -> None:
    part = generator.part
    assert isinstance(part, Generator)
    stages = outcome.stages
    stages[generator.title].samples += 1
    try:
        sample = await part.draft(seed, Draw(draw), Questions(desk, generator, 0, draw, {}, {}))
        for asker in judges:
            assert not isinstance(asker.part, Generator)
            stages[asker.title].samples += 1
            await asker.part.judge(sample, Questions(desk, asker, 0, draw, {}, {}))
    except (TemplateError, RecipeError):
        raise
    except Exception:  # noqa: BLE001 - a simulated reply that a strategy cannot use proves nothing
        return
