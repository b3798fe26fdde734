"""Yes or no to criteria that are drafted for each sample."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, StringConstraints, create_model

from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from .base import Judge

__all__ = ["Checklist"]

_LEAST = 3


class Checklist(Judge):
    """Drafts criteria for the sample's instruction, without having seen the response, and answers
    each by yes or no (as in TICK, Cook et al., 2024). Two calls a sample; one more for each further
    candidate, which share the criteria.

    The score is the share that is met.
    """

    kind: ClassVar[str] = "checklist"
    scalar: ClassVar[str] = "most"

    most: int = Field(default=8, ge=_LEAST, le=20)
    """How many criteria there may be."""

    class Criteria(BaseModel):
        """What a good response must have."""

        criteria: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]] = (
            Field(min_length=_LEAST, description="Questions that yes or no answers.")
        )

    class Answer(BaseModel, str_strip_whitespace=True):
        """Whether one criterion is met."""

        rationale: str = Field(min_length=1, description="The reason, in a sentence.")
        met: bool = Field(description="True for a plain yes.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        (found,) = await self.judge_group([sample], ask)
        return found

    async def judge_group(
        self, candidates: Sequence[Sample], ask: Ask
    ) -> Sequence[Sequence[Judgement]]:
        for sample in candidates:
            if not sample.response.strip():
                raise ReplyError(
                    "the sample does not end with a response, so there is none to judge"
                )

        def fault(reply: Checklist.Criteria) -> str | None:
            if len(reply.criteria) > self.most:
                return f"there are {len(reply.criteria)} criteria; write at most {self.most}"
            alike = len({one.casefold() for one in reply.criteria}) < len(reply.criteria)
            return "two criteria are the same" if alike else None

        drafted = await ask(self.Criteria, check=fault, sample=candidates[0], most=self.most)
        return [await self._answers(one, drafted.criteria, ask) for one in candidates]

    async def _answers(
        self, sample: Sample, criteria: Sequence[str], ask: Ask
    ) -> tuple[Judgement, ...]:
        reply = await ask(
            _form(len(criteria)),
            template="checklist_answers",
            sample=sample,
            criteria=tuple(criteria),
        )
        answers = [getattr(reply, field) for field in type(reply).model_fields]
        met = sum(answer.met for answer in answers)
        lines = [
            f"{'yes' if answer.met else 'no'}: {question} {answer.rationale}"
            for question, answer in zip(criteria, answers, strict=True)
        ]
        return (
            Judgement(
                judge=self.title,
                criterion="checklist",
                model="",
                score=met / len(answers),
                points=float(met),
                rationale="\n".join(lines),
                note=f"{met} of {len(answers)} met",
            ),
        )


@functools.cache
def _form(criteria: int) -> type[BaseModel]:
    """The reply to so many criteria: a field for each, so that none is left out or numbered
    wrongly."""
    fields: dict[str, Any] = {
        f"item_{number}": (Checklist.Answer, ...) for number in range(1, criteria + 1)
    }
    return create_model("Answers", **fields)
