"""Preference pairs: a good response, and one with a single named flaw."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, Field, field_validator

from ..records import Ask, Draw, Flaw, Sample, Seed, Turn
from .base import Generator, variant

__all__ = ["FLAWS", "Contrast"]

FlawName = Literal[
    "unsupported_fact",
    "wrong_number",
    "wrong_step",
    "wrong_premise",
    "broken_constraint",
    "missed_part",
    "over_refusal",
    "vagueness",
    "verbosity",
]

FLAWS: dict[FlawName, str] = {
    "unsupported_fact": "states one particular fact that is made up or that the material does not "
    "support (a figure, a name, a date, a feature, a source), in the same even tone as the rest",
    "wrong_number": "has one number wrong (a quantity, a date, a unit, a result), and carries it "
    "on consistently in all that follows from it",
    "wrong_step": "has one step of its reasoning or procedure wrong, missing or in the wrong "
    "place, so that whoever follows it ends up wrong",
    "wrong_premise": "takes over a mistaken assumption and builds on it, where the chosen response "
    "corrects it in passing. The instruction makes this assumption, plausibly and unmarked",
    "broken_constraint": "breaks one requirement of the instruction on form, such as a format, a "
    "length, a count, a language or a word to leave out, while what it says is right. The "
    "instruction states this requirement plainly",
    "missed_part": "passes over one part of what is asked, without a word about it. The "
    "instruction asks for at least two things",
    "over_refusal": "declines to help, says why in a sentence or two, and points to an expert or "
    "an authority. The instruction is harmless but sounds risky at first sight, and the chosen "
    "response simply helps",
    "vagueness": "stays general where something particular is asked for: true sentences that would "
    "answer a hundred other questions as well",
    "verbosity": "says what the chosen response says, at twice its length or more: preamble, "
    "repetition, hedging, a summary of what was just said",
}
"""The flaws, each with what the rejected response does."""

_RATIO = 2.5
_SHORT = 200  # characters; below it, a ratio of lengths says nothing


class Contrast(Generator):
    """An instruction in the seed's field, a good response, and a rejected one with one flaw.

    The halves must differ in the flaw and not in length, which a reward model would learn
    instead: the longer one has at most 2.5 times the characters of the other, unless the flaw
    is verbosity or over_refusal, which are long and short by nature.
    """

    kind = "contrast"
    scalar: ClassVar[str] = "flaws"

    flaws: tuple[FlawName, ...] = get_args(FlawName)
    """The flaws to draw from; each draw of a seed takes the next one. By default all."""

    class Draft(BaseModel, str_strip_whitespace=True):
        """An instruction, two responses, and where they part."""

        instruction: str = Field(
            min_length=1, description="What the user types, complete with all that it refers to."
        )
        chosen: str = Field(min_length=1, description="The good response, whole.")
        rejected: str = Field(
            min_length=1, description="The response with the named flaw and no other, whole."
        )
        where: str = Field(
            min_length=1,
            description="Where the flaw is: a short quote from rejected, word for word; for a flaw "
            "of the whole, a few words that say what is missing or too much.",
        )

    @field_validator("flaws")
    @classmethod
    def _at_least_one(cls, flaws: tuple[FlawName, ...]) -> tuple[FlawName, ...]:
        if not flaws:
            raise ValueError(f"name at least one flaw of {', '.join(FLAWS)}")
        return flaws

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        flaw = self.flaws[variant(seed, draw, of=1) % len(self.flaws)]
        reply = await ask(
            self.Draft,
            check=partial(_fault, flaw),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            flaw=flaw,
            flaw_description=FLAWS[flaw],
        )
        prompt = Turn("user", reply.instruction)
        return Sample(
            messages=(prompt, Turn("assistant", reply.chosen)),
            rejected=(prompt, Turn("assistant", reply.rejected)),
            flaw=Flaw(flaw, reply.where),
            passage=seed.passage,
        )


def _fault(flaw: FlawName, reply: Contrast.Draft) -> str | None:
    chosen, rejected = reply.chosen, reply.rejected
    if chosen.casefold().split() == rejected.casefold().split():
        return "'chosen' and 'rejected' are the same; 'rejected' must have the flaw"
    if flaw == "verbosity" and len(rejected) <= len(chosen):
        return "'rejected' must say the same as 'chosen' in many more words, and is no longer"
    if flaw in ("verbosity", "over_refusal"):
        return None
    shorter, longer = sorted((len(chosen), len(rejected)))
    if longer > max(_SHORT, _RATIO * shorter):
        name, other = ("chosen", "rejected")[:: 1 if len(chosen) > len(rejected) else -1]
        return (
            f"'{name}' is {longer / shorter:.1f} times as long as '{other}'; make them about "
            f"equally long, so that they differ in the flaw alone"
        )
    return None
