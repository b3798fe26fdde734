"""One planned sample on its way: drafted, completed, judged, scored, or failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import EndpointError, ReplyError, SilversmithError, TemplateError
from ..judges import Judge
from ..models import ModelSpec
from ..prompts import Prompts
from ..records import Attribute, Failure, Judgement, Origin, Sample, SeedRef, Usage
from .asking import Asker, Questions
from .changes import settings_of
from .planning import Planned
from .recipe import Recipe

__all__ = ["Askers", "draft_and_judge", "kind_of"]


@dataclass(frozen=True)
class Askers:
    """The generators and judges of a recipe with their models.

    Attributes:
        generators: by title.
        judges: in the recipe's order.
        settings: for each generator, the hash of all that decides how its samples come about.
    """

    generators: Mapping[str, Asker]
    judges: Sequence[Asker]
    settings: Mapping[str, bytes]

    @classmethod
    def of(cls, recipe: Recipe) -> Askers:
        """The askers of a recipe.

        Raises:
            RecipeError: one names a model that the recipe does not have.
            TemplateError: a template is missing or does not parse.
        """
        for part in (*recipe.generators, *recipe.judges):
            part.prepare(recipe.folder)
        prompts = Prompts(recipe.folder / "prompts")
        generators = {part.title: Asker.of(part, recipe, prompts) for part in recipe.generators}
        judges = [Asker.of(part, recipe, prompts) for part in recipe.judges]
        settings = {
            title: settings_of(asker, judges, recipe.models) for title, asker in generators.items()
        }
        return cls(generators, judges, settings)

    def all(self) -> list[Asker]:
        """Generators, then judges."""
        return [*self.generators.values(), *self.judges]

    def concurrency(self, models: Mapping[str, ModelSpec]) -> int:
        """How many requests their models may have under way at once, together; a batch counts
        with all of its requests."""
        used = {asker.model for asker in self.all()}
        return sum(
            spec.batch_size if spec.batch else spec.at_once
            for name, spec in models.items()
            if name in used
        )


async def draft_and_judge(
    planned: Planned,
    askers: Askers,
    questions: Callable[[Asker], Questions],
    on_drafted: Callable[[], None],
) -> Sample:
    """Take one planned sample through all stages.

    Args:
        questions: makes the `ask` for a generator or judge.
        on_drafted: is called between the draft and the first judge.

    Returns:
        The sample with its judgements and score, or with the reason why it failed.

    Raises:
        SilversmithError: nothing else can succeed either (a wrong key, a limit, a full disk).
    """
    asked: list[Questions] = []

    def ask_for(asker: Asker) -> Questions:
        asked.append(questions(asker))
        return asked[-1]

    sample = _blank(planned)
    failure = None
    stage = "draft"
    try:
        ask = ask_for(askers.generators[planned.generator.title])
        drafted = await planned.generator.draft(planned.seed, planned.draw, ask)
        sample = _completed(drafted, sample, ask)
        on_drafted()
        judgements: list[Judgement] = []
        for judge in askers.judges:
            stage = judge.title
            judgements += await _judged(sample, judge, ask_for(judge))
        sample = _with_judgements(sample, judgements, askers.judges)
    except (ReplyError, TemplateError) as error:
        failure = _failure(stage, error)
    except EndpointError as error:
        if error.fatal:
            raise
        failure = _failure(stage, error)
    except SilversmithError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake costs a sample, not the run
        failure = _failure(stage, error)
    usage = Usage()
    for ask in asked:
        usage += ask.usage
    return sample.with_(usage=usage, failure=failure)


def _blank(planned: Planned) -> Sample:
    """What is known of a sample before anything is drafted."""
    seed = planned.seed
    return Sample(
        messages=(),
        id=planned.id.hex(),
        strategy=planned.generator.kind,
        seed=SeedRef(seed.id, seed.source, seed.licence, seed.failure_group),
        passage=seed.passage,
        attributes=tuple(Attribute(*pair) for pair in planned.draw.attributes.items()),
    )


def _completed(drafted: Sample, blank: Sample, ask: Questions) -> Sample:
    """The draft with all that the engine knows of it; what the generator took over from an
    existing dataset (an id, an origin) stays."""
    part = ask.asker.part
    origin = Origin(generator=part.title, draw=ask.draw)
    if ask.last is not None:
        origin = Origin(
            generator=part.title,
            template=ask.last.template.name,
            template_hash=ask.last.template.hash,
            model=ask.last.model,
            parameters=ask.last.parameters,
            draw=ask.draw,
            simulated=ask.last.simulated,
        )
    return drafted.with_(
        id=drafted.id or blank.id,
        strategy=drafted.strategy or blank.strategy,
        seed=drafted.seed or blank.seed,
        passage=drafted.passage or blank.passage,
        attributes=drafted.attributes or blank.attributes,
        origin=drafted.origin or origin,
        rejected_origin=drafted.rejected_origin or (origin if drafted.rejected else None),
        decision=None,
        failure=None,
    )


async def _judged(sample: Sample, asker: Asker, ask: Questions) -> list[Judgement]:
    """A judge's judgements, with the model that gave them."""
    assert isinstance(asker.part, Judge)
    judgements = await asker.part.judge(sample, ask)
    model = ask.last.model if ask.last is not None else ""
    return [j if j.model else replace(j, model=model) for j in judgements]


def _with_judgements(
    sample: Sample, judgements: Sequence[Judgement], judges: Sequence[Asker]
) -> Sample:
    """The sample with its judgements, beside those that other judges gave it in an earlier life,
    and with its overall score: the weighted mean over this recipe's judges."""
    if not judges:
        return sample
    total = weights = 0.0
    for asker in judges:
        assert isinstance(asker.part, Judge)
        own = [j for j in judgements if j.judge == asker.part.title]
        score = asker.part.score(own)
        if score is not None:
            total += asker.part.weight * score
            weights += asker.part.weight
    titles = {asker.part.title for asker in judges}
    earlier = [j for j in sample.judgements if j.judge not in titles]
    score = total / weights if weights else sample.score
    return sample.with_(judgements=(*earlier, *judgements), score=score)


def _failure(stage: str, error: Exception) -> Failure:
    if isinstance(error, ReplyError):
        return Failure(stage, error.reason, error.text)
    if isinstance(error, EndpointError):
        return Failure(stage, str(error), transient=error.retryable)
    if isinstance(error, SilversmithError):
        return Failure(stage, str(error))
    return Failure(stage, f"{type(error).__name__}: {error}")


def kind_of(failure: Failure) -> str:
    """A failure's reason without what differs from sample to sample, to count it by."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", failure.reason)
    return f"{failure.stage}: {words[:100]}"
