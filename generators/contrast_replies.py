"""What a model is asked to write for a pair: the forms of its replies, flaw by flaw."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints

__all__ = [
    "EDITED",
    "FLAW_NAMES",
    "Answer",
    "Edited",
    "FlawName",
    "Good",
    "Prompt",
    "Solved",
    "Written",
    "form_of_good",
    "form_of_pair",
]

FlawName = Literal[
    "unsupported_fact",
    "wrong_number",
    "wrong_step",
    "wrong_entity",
    "outdated_claim",
    "wrong_premise",
    "broken_constraint",
    "missed_part",
    "over_refusal",
    "unsafe_compliance",
    "sycophancy",
    "leaked_system_prompt",
    "vagueness",
    "verbosity",
]
FLAW_NAMES: tuple[FlawName, ...] = get_args(FlawName)

EDITED: frozenset[FlawName] = frozenset(
    {"unsupported_fact", "wrong_number", "wrong_step", "wrong_entity", "outdated_claim"}
)
"""Flaws of a place: the rejected half is the chosen one with some words replaced, so that the
halves are alike in all else."""

Text = Annotated[str, StringConstraints(min_length=1)]
_ASKED = "What the user types, complete with all that it refers to."


class Good(BaseModel, str_strip_whitespace=True):
    """An instruction, and a good response."""

    instruction: Text = Field(description=_ASKED)
    chosen: Text = Field(description="The good response, whole.")


class Solved(BaseModel, str_strip_whitespace=True):
    """A problem, and its solution in steps."""

    instruction: Text = Field(description=_ASKED)
    steps: list[Text] = Field(
        min_length=2, description="The steps in order, one inference each, without numbers."
    )
    answer: Text = Field(description="The final answer by itself.")

    @property
    def chosen(self) -> str:
        """The whole response."""
        numbered = (f"{number}. {step}" for number, step in enumerate(self.steps, 1))
        return "\n".join([*numbered, "", f"Answer: {self.answer}"])


class System(BaseModel, str_strip_whitespace=True):
    """A system message."""

    system: Text = Field(description="The system message, addressed to the assistant as you.")


class Written(BaseModel, str_strip_whitespace=True):
    """A rejected response."""

    rejected: Text = Field(description="The response with the named flaw and no other, whole.")
    where: Text = Field(
        description="Where the flaw is: a short quote from rejected, word for word; for a flaw of "
        "the whole, a few words that say what is missing or too much."
    )


class Edit(BaseModel):
    """Words of the chosen response, and what stands there instead."""

    quote: Text = Field(description="Words of chosen, exactly, which occur in it only once.")
    instead: str = Field(description="What the rejected response has in their place.")


class Edited(BaseModel):
    """A rejected response, told by what changes in the chosen one."""

    edits: list[Edit] = Field(min_length=1, max_length=6, description="What changes.")


class WrittenPair(Written, Good):  # pydantic puts the fields of the last base first
    """An instruction and both responses."""


class EditedPair(Edited, Good):
    """An instruction, the good response, and what changes in it."""


class EditedSolution(Edited, Solved):
    """A problem, its solution, and what changes in it."""


class SystemGood(Good, System):
    """A system message, an instruction under it, and a good response."""


class SystemPair(Written, SystemGood):
    """A system message, an instruction under it, and both responses."""


class Prompt(BaseModel, str_strip_whitespace=True):
    """An instruction."""

    instruction: Text = Field(description=_ASKED)


class Answer(BaseModel, str_strip_whitespace=True):
    """One candidate."""

    response: Text = Field(description="The whole answer to the user.")


def form_of_good(flaw: FlawName) -> type[Good | Solved]:
    """The form of an instruction with the good response to it."""
    if flaw == "wrong_step":
        return Solved
    return SystemGood if flaw == "leaked_system_prompt" else Good


def form_of_pair(flaw: FlawName) -> type[WrittenPair | EditedPair | EditedSolution | SystemPair]:
    """The form of an instruction with both responses."""
    if flaw == "wrong_step":
        return EditedSolution
    if flaw == "leaked_system_prompt":
        return SystemPair
    return EditedPair if flaw in EDITED else WrittenPair
