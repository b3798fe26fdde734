"""A rehearsal: some samples go through generators and judges with a simulated model, free of
charge, so that a mistake in a template is found before anything is asked, and a plan knows how
many calls a sample takes and how long the real prompts are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ..errors import RecipeError, SeedError, TemplateError
from ..models import ModelSpec, Reply, Request
from ..models.simulated import SimulatedConnection, SimulatedOptions
from ..records import Draft, Sample, Seed
from .asking import Asker, Question, Questions
from .planning import Planned, generator_key, needs_of, read_seeds, sample_id
from .recipe import Recipe
from .samples import Askers, draft_and_judge

__all__ = ["Rehearsed", "RehearsedCall", "rehearse", "rehearse_samples"]

SEEDS_LOOKED_AT = 200
SEEDS_REHEARSED = 5


@dataclass(frozen=True, slots=True)
class RehearsedCall:
    """One question and the simulated reply to it.

    Attributes:
        asker: the title of the generator or judge that asked.
        model: the name of the model in the recipe.
        request: what would be sent.
        reply: the simulated reply.
    """

    asker: str
    model: str
    request: Request
    reply: Reply


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What became of one sample: its calls, in their order, and itself; where it failed (a
    strategy may find a simulated reply unusable, which proves nothing), the calls up to then."""

    generator: str
    calls: tuple[RehearsedCall, ...]
    sample: Sample


async def rehearse(recipe: Recipe, askers: Askers) -> list[Rehearsed]:
    """Take the first seeds through all stages.

    Raises:
        SeedError: there is no seed, or none that any generator can use.
        TemplateError: a template lacks a value, does not parse, or is missing.
        RecipeError: something asks a model that the recipe does not have.
    """
    for asker in askers.all():
        _ = asker.templates
    quiet = recipe.model_copy(update={"skip_bad_rows": True})
    seeds = list(islice(read_seeds(quiet), SEEDS_LOOKED_AT))
    chosen: list[Planned] = []
    for generator in recipe.generators:
        key = generator_key(generator)
        accepted = [seed for seed in seeds if generator.takes(seed)][:SEEDS_REHEARSED]
        for number, seed in enumerate(accepted):
            draw = number % generator.draws
            id_ = sample_id(key, seed, draw)
            chosen.append(Planned(0, id_, seed, generator, key, draw))
    if not chosen:
        raise SeedError(_nothing_to_use(recipe, seeds))
    return await rehearse_samples(recipe.models, askers, chosen)


def _nothing_to_use(recipe: Recipe, seeds: Sequence[Seed]) -> str:
    """Why none of the first seeds can be used."""
    first = f"the first {len(seeds)} seeds" if len(seeds) > 1 else "the seeds"
    places = ", ".join(seed.source for seed in seeds[:3]) + (" …" if len(seeds) > 3 else "")
    wanted = "; ".join(f"{one.title} needs {needs_of(one)}" for one in recipe.generators)
    return f"None of {first} ({places}) can be used: {wanted}"


async def rehearse_samples(
    models: Mapping[str, ModelSpec], askers: Askers, samples: Iterable[Planned]
) -> list[Rehearsed]:
    """Take these samples through all stages.

    Raises:
        TemplateError, RecipeError: as `rehearse`.
    """
    found = []
    for planned in samples:
        desk = _RehearsalDesk(models)
        sample = await draft_and_judge(planned, askers, desk.questions(planned), lambda: None)
        if desk.mistake is not None:
            raise desk.mistake
        found.append(Rehearsed(planned.generator.title, tuple(desk.calls), sample))
    return found


class _RehearsalDesk:
    """Answers the questions for one sample by a simulated model without flaws."""

    def __init__(self, models: Mapping[str, ModelSpec]) -> None:
        self.models = models
        self.calls: list[RehearsedCall] = []
        self.mistake: TemplateError | RecipeError | None = None

    def questions(self, planned: Planned) -> Callable[[Asker], Questions]:
        def ask_for(asker: Asker) -> Questions:
            return _Rehearsing(self, asker, 0, planned.draw_number, {}, {})

        return ask_for

    def attempts(self, questions: Questions, turn: int) -> int:
        return 1

    async def answer(self, questions: Questions, question: Question) -> Reply:
        # By the real model's name, by which a panel may leave a judge of its family out.
        reply = replace(
            await _SIMULATED.send(question.request), model=self.models[question.model].model
        )
        call = RehearsedCall(questions.asker.title, question.model, question.request, reply)
        self.calls.append(call)
        return reply


class _Rehearsing(Questions):
    """Questions that remember a mistake of the recipe, which in a run costs a sample."""

    async def __call__(
        self,
        draft: type[Draft],
        /,
        *,
        template: str | None = None,
        model: str | None = None,
        check: Callable[[Draft], str | None] | None = None,
        **values: object,
    ) -> Draft:
        try:
            return await super().__call__(
                draft, template=template, model=model, check=check, **values
            )
        except (TemplateError, RecipeError) as error:
            assert isinstance(self.desk, _RehearsalDesk)
            self.desk.mistake = error
            raise


_SIMULATED = SimulatedConnection(SimulatedOptions(flawed=0, malformed=0))
