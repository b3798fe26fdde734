"""A rubric: one call scores a sample under several criteria."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    create_model,
    field_validator,
    model_validator,
)

from ..checks.json_places import value_place
from ..errors import ReplyError
from ..records import Ask, Judgement, PlainText, Sample, Weighed
from ..records.judging import AS_GIVEN
from .base import Judge
from .criteria import BUILT_IN, Criteria, Criterion
from .criteria_files import read_criteria_files, ready_made
from .expectation import probabilities
from .verdict_formats import VerdictFormat

__all__ = ["Rubric"]

USUAL = (BUILT_IN["task_quality"], BUILT_IN["instruction_following"], BUILT_IN["accuracy"])
"""The criteria for a sample whose strategy has none of its own."""


class Rubric(Judge):
    """Scores the response under each criterion, after giving the reasons.

    Rationale before score and described points follow G-Eval (Liu et al. 2023) and Prometheus
    (Kim et al. 2024). A number of points becomes a score by
    (points - lowest) / (highest - lowest); with `logprobs`, the number that is expected by the
    probabilities of all points does.
    """

    kind = "rubric"
    scalar: ClassVar[str] = "criteria"

    criteria: Criteria | None = None
    """What to score: names of built-in criteria, or criteria of your own with name, description
    and scale. At most 12. Or the name of a ready-made rubric (safety, instruction_following,
    helpfulness). By default those that suit the sample's strategy: a file
    `rubrics/STRATEGY.yaml` beside the recipe, or silversmith's own; for a strategy that has no
    such file task_quality, instruction_following and accuracy."""

    reference: bool = False
    """Whether the sample's `answer` is shown to the judge as one that is known to be right. Meant
    for data that came with answers; an answer that a generator drafted is never shown so, since
    it is what has to be judged."""

    logprobs: bool = Field(default=False, exclude_if=lambda given: not given)
    """Whether the score is what is expected by the probabilities that the model gave to each point
    of the scale (G-Eval), which tells samples apart that get the same points. Where the endpoint
    gives no log-probabilities, the score is the given one, and the judgement's `note` says so."""

    format: VerdictFormat = Field(default="json", exclude_if=lambda given: given == "json")
    """How the judge model says its verdict. `json`: structured output. The others are for models,
    or recorded replies, that answer in words; each criterion is then a call of its own. `auto`
    finds the verdict wherever it stands; docs/verdicts.md has the others. A reply without a
    verdict is asked for again, and then fails."""

    _of_strategy: Mapping[str, Rubric] = PrivateAttr(default_factory=dict)

    @field_validator("criteria", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return ready_made(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_way(self) -> Rubric:
        if self.logprobs and self.format != "json":
            raise ValueError("`logprobs` reads the score from JSON: leave `format` out")
        return self

    def prepare(self, folder: Path) -> None:
        if self.criteria is None:
            self._of_strategy = {
                strategy: self.model_copy(update={"criteria": criteria})
                for strategy, criteria in read_criteria_files(folder).items()
            }

    @property
    def strategies(self) -> Set[str]:
        return self._of_strategy.keys()

    def for_strategy(self, strategy: str) -> Rubric:
        return self._of_strategy.get(strategy, self)

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        messages = sample.messages
        if not messages or messages[-1].role != "assistant" or not messages[-1].content.strip():
            raise ReplyError("the sample does not end with a response, so there is none to judge")
        criteria = self.criteria or USUAL
        if self.format != "json":
            return [await self._in_words(each, sample, ask) for each in criteria]
        form = _form(criteria, self.logprobs)
        reply = await ask(
            form.reply,
            criteria=form.shown,
            sample=sample,
            earlier=sample.earlier,
            reference=_known_answer(sample) if self.reference else "",
        )
        opinions = [getattr(reply, field) for field in form.reply.model_fields]
        found = [
            Judgement(
                judge=self.title,
                criterion=each.name,
                model="",
                score=(opinion.score - each.lowest) / (each.highest - each.lowest),
                points=float(opinion.score),
                rationale=opinion.rationale,
            )
            for each, opinion in zip(criteria, opinions, strict=True)
        ]
        if not isinstance(reply, Weighed):
            return found
        return [_expected(one, each, reply) for one, each in zip(found, criteria, strict=True)]

    async def _in_words(self, criterion: Criterion, sample: Sample, ask: Ask) -> Judgement:
        """The judgement under one criterion, by a verdict that is found in a text."""
        from ..checks.verdicts import find_verdict  # many patterns, which few recipes need

        find = functools.partial(
            find_verdict,
            format=self.format,
            wants="score",
            scale=(criterion.lowest, criterion.highest),
            criterion=criterion.name,
        )
        reply = await ask(
            PlainText,
            template="rubric_text",
            check=lambda reply: find(reply.text).reason or None,
            criteria=_form((criterion,), False).shown,
            sample=sample,
            earlier=sample.earlier,
            reference=_known_answer(sample) if self.reference else "",
        )
        verdict = find(reply.text)
        (points,) = verdict.values
        return Judgement(
            judge=self.title,
            criterion=criterion.name,
            model="",
            score=(points - criterion.lowest) / (criterion.highest - criterion.lowest),
            points=points,
            rationale=reply.text.strip(),
            note=f"verdict found as {verdict.format}",
        )

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """The mean over the criteria by their weights, or None where there is no judgement."""
        weights = {each.name: each.weight for each in self.criteria or USUAL}
        weighed = [(weights[j.criterion], j.score) for j in judgements if j.criterion in weights]
        total = sum(weight for weight, _ in weighed)
        return sum(weight * score for weight, score in weighed) / total if total else None


class _Form(NamedTuple):
    """What is asked under some criteria: the reply's model, and the words for the template."""

    reply: type[BaseModel]
    shown: tuple[tuple[str, str, tuple[tuple[int, str], ...]], ...]


@functools.cache
def _form(criteria: tuple[Criterion, ...], logprobs: bool) -> _Form:
    # The criterion's name is an alias, since a field of a pydantic model cannot be called "copy".
    fields: dict[str, Any] = {
        f"criterion_{place}": (_opinion(each.lowest, each.highest), Field(alias=each.name))
        for place, each in enumerate(criteria)
    }
    shown = tuple((c.name, c.description, tuple(sorted(c.scale.items()))) for c in criteria)
    base = Weighed if logprobs else BaseModel
    return _Form(create_model("Verdict", __base__=base, **fields), shown)


@functools.cache
def _opinion(lowest: int, highest: int) -> type[BaseModel]:
    """The reply under one criterion: the rationale, and then the points."""
    return create_model(
        f"Opinion_{lowest}_to_{highest}".replace("-", "minus_"),
        __config__=ConfigDict(str_strip_whitespace=True),
        rationale=(
            str,
            Field(
                min_length=1,
                description="One to three sentences: what decides, with a short quote or the "
                "exact place.",
            ),
        ),
        score=(
            Annotated[int, BeforeValidator(_no_truth_value)],
            Field(
                ge=lowest,
                le=highest,
                description=f"A whole number from {lowest} to {highest} on this criterion's scale.",
            ),
        ),
    )


def _expected(given: Judgement, criterion: Criterion, reply: Weighed) -> Judgement:
    """The judgement with the score that is expected by the tokens' probabilities, where they are
    known."""
    place = value_place(reply.reply_text, (criterion.name, "score"))
    scale = range(criterion.lowest, criterion.highest + 1)
    found: dict[int, float] | str = "the score cannot be found in the reply"
    if place is not None:
        found = probabilities(reply.reply_tokens, *place, scale)
    if isinstance(found, str):
        return replace(given, note=f"{AS_GIVEN}: {found}")
    mean = sum(point * p for point, p in found.items())
    shares = ", ".join(f"{point} {p:.3f}" for point, p in found.items())
    return replace(
        given,
        score=(mean - criterion.lowest) / (criterion.highest - criterion.lowest),
        note=f"expected {mean:.3f} of {shares}",
    )


def _no_truth_value(points: Any) -> Any:
    if isinstance(points, bool):
        raise ValueError("the score must be a whole number, not true or false")
    return points


def _known_answer(sample: Sample) -> str:
    """The sample's answer where it came with the data, or ""."""
    drafted = sample.origin is not None and sample.origin.template
    return "" if drafted else sample.answer or ""
