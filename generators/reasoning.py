"""Problems with a chain of thought."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from ..records import Ask, Draw, Sample, Seed, Step
from .base import Generator, variant

__all__ = ["Reasoning"]

StepText = Annotated[str, StringConstraints(min_length=1)]

_NUMBER = re.compile(r"(?:step\s+(\d+)\s*[.:)]|(\d+)[.:)])\s+", re.IGNORECASE)
_LABEL = re.compile(r"(?:final\s+)?answer\s*:\s*", re.IGNORECASE)


class Reasoning(Generator):
    """A new problem in the seed's field, a set-up, numbered steps, and a final answer kept apart.

    The steps and the answer are for checks to verify; this strategy takes them as drafted.
    """

    kind = "reasoning"

    class Draft(BaseModel, str_strip_whitespace=True):
        """A problem and its solution."""

        problem: str = Field(
            min_length=1, description="The problem, complete with all that its solution uses."
        )
        setup: str = Field(
            description="What is given, what is wanted, and the equation, rule or test that leads "
            "from one to the other."
        )
        steps: list[StepText] = Field(
            min_length=2,
            description="The steps in order, one inference each, without numbers in front; the "
            "last one arrives at the answer.",
        )
        answer: str = Field(
            min_length=1,
            description="The final answer by itself: a number with its unit, a name, a date, an "
            "option, yes or no.",
        )

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        reply = await ask(
            self.Draft,
            check=_fault,
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
        )
        steps = [_bare(step, number) for number, step in enumerate(reply.steps, 1)]
        answer = _unlabelled(reply.answer)
        solution = [
            *([reply.setup] if reply.setup else []),
            "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            f"Answer: {answer}",
        ]
        return Sample.pair(
            reply.problem,
            "\n\n".join(solution),
            answer=answer,
            steps=tuple(Step(step) for step in steps),
            passage=seed.passage,
        )


def _fault(reply: Reasoning.Draft) -> str | None:
    return None if _unlabelled(reply.answer) else "'answer' is empty but for a label"


def _unlabelled(answer: str) -> str:
    found = _LABEL.match(answer)
    return answer[found.end() :] if found else answer


def _bare(step: str, number: int) -> str:
    """The step without a number of its own in front, where it is this step's number."""
    found = _NUMBER.match(step)
    if found and int(found[1] or found[2]) == number:
        return step[found.end() :]
    return step
