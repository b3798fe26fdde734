"""Instruction pairs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, StringConstraints, model_validator

from ..checks.evolution import (
    fault_of_answer,
    fault_of_evolved,
    fault_of_new,
    fault_of_translated,
)
from ..checks.texts import normalise, split_words
from ..errors import RecipeError
from ..records import Ask, Attribute, Check, Draw, Sample, Seed
from ..records.shapes import Task
from .asked_constraints import AskedConstraints, Choice, choices
from .base import Generator, variant
from .examples import read_examples

if TYPE_CHECKING:
    from ..checks.constraints import VerifiableConstraint

__all__ = ["Instruction"]

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Mode = Literal["new", "evolve", "bootstrap", "back_translate"]
Operation = Literal["deepen", "constrain", "concretise", "widen"]


class Instruction(Generator):
    """An instruction and the response to it, made of a seed in one of four ways.

    Draws of one seed differ in what is asked for (an explanation, a decision, a repair ...) and
    in how (in a hurry, in several parts, with a detail left open ...), as real requests do.
    Constraints on the response can be drawn from the 25 verifiable kinds of IFEval; a draft that
    breaks one of its own is sent back.
    """

    kind = "instruction"

    mode: Mode = "new"
    """How the instruction is made. `new`: another one in the seed's field. `evolve`: the seed's
    task, made harder or varied (Evol-Instruct). `bootstrap`: a new one after several examples
    (Self-Instruct). `back_translate`: one to which the seed's passage or answer is the response,
    word for word (instruction back-translation)."""

    operations: tuple[Operation, ...] = ("deepen", "constrain", "concretise", "widen")
    """With `evolve`: what is done to the instruction; draws and rounds take them in turn."""

    rounds: int = Field(default=1, ge=1, le=5)
    """With `evolve`: how many times in a row the instruction is evolved, each in a call of its
    own."""

    examples: str = ""
    """With `bootstrap`: a JSON Lines file of tasks to show as examples."""

    shown: int = Field(default=4, ge=1, le=16)
    """With `bootstrap`: how many of them each draw sees beside the seed, other ones each time."""

    system: str = ""
    """A system message that all pairs stand under; by default they have none."""

    draft_system: bool = False
    """Whether a system message of its own is drafted with each pair, which the response obeys."""

    constraints: tuple[Sentence, ...] = ()
    """Requirements on the response, in words, such as "Answer only in JSON." Each draw takes the
    next one; it is put behind the instruction, and is recorded in the sample."""

    verifiable: int = Field(default=0, ge=0, le=5)
    """How many verifiable constraints each instruction gets; fewer where not so many of those
    that it may have go together. They are put behind the instruction in words and checked. None
    is about the length or the language of the response where that is an attribute."""

    verifiable_kinds: tuple[Choice, ...] = ()
    """Which constraints to draw from: kinds such as `keywords:existence`, families such as
    `keywords`, or kinds with their arguments, such as `length_constraints:number_words:
    {relation: at least, num_words: 100}`; by default all 25 kinds."""

    _among: tuple[str | VerifiableConstraint, ...] = PrivateAttr(default=())
    _examples: tuple[Task, ...] = PrivateAttr(default=())
    _known: tuple[tuple[str, ...], ...] = PrivateAttr(default=())

    class Request(BaseModel, str_strip_whitespace=True):
        """An instruction."""

        instruction: str = Field(
            min_length=1, description="What the user types, complete with all that it refers to."
        )

    class Draft(Request):
        """An instruction and its response."""

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
    def _options_fit(self) -> Instruction:
        if self.system.strip() and self.draft_system:
            raise ValueError(
                "'system' gives a fixed system message and 'draft_system' asks for drafted ones; "
                "set only one of them"
            )
        if self.mode == "back_translate" and (self.system or self.draft_system or self.constraints):
            raise ValueError(
                "with mode 'back_translate' the response is a text that exists, which can obey no "
                "'system', 'draft_system' or 'constraints'; leave them out"
            )
        if self.mode == "bootstrap" and not self.examples:
            raise ValueError("mode 'bootstrap' needs 'examples', a JSON Lines file of tasks")
        if self.examples and self.mode != "bootstrap":
            raise ValueError(f"mode {self.mode!r} shows no 'examples'; only 'bootstrap' does")
        if not self.operations:
            raise ValueError("'operations' is empty; leave it out for all four")
        if self.verifiable_kinds and not self.verifiable:
            raise ValueError(
                "'verifiable_kinds' is without effect while 'verifiable', the number of "
                "constraints, is 0"
            )
        if self.mode == "back_translate" and "length" in self.attributes:
            raise ValueError(
                "with mode 'back_translate' the response is a text that exists, so that its length "
                "cannot be sampled; leave the attribute 'length' out"
            )
        if self.verifiable:
            self._among = choices(self.verifiable_kinds, self.attributes)
        return self

    def prepare(self, folder: Path) -> None:
        """Read the examples.

        Raises:
            RecipeError: the file cannot be read, or has fewer tasks than are to be shown.
        """
        if not self.examples:
            return
        found = read_examples(folder / self.examples, f"{self.title}.examples")
        if len(found) <= self.shown:
            raise RecipeError(
                f"{self.title}.examples: {folder / self.examples} has {len(found)} tasks, but "
                f"{self.shown} are shown at a time; more are needed, so that draws differ"
            )
        self._examples = tuple(found)
        self._known = tuple(tuple(split_words(task.instruction.lower())) for task in found)

    @property
    def contents(self) -> Any:
        return [list(task) for task in self._examples] or None

    @property
    def needs(self) -> str:
        return {
            "new": super().needs,
            "back_translate": "passages of documents, or tasks with an answer",
        }.get(self.mode, "tasks (an instruction each)")

    def accepts(self, seed: Seed) -> bool:
        if self.mode == "back_translate":
            return bool(_text_of(seed).strip())
        if self.mode == "new":
            return bool(seed.text.strip())
        return bool(seed.instruction.strip())

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        asked = self._asked(seed, draw)
        if self.mode == "back_translate":
            return await self._back_translated(seed, draw, ask, asked)
        if self.mode == "evolve":
            return await self._evolved(seed, draw, ask, asked)
        known: Sequence[Sequence[str]] = ()
        values: dict[str, Any] = {}
        template = None
        if self.mode == "bootstrap":
            template, values["examples"] = "instruction_bootstrap", self._shown(seed, draw)
            known = (*self._known, tuple(split_words(seed.instruction.lower())))

        def fault(reply: Instruction.Draft) -> str | None:
            return (
                fault_of_new(reply.instruction, known)
                or _fault_of_echo(reply)
                or asked.fault(reply.instruction, reply.response)
            )

        reply = await self._pair(seed, draw, ask, asked, fault, template, values)
        checks = (Check("new instruction", True, "unlike those that exist"),) if known else ()
        return self._sample(seed, reply, asked, checks=checks)

    async def _evolved(self, seed: Seed, draw: Draw, ask: Ask, asked: AskedConstraints) -> Sample:
        """Evolve the seed's task, round by round; the last round drafts the response too."""
        sources = [seed.text]
        first = variant(seed, draw)
        operations = [
            self.operations[(first + number) % len(self.operations)]
            for number in range(self.rounds)
        ]

        def fault(reply: Instruction.Request) -> str | None:
            return fault_of_evolved(sources, reply.instruction)

        for operation in operations[:-1]:
            step = await ask(
                self.Request,
                template="instruction_evolve",
                check=fault,
                **self._values(
                    seed, draw, AskedConstraints(), source=sources[-1], operation=operation
                ),
            )
            sources.append(step.instruction)

        def fault_of_pair(reply: Instruction.Draft) -> str | None:
            return (
                fault(reply)
                or fault_of_answer(reply.response)
                or _fault_of_echo(reply)
                or asked.fault(reply.instruction, reply.response)
            )

        values = {"source": sources[-1], "operation": operations[-1]}
        reply = await self._pair(
            seed, draw, ask, asked, fault_of_pair, "instruction_evolve", values
        )
        done = ", then ".join(operations)
        return self._sample(
            seed,
            reply,
            asked,
            checks=(
                Check("evolved", True, f"{done}: differs from its source, stands on its own"),
                Check("answered", True, "no refusal, no apology"),
            ),
            attributes=(
                *(Attribute(name, value) for name, value in draw.attributes.items()),
                Attribute("evolution", done),
            ),
        )

    async def _back_translated(
        self, seed: Seed, draw: Draw, ask: Ask, asked: AskedConstraints
    ) -> Sample:
        text = _text_of(seed)
        reply = await ask(
            self.Request,
            template="instruction_back_translate",
            check=lambda reply: fault_of_translated(text, reply.instruction),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            text=text,
            sentences=asked.sentences,
        )
        pair = self.Draft.model_construct(instruction=reply.instruction, response=text)
        found = Check("back-translated", True, "the response is the text, word for word")
        return self._sample(seed, pair, asked, checks=(found,))

    async def _pair(
        self,
        seed: Seed,
        draw: Draw,
        ask: Ask,
        asked: AskedConstraints,
        fault: Callable[[Any], str | None],
        template: str | None,
        values: Mapping[str, Any],
    ) -> Draft:
        form: type[Instruction.Draft] = self.SystemDraft if self.draft_system else self.Draft
        return await ask(
            form,
            template=template,
            check=fault,
            **self._values(
                seed, draw, asked, draft_system=self.draft_system, answered=True, **values
            ),
        )

    def _values(
        self, seed: Seed, draw: Draw, asked: AskedConstraints, **values: Any
    ) -> dict[str, Any]:
        """What every template of an instruction is given."""
        return {
            "seed": seed,
            "draw": draw,
            "variant": variant(seed, draw),
            "system": self.system.strip(),
            "draft_system": False,
            "answered": False,
            "sentences": asked.sentences,
            "repeats": asked.repeats,
            **values,
        }

    def _sample(self, seed: Seed, reply: Draft, asked: AskedConstraints, **fields: Any) -> Sample:
        checks = (*fields.pop("checks", ()), *asked.checks(reply.instruction, reply.response))
        return Sample.pair(
            asked.instruction(reply.instruction),
            reply.response,
            system=reply.system if isinstance(reply, self.SystemDraft) else self.system.strip(),
            passage=seed.passage,
            constraints=asked.recorded(reply.instruction, reply.response),
            checks=checks,
            **fields,
        )

    def _asked(self, seed: Seed, draw: Draw) -> AskedConstraints:
        """The constraints of a draw."""
        text = ""
        if self.constraints:
            text = self.constraints[variant(seed, draw, of=1) % len(self.constraints)]
        if not self.verifiable:
            return AskedConstraints(text)
        from ..checks.constraints import draw_constraints, subject_words

        # Chance that knows the seed and the draw alone, so that it is the same in every process.
        dice = random.Random(f"{seed.id} {draw.number}")
        first = variant(seed, draw, of=2) % len(self._among)
        drawn = draw_constraints(
            dice,
            self.verifiable,
            (*self._among[first:], *self._among[:first]),
            subject_words(seed.text),
            _text_of(seed) if self.mode == "back_translate" else None,
        )
        return AskedConstraints(text, tuple((made, dice.randrange(60)) for made in drawn))

    def _shown(self, seed: Seed, draw: Draw) -> Sequence[Task]:
        """The examples of a draw, without the seed's own task."""
        others = [task for task in self._examples if task.instruction != seed.instruction]
        dice = random.Random(f"{seed.id} {draw.number} examples")
        return dice.sample(others, min(self.shown, len(others)))


def _fault_of_echo(reply: Instruction.Draft) -> str | None:
    if normalise(reply.response) != normalise(reply.instruction):
        return None
    return "the response is the instruction once more; answer it"


def _text_of(seed: Seed) -> str:
    """The text that an instruction is written to: the passage, or else the known answer."""
    return seed.answer if seed.passage is None else seed.passage.text
