"""Keeps what the judges scored high enough."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from ..errors import CheckError, RecipeError
from ..records import Judgement, Sample
from ..records.judging import MUST_HOLD
from .base import Filter
from .columns import Columns

if TYPE_CHECKING:
    from ..measures.calibration import Calibration

__all__ = ["Score"]

Minimum = Annotated[float, Field(ge=0, le=1)]


class Score(Filter):
    """Drops samples whose score, overall or under a criterion, is below a minimum; or whose
    probability of being acceptable is, by a calibration against people.

    A minimum is kept: 0.5 passes `min: 0.5`. A sample that has no such score is an error and
    not a drop, since a filter on scores that nobody gives is a mistake in the recipe; but one that
    was not judged further, since the judge `verified` refuted it, is dropped with its reason. A
    sample that was judged by others than those whose scores were calibrated is an error too.
    """

    kind: ClassVar[str] = "score"
    scalar: ClassVar[str] = "min"

    min: Minimum | None = None
    """Least overall score, 0 to 1."""

    criteria: dict[str, Minimum] = Field(default_factory=dict)
    """Least score, 0 to 1, by criterion; `judge.criterion` where two judges share the name of a
    criterion and only one is meant. A bare name asks it of every judge that uses the name."""

    min_probability: Minimum | None = None
    """Least probability, 0 to 1, that a person would accept the sample; needs `calibration`."""

    calibration: Path | None = None
    """The file that `silversmith calibrate` wrote; a relative path starts in the recipe's folder.
    It says which score is meant, and who must have given it."""

    _fitted: Calibration | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if (self.min_probability is None) != (self.calibration is None):
            raise ValueError(
                "`min_probability` and `calibration` (the file that `silversmith calibrate` wrote) "
                "belong together: give both or neither"
            )
        if self.min is None and not self.criteria and self.min_probability is None:
            raise ValueError(
                "nothing to filter by: give `min` (the least overall score), `criteria` (the least "
                "score by criterion), or `min_probability` with `calibration`"
            )
        return self

    def prepare(self, folder: Path) -> None:
        if self.calibration is None:
            return
        from ..measures.calibration import load_calibration

        try:
            self._fitted = load_calibration(folder / self.calibration)
        except CheckError as error:
            raise RecipeError(f"filters: score.calibration: {error}") from error

    def in_question(self, columns: Columns) -> Iterable[int] | None:
        """Those without an overall score or with one below `min`, where that is all that counts."""
        if self.min is None or self.criteria or self.min_probability is not None:
            return None
        import numpy as np

        scores = columns.column("score").to_numpy(zero_copy_only=False)  # NaN where there is none
        found: list[int] = np.flatnonzero(~(scores >= self.min)).tolist()
        return found

    def reason_to_drop(self, sample: Sample) -> str | None:
        """The first score that is too low.

        Raises:
            CheckError: the sample lacks the score, the score is not a number, or others gave it
                than those whose scores were calibrated.
        """
        if self.min is not None:
            score = _overall(sample)
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
        if self.min_probability is not None:
            if (broken := _broken(sample)) is not None:
                return f"it fails what must hold ({broken})"
            probability = self._probability(sample)
            if probability < self.min_probability:
                return f"probability {_too_low(probability, self.min_probability)}"
        return None

    def _probability(self, sample: Sample) -> float:
        """The probability that a person would accept the sample."""
        fitted = self._fitted
        assert fitted is not None, "prepare reads the file"
        known = {(one.judge, one.criterion, one.model) for one in fitted.judged}
        judges = {one.judge for one in fitted.judged}
        made_for = f"{self.calibration} is for {', '.join(map(str, fitted.judged)) or fitted.of}"
        if fitted.of == "score":
            score = _overall(sample)
            here = sample.judgements
            asked = {one.judge for one in fitted.judged if one.model}
            if missing := asked - {j.judge for j in here}:
                raise CheckError(
                    f"sample {sample.id[:8]} was not judged by {min(missing)}, and {made_for}; "
                    "judge it too, or calibrate the scores that there are (silversmith calibrate)."
                )
        else:
            here = tuple(j for j in sample.judgements if fitted.of in (j.judge, _full_name(j)))
            if not here:
                raise CheckError(
                    f"sample {sample.id[:8]} has no score of {fitted.of}, and {made_for}; judge "
                    "it, or calibrate the scores that there are (silversmith calibrate)."
                )
            score = _number(here[0].score, fitted.of, sample)
        for j in here:
            # What a judge without a model looks at differs from sample to sample.
            same = j.judge in judges and not j.model
            if not same and (j.judge, j.criterion, j.model) not in known:
                model = f"with the model {j.model}" if j.model else "without a model"
                raise CheckError(
                    f"sample {sample.id[:8]} was judged by {_full_name(j)} {model}, and "
                    f"{made_for}: another judge or model needs a calibration of its own "
                    "(silversmith calibrate)."
                )
        return fitted.probability(score)


def _broken(sample: Sample) -> str | None:
    """Why a judge ended the judging of the sample, or None where none did."""
    for judgement in sample.judgements:
        if judgement.criterion == MUST_HOLD and judgement.score == 0:
            return judgement.rationale
    return None


def _overall(sample: Sample) -> float:
    if sample.score is None:
        raise CheckError(
            f"sample {sample.id[:8]} has no overall score, as no judge has scored it; "
            "add a judge, or take the filter out."
        )
    return _number(sample.score, "overall", sample)


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
