"""Instruction pairs."""

from __future__ import annotations

from typing import Annotated

import orjson
from pydantic import BaseModel, Field, StringConstraints, model_validator

from ..records import Ask, Constraint, Draw, Sample, Seed
from .base import Generator, variant

__all__ = ["Instruction"]

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Instruction(Generator):
    """A new instruction in the seed's field, and the response to it.

    Draws of one seed differ in what is asked for (an explanation, a decision, a repair ...) and
    in how (in a hurry, in several parts, with a detail left open ...), as real requests do.
    """

    kind = "instruction"

    system: str = ""
    """A system message that all pairs stand under; by default they have none."""

    draft_system: bool = False
    """Whether a system message of its own is drafted with each pair, which the response obeys."""

    constraints: tuple[Sentence, ...] = ()
    """Requirements on the response, in words, such as "Answer only in JSON." Each draw takes the
    next one; it is put behind the instruction, and is recorded in the sample."""

    class Draft(BaseModel, str_strip_whitespace=True):
        """An instruction and its response."""

        instruction: str = Field(
            min_length=1, description="What the user types, complete with all that it refers to."
        )
        response: str = Field(
            min_length=1, description="The assistant's whole answer to it, and nothing else."
        )

    class System(BaseModel, str_strip_whitespace=True):
        """A system message."""

        system: str = Field(
            min_length=1,
            description="The system message: what the assistant is there for, how it speaks, and "
            "its rules, addressed to it as 'you'.",
        )

    class SystemDraft(Draft, System):  # pydantic puts the fields of the last base first
        """A system message, an instruction under it, and a response that obeys it."""

    @model_validator(mode="after")
    def _one_source_of_system_messages(self) -> Instruction:
        if self.system.strip() and self.draft_system:
            raise ValueError(
                "'system' gives a fixed system message and 'draft_system' asks for drafted ones; "
                "set only one of them"
            )
        return self

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        constraint = self._constraint(seed, draw)
        form: type[Instruction.Draft] = self.SystemDraft if self.draft_system else self.Draft
        reply = await ask(
            form,
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            system=self.system.strip(),
            draft_system=self.draft_system,
            constraint=constraint,
        )
        return Sample.pair(
            _with_constraint(reply.instruction, constraint),
            reply.response,
            system=reply.system if isinstance(reply, self.SystemDraft) else self.system.strip(),
            passage=seed.passage,
            constraints=_recorded(constraint),
        )

    def _constraint(self, seed: Seed, draw: Draw) -> str:
        if not self.constraints:
            return ""
        place = variant(seed, draw, of=1)
        return self.constraints[place % len(self.constraints)]


def _with_constraint(instruction: str, constraint: str) -> str:
    """The instruction with the constraint as its last sentence, once."""
    if not constraint or instruction.endswith(constraint):
        return instruction
    gap = "\n\n" if "\n" in instruction else " "
    return instruction + gap + constraint


def _recorded(constraint: str) -> tuple[Constraint, ...]:
    if not constraint:
        return ()
    return (Constraint(kind="text", arguments=orjson.dumps({"text": constraint}).decode()),)
