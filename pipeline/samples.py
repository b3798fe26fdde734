"""One planned sample on its way: drafted, completed, judged, scored, or failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import EndpointError, ReplyError, SilversmithError, TemplateError
from ..generators import Generator
from ..models import ModelSpec
from ..prompts import Prompts
from ..records import Attribute, Draw, Failure, Judgement, Origin, Sample, SeedRef, Turn, Usage
from .asking import Answered, Asker, Questions
from .changes import settings_of
from .planning import Planned
from .recipe import Recipe

__all__ = ["Askers", "draft_and_judge", "kind_of", "scored"]

REASON_CHARS = 100


@dataclass(frozen=True)
class Askers:
    """The generators and judges of a recipe with their models.

    Attributes:
        generators: by title.
        judges: in the recipe's order, those that ask no model before the others.
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
        for part in (*recipe.generators, *recipe.judges, *recipe.filters):
            part.prepare(recipe.folder)
        prompts = Prompts(recipe.folder / "prompts")
        generators = {part.title: Asker.of(part, recipe, prompts) for part in recipe.generators}
        in_turn = sorted(recipe.judges, key=lambda judge: not judge.free)
        judges = [Asker.of(part, recipe, prompts) for part in in_turn]
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
        used = {name for asker in self.all() for name in asker.models}
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
    draw = planned.draw
    known = _known(planned, draw)
    sample = None
    judged: Mapping[str, Any] = {}
    course = _Course(askers, questions, _names(planned))
    failure = None
    try:
        ask = course.ask_for(askers.generators[planned.generator.title])
        drafted = await planned.generator.draft(planned.seed, draw, ask)
        sample = _completed(drafted, known, ask)
        on_drafted()
        if sample.candidates and _has_no_response(sample):
            sample = await _paired(sample, planned.generator, course)
        else:
            judged = await _judged(sample, course)
    except (ReplyError, TemplateError) as error:
        failure = _failure(course.stage, error)
    except EndpointError as error:
        if error.fatal:
            raise
        failure = _failure(course.stage, error)
    except SilversmithError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake costs a sample, not the run
        failure = _failure(course.stage, error)
    usage = Usage()
    for ask in course.asked:
        usage += ask.usage
    if sample is None:
        return Sample(messages=(), usage=usage, failure=failure, **known)
    return sample.with_(usage=usage, failure=failure, **judged)


class _Course:
    """How far a sample has come.

    Attributes:
        stage: what is under way: "draft", "judge NAME" or "pair".
        asked: the `ask` of everybody who was asked so far.
    """

    def __init__(
        self, askers: Askers, questions: Callable[[Asker], Questions], names: tuple[str, ...]
    ) -> None:
        self.judges = askers.judges
        self.stage = "draft"
        self.asked: list[Questions] = []
        self._questions = questions
        self._names = names

    def ask_for(self, asker: Asker) -> Questions:
        ask = self._questions(asker)
        ask.names = self._names
        self.asked.append(ask)
        return ask


def _names(planned: Planned) -> tuple[str, ...]:
    """By what a recorded reply may name the sample: its id, its seed's place, its row's own id."""
    own = planned.seed.fields.get("id")
    names = (planned.id.hex(), planned.seed.source)
    return (*names, str(own)) if isinstance(own, (str, int)) else names


def _known(planned: Planned, draw: Draw) -> dict[str, Any]:
    """What is known of a sample before anything is drafted, by the fields' names."""
    seed = planned.seed
    attributes = {**draw.attributes, **planned.generator.aims(seed, draw)}
    return {
        "id": planned.id.hex(),
        "strategy": planned.generator.kind,
        "seed": SeedRef(seed.id, seed.source, seed.licence, seed.failure_group),
        "passage": seed.passage,
        "attributes": tuple(Attribute(*pair) for pair in attributes.items()),
    }


def _completed(drafted: Sample, known: Mapping[str, Any], ask: Questions) -> Sample:
    """The draft with all that the engine knows of it; what the generator took over from an
    existing dataset (an id, an origin) stays."""
    origin = Origin(generator=ask.asker.part.title, draw=ask.draw)
    if ask.last is not None:
        origin = _told(origin, ask.last)
        if any(one.simulated for one in ask.answered.values()):
            origin = replace(origin, simulated=True)
    rejected_origin = drafted.rejected_origin or (origin if drafted.rejected else None)
    return drafted.with_(
        id=drafted.id or known["id"],
        strategy=drafted.strategy or known["strategy"],
        seed=drafted.seed or known["seed"],
        passage=drafted.passage or (known["passage"] if drafted.seed is None else None),
        attributes=drafted.attributes or known["attributes"],
        origin=_traced(drafted.origin, ask) or origin,
        rejected_origin=_traced(rejected_origin, ask),
        decision=None,
        failure=None,
    )


def _traced(origin: Origin | None, ask: Questions) -> Origin | None:
    """An origin of which the generator named the template alone, and the recipe's name for the
    model where that is not its own: with all that is known of the answer to it."""
    if origin is None or origin.template_hash or not origin.template:
        return origin
    answered = ask.answered.get((origin.template, origin.model or ask.asker.model))
    return _told(replace(origin, draw=ask.draw), answered) if answered is not None else origin


def _told(origin: Origin, answered: Answered) -> Origin:
    return Origin(
        generator=origin.generator,
        template=answered.template.name,
        template_hash=answered.template.hash,
        model=answered.model,
        parameters=answered.parameters,
        draw=origin.draw,
        simulated=answered.simulated,
    )


async def _judged(sample: Sample, course: _Course) -> dict[str, Any]:
    """What all judges say of a sample, by the fields' names."""
    (judgements,) = await _judgements([sample], course, sample.strategy)
    return scored(sample, judgements, course.judges, sample.strategy)


async def _judgements(
    samples: Sequence[Sample], course: _Course, strategy: str
) -> list[list[Judgement]]:
    """What all judges say of samples that stand for one planned sample: of itself, or of each of
    its candidates. One judge after the other, so that a resumed run finds each verdict under the
    same number, and one that a judge settles is given to no further judge."""
    found: list[list[Judgement]] = [[] for _ in samples]
    left = list(range(len(samples)))
    for asker in course.judges:
        judge = asker.judge_for(strategy)
        if not left:
            break
        if judge.only and strategy.removesuffix("_candidates") not in judge.only:
            continue
        course.stage = asker.title
        ask = course.ask_for(asker)
        if len(samples) == 1:
            said = [await judge.judge(samples[0], ask)]
        else:
            said = list(await judge.judge_group([samples[place] for place in left], ask))
        model = ask.last.model if ask.last is not None else ""
        simulated = any(answered.simulated for answered in ask.answered.values())
        for place, judgements in zip(left, said, strict=True):
            found[place] += [
                replace(j, model=j.model or model, simulated=simulated) for j in judgements
            ]
        settled = {p for p, own in zip(left, said, strict=True) if judge.settles(own)}
        left = [place for place in left if place not in settled]
    return found


async def _paired(sample: Sample, generator: Generator, course: _Course) -> Sample:
    """The pair that the generator makes of its candidates once each of them has been judged, with
    the judgements of the one that became the response.

    Raises:
        ReplyError: a judge gave no verdict, or the candidates make no pair.
    """
    strategy = f"{sample.strategy}_candidates"
    ones = [
        sample.with_(messages=(*sample.messages, Turn("assistant", each.text)), candidates=())
        for each in sample.candidates
    ]
    judged = [
        one.with_(**scored(one, judgements, course.judges, strategy))
        for one, judgements in zip(ones, await _judgements(ones, course, strategy), strict=True)
    ]
    course.stage = "pair"
    model = sample.origin.model if sample.origin is not None else ""
    candidates = tuple(
        replace(candidate, model=candidate.model or model, score=one.score)
        for candidate, one in zip(sample.candidates, judged, strict=True)
    )
    pair = generator.pair(sample.with_(candidates=candidates))
    for one in sorted(judged, key=lambda one: one.score or 0.0, reverse=True):
        if one.messages[-1].content == pair.response and not _has_no_response(pair):
            return pair.with_(
                judgements=one.judgements,
                score=one.score,
                rejected_origin=pair.rejected_origin or (pair.origin if pair.rejected else None),
            )
    raise ReplyError(f"{generator.title} made none of its candidates the response")


def _has_no_response(sample: Sample) -> bool:
    return not sample.messages or sample.messages[-1].role != "assistant"


def scored(
    sample: Sample, judgements: Sequence[Judgement], judges: Sequence[Asker], strategy: str
) -> dict[str, Any]:
    """A sample's judgements, beside those that other judges gave it in an earlier life, and its
    overall score: the weighted mean over this recipe's judges."""
    if not judges:
        return {}
    total = weights = 0.0
    for asker in judges:
        judge = asker.judge_for(strategy)
        score = judge.score([j for j in judgements if j.judge == judge.title])
        if score is not None:
            total += judge.weight * score
            weights += judge.weight
    titles = {asker.part.title for asker in judges}
    # A judge's own name, or that of one of its members ("panel/critic").
    earlier = [j for j in sample.judgements if j.judge.partition("/")[0] not in titles]
    score = total / weights if weights else sample.score
    return {"judgements": (*earlier, *judgements), "score": score}


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
    if len(words) > REASON_CHARS:
        words = words[: REASON_CHARS - 2].rsplit(" ", 1)[0] + " …"
    return f"{failure.stage}: {words}"
