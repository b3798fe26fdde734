"""Several models or prompts judge, and their scores are put together."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import orjson
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

from ..checks.model_families import families_of
from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from ..records.judging import AGREEMENT
from .base import Judge
from .criteria import BUILT_IN, Criteria, Criterion
from .criteria_files import ready_made
from .panel_experts import Experts, expected_points, read_experts

__all__ = ["Panel"]

USUAL = (BUILT_IN["instruction_following"], BUILT_IN["accuracy"])

BY_MAJORITY = "by majority, since no reliability is known yet"


class Panel(Judge):
    """Has each member, a model with a prompt, score the response under all criteria, and puts their
    scores together (a panel of smaller judges of different families: Verga et al., 2024).

    Each member's judgements stay on the sample, under `PANEL/MEMBER`. `agreement` says how far they
    agree, from 0 (opposite ends of a scale) to 1, the worst criterion counting; it is no part of
    the score.
    """

    kind: ClassVar[str] = "panel"
    scalar: ClassVar[str] = "models"
    thresholds: ClassVar[frozenset[str]] = frozenset({"combine", "reliability", "people_below"})

    models: tuple[str, ...] = ()
    """The names of the recipe's models that are members; by default the judge's one model."""

    prompts: tuple[str, ...] = ("panel",)
    """The templates that each model is asked with: `panel` (the rubric's), `panel_critical` (which
    looks for what is wrong first), or `panel_NAME` of your own. Each model with each prompt is a
    member."""

    criteria: Criteria = USUAL
    """What to score, as in `rubric`."""

    combine: Literal["mean", "median", "majority", "dawid_skene"] = "mean"
    """How the members' points become one. `majority`: the most frequent points, the median of
    those that are as frequent. `dawid_skene`: the points that are expected by the reliability of
    each member, which is estimated from all samples once they are judged, before the filters see
    them; of fewer than 30 samples it is not known, and the majority counts."""

    reliability: str = ""
    """A file `panel-NAME.json` that a run of this panel wrote, for `dawid_skene`: the reliability
    is then as it says, and not estimated from these samples."""

    exclude_own_family: bool = False
    """Whether a member of the family of the model that drafted the sample is left out, since
    models favour their own (Panickssery et al., 2024). Families go by the models' names; `note`
    says who was left out. A sample of which nobody says who drafted it is booked as failed."""

    drafter: str = ""
    """The model that wrote the samples, where they do not say so themselves."""

    written_by: str = ""
    """The column of a dataset that says which model wrote the response."""

    people_below: float = Field(default=0.0, ge=0, le=1)
    """An agreement below this is noted as one for people to look at."""

    _experts: Experts = PrivateAttr(default_factory=dict)

    @field_validator("criteria", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return ready_made(given) if isinstance(given, str) else given

    @model_validator(mode="before")
    @classmethod
    def _first_model(cls, values: Any) -> Any:
        models = values.get("models") if isinstance(values, Mapping) else None
        if isinstance(models, str):
            models = [models]
        if models and not values.get("model"):
            values = {**values, "model": next(iter(models)), "models": models}
        return values

    @model_validator(mode="after")
    def _is_one(self) -> Panel:
        for what, given in (("models", self.models), ("prompts", self.prompts)):
            if len(set(given)) < len(given):
                raise ValueError(f"`{what}` names one of them twice")
        if wrong := [one for one in self.prompts if not one.startswith("panel")]:
            raise ValueError(f"the prompt {wrong[0]!r} must be called panel or panel_NAME")
        if max(1, len(self.models)) * len(self.prompts) < 2:
            raise ValueError("a panel needs two members or more: several `models` or `prompts`")
        return self

    def prepare(self, folder: Path) -> None:
        if self.reliability:
            self._experts = read_experts(
                folder / Path(self.reliability).expanduser(),
                self.title,
                [criterion.name for criterion in self.criteria],
                [name for name, *_ in self.members],
            )

    @property
    def decides(self) -> Any:
        return {
            title: {n: e.as_json() for n, e in found.items()}
            for title, found in self._experts.items()
        }

    @property
    def other_models(self) -> Sequence[str]:
        return self.models[1:]

    @property
    def waits(self) -> bool:
        """Whether its scores are final only when all samples are judged, which tells how reliable
        its members are."""
        return self.combine == "dawid_skene" and not self.reliability

    @property
    def members(self) -> Sequence[tuple[str, str, str]]:
        """The name, the model and the prompt of each member; the names differ as far as needed."""
        models = self.models or (self.model,)
        found = []
        for model in models:
            for prompt in self.prompts:
                words = [model] if len(models) > 1 else []
                words += [prompt] if len(self.prompts) > 1 else []
                found.append((" ".join(words), model, prompt))
        return found

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        if not sample.response.strip():
            raise ReplyError("the sample does not end with a response, so there is none to judge")
        members, left_out = self._sitting(sample, ask)
        form = _form(self.criteria)
        said: dict[str, list[Judgement]] = {}
        for name, model, prompt in members:
            reply = await ask(
                form.reply,
                template=prompt,
                model=model or None,
                criteria=form.shown,
                sample=sample,
                earlier=sample.earlier,
                reference="",
            )
            opinions = [getattr(reply, field) for field in form.reply.model_fields]
            said[name] = [
                Judgement(
                    judge=f"{self.title}/{name}",
                    criterion=each.name,
                    model=ask.model_name(model),
                    score=_share(opinion.score, each),
                    points=float(opinion.score),
                    rationale=opinion.rationale,
                )
                for each, opinion in zip(self.criteria, opinions, strict=True)
            ]
        together = [
            self._together(each, {name: js[place].points for name, js in said.items()}, left_out)
            for place, each in enumerate(self.criteria)
        ]
        models = ", ".join(dict.fromkeys(ask.model_name(model) for _, model, _ in members))
        own = [*together, self._agreement(list(said.values()))]
        return [
            *(Judgement(self.title, c, models, s, p, note=n) for c, s, p, n in own),
            *(one for judgements in said.values() for one in judgements),
        ]

    def concluded(self, judgements: Sequence[Judgement], experts: Experts) -> list[Judgement]:
        """Judgements of one sample with this panel's own as they are once it is known how reliable
        its members are; those under a criterion of which nothing is known stay.

        Args:
            judgements: all that the sample has.
            experts: the members' reliability.
        """
        points: dict[str, dict[str, float]] = {}
        for one in judgements:
            panel, _, member = one.judge.partition("/")
            if panel == self.title and member:
                points.setdefault(one.criterion, {})[member] = one.points
        criteria = {criterion.name: criterion for criterion in self.criteria}
        found = list(judgements)
        for place, one in enumerate(judgements):
            if one.judge == self.title and one.criterion in criteria and one.criterion in experts:
                value, words = expected_points(points[one.criterion], experts[one.criterion])
                found[place] = replace(
                    one,
                    score=_share(value, criteria[one.criterion]),
                    points=value,
                    note=one.note.replace(BY_MAJORITY, words),
                )
        return found

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """The mean over the criteria by their weights."""
        weights = {each.name: each.weight for each in self.criteria}
        weighed = [(weights[j.criterion], j.score) for j in judgements if j.criterion in weights]
        total = sum(weight for weight, _ in weighed)
        return sum(weight * score for weight, score in weighed) / total if total else None

    def _sitting(self, sample: Sample, ask: Ask) -> tuple[Sequence[tuple[str, str, str]], str]:
        """The members that judge this sample, and who is left out, in words."""
        if not self.exclude_own_family:
            return self.members, ""
        drafter = self._drafter(sample)
        own = families_of(drafter)
        sitting = [m for m in self.members if own.isdisjoint(families_of(ask.model_name(m[1])))]
        if not sitting:
            raise ReplyError(
                f"every member of the panel is of the family of {drafter}"
                f" ({' and '.join(sorted(own))}), which drafted the sample: add a model of another"
                " family, or set `exclude_own_family: false`"
            )
        absent = [name for name, *_ in self.members if name not in {m[0] for m in sitting}]
        if not absent:
            return sitting, ""
        return (
            sitting,
            f"{', '.join(absent)} left out, as {drafter} is of the family {', '.join(sorted(own))}",
        )

    def _drafter(self, sample: Sample) -> str:
        """The model that wrote the response.

        Raises:
            ReplyError: nobody says which.
        """
        row = orjson.loads(sample.row) if self.written_by and sample.row else {}
        said = row.get(self.written_by)
        if isinstance(said, str) and said.strip():
            return said
        drafter = self.drafter or (sample.origin.model if sample.origin is not None else "")
        if not drafter:
            column = self.written_by
            what = f"its column {column!r} names none" if column else "none is named"
            raise ReplyError(
                "a member of the drafter's family is to be left out, and which model wrote the"
                f" response is not known ({what}): say `written_by: COLUMN`, or `drafter: MODEL`"
            )
        return drafter

    def _together(
        self, criterion: Criterion, points: Mapping[str, float], left_out: str
    ) -> tuple[str, float, float, str]:
        """The criterion, its score, its points, and how these came about."""
        notes = [left_out] if left_out else []
        values = list(points.values())
        if self.combine == "mean":
            value = fmean(values)
        elif self.combine == "median":
            value = median(values)
        else:
            value = _majority(values)
        experts = self._experts.get(criterion.name)
        if self.combine == "dawid_skene":
            if experts is None:
                notes.append(BY_MAJORITY)
            else:
                value, words = expected_points(points, experts)
                notes.append(words)
        return criterion.name, _share(value, criterion), value, "; ".join(notes)

    def _agreement(self, said: Sequence[Sequence[Judgement]]) -> tuple[str, float, float, str]:
        spreads = [
            max(j.score for j in column) - min(j.score for j in column)
            for column in zip(*said, strict=True)
        ]
        widest = max(range(len(spreads)), key=lambda place: spreads[place])
        agreement = 1 - spreads[widest]
        note = f"least under {self.criteria[widest].name}" if spreads[widest] else ""
        if len(said) == 1:
            note = "one member judged alone"
        if agreement < self.people_below:
            note = f"for people: {note}"
        return AGREEMENT, agreement, agreement, note


class _Form(NamedTuple):
    """What is asked under some criteria: the reply's model, and the words for the template."""

    reply: type[BaseModel]
    shown: tuple[tuple[str, str, tuple[tuple[int, str], ...]], ...]


@functools.cache
def _form(criteria: tuple[Criterion, ...]) -> _Form:
    fields: dict[str, Any] = {
        f"criterion_{place}": (_opinion(each.lowest, each.highest), Field(alias=each.name))
        for place, each in enumerate(criteria)
    }
    shown = tuple((c.name, c.description, tuple(sorted(c.scale.items()))) for c in criteria)
    return _Form(create_model("Verdict", **fields), shown)


@functools.cache
def _opinion(lowest: int, highest: int) -> type[BaseModel]:
    return create_model(
        f"Member_{lowest}_to_{highest}".replace("-", "minus_"),
        __config__=ConfigDict(str_strip_whitespace=True),
        rationale=(str, Field(min_length=1, description="One to three sentences: what decides.")),
        score=(
            Annotated[int, BeforeValidator(_no_truth_value)],
            Field(ge=lowest, le=highest, description="On this criterion's scale."),
        ),
    )


def _no_truth_value(points: Any) -> Any:
    if isinstance(points, bool):
        raise ValueError("the score must be a whole number, not true or false")
    return points


def _share(points: float, criterion: Criterion) -> float:
    return (points - criterion.lowest) / (criterion.highest - criterion.lowest)


def _majority(values: Sequence[float]) -> float:
    counted = Counter(values)
    most = max(counted.values())
    return median(value for value, times in counted.items() if times == most)
