"""A response beside an answer that is known to be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, Field

from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from .base import Judge

__all__ = ["Reference"]

_LOWEST, _HIGHEST = 1, 5


class Reference(Judge):
    """Grades the response by the sample's known answer, from 1 to 5, points compared first.

    The known answer has to come with the data (the field `answer`: `--map answer=COLUMN` where
    `response` is mapped too). One that a generator drafted with the response is none, and a sample
    without one fails.
    """

    kind: ClassVar[str] = "reference"

    class Verdict(BaseModel, str_strip_whitespace=True):
        """The comparison, and the score that follows from it."""

        comparison: str = Field(
            min_length=1,
            description="The points of the known answer, and for each whether the response has it,"
            " lacks it or contradicts it.",
        )
        score: int = Field(ge=_LOWEST, le=_HIGHEST, description="From 1 to 5.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        if not sample.response.strip():
            raise ReplyError("the sample does not end with a response, so there is none to judge")
        drafted = sample.origin is not None and sample.origin.template
        if drafted or not (sample.answer or "").strip():
            raise ReplyError(
                "the sample has no answer that is known to be right: say which column holds it with"
                " `answer` in the map (--map answer=COLUMN), or leave this judge out for such"
                " samples with `only:`"
            )
        verdict = await ask(self.Verdict, sample=sample, reference=sample.answer)
        score = (verdict.score - _LOWEST) / (_HIGHEST - _LOWEST)
        points = float(verdict.score)
        return [Judgement(self.title, "reference", "", score, points, verdict.comparison)]
