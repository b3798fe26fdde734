"""Keeps what the judges scored high enough."""

from __future__ import annotations

import difflib
import math
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from ..errors import CheckError
from ..records import Judgement, Sample
from ..records.judging import MUST_HOLD
from .base import Filter

__all__ = ["Score"]

Minimum = Annotated[float, Field(ge=0, le=1)]


class Score(Filter):
    """Drops samples whose score, overall or under a criterion, is below a minimum.

    A minimum is kept: 0.5 passes `min: 0.5`. A sample that has no such score is an error and
    not a drop, since a filter on scores that nobody gives is a mistake in the recipe; but one that
    was not judged further, since the judge `verified` refuted it, is dropped with its reason.
    """

    kind: ClassVar[str] = "score"
    scalar: ClassVar[str] = "min"

    min: Minimum | None = None
    """Least overall score, 0 to 1."""

    criteria: dict[str, Minimum] = Field(default_factory=dict)
    """Least score, 0 to 1, by criterion; `judge.criterion` where two judges share the name of a
    criterion and only one is meant. A bare name asks it of every judge that uses the name."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.min is None and not self.criteria:
            raise ValueError(
                "nothing to filter by: give `min` (the least overall score), or `criteria` "
                "(the least score by criterion)"
            )
        return self

    def reason_to_drop(self, sample: Sample) -> str | None:
        """The first score that is too low.

        Raises:
            CheckError: the sample lacks the score, or the score is not a number.
        """
        if self.min is not None:
            if sample.score is None:
                raise CheckError(
                    f"sample {sample.id[:8]} has no overall score, as no judge has scored it; "
                    "add a judge, or take the filter out."
                )
            score = _number(sample.score, "overall", sample)
            if score < self.min:
                return _too_low(score, self.min)
        for name, minimum in self.criteria.items():
            found = [j for j in sample.judgements if name in (j.criterion, _full_name(j))]
            if not found:
                if (broken := _broken(sample)) is not None:
                    return f"not judged under {name}, since it fails what must hold ({broken})"
                raise CheckError(_unknown_criterion(name, sample))
            for judgement in found:
                score = _number(judgement.score, name, sample)
                if score < minimum:
                    shown = name if len(found) == 1 else _full_name(judgement)
                    return f"{shown} {_too_low(score, minimum)}"
        return None


def _broken(sample: Sample) -> str | None:
    """Why a judge ended the judging of the sample, or None where none did."""
    for judgement in sample.judgements:
        if judgement.criterion == MUST_HOLD and judgement.score == 0:
            return judgement.rationale
    return None


def _full_name(judgement: Judgement) -> str:
    return f"{judgement.judge}.{judgement.criterion}"


def _number(score: float, name: str, sample: Sample) -> float:
    if math.isnan(score):
        raise CheckError(
            f"the {name} score of sample {sample.id[:8]} is not a number (NaN); "
            "look at the judge that gave it."
        )
    return score


def _too_low(score: float, minimum: float) -> str:
    """Two decimals, or as many as it takes to show that the score is lower."""
    shown = f"{score:.2f}"
    return f"{shown if float(shown) < minimum else score}, below {minimum:.2f}"


def _unknown_criterion(name: str, sample: Sample) -> str:
    known = list(dict.fromkeys(j.criterion for j in sample.judgements))
    missing = f"sample {sample.id[:8]} has no score for the criterion {name!r}"
    if not known:
        return (
            f"{missing}, as no judge has scored it; add a judge, or take the criterion out "
            "of the filter."
        )
    near = difflib.get_close_matches(name, [*known, *map(_full_name, sample.judgements)], n=1)
    return (
        f"{missing}; did you mean {near[0]!r}?"
        if near
        else f"{missing}, only for {', '.join(known)}."
    )
