"""Problems with a chain of thought that is checked step by step."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import orjson
from pydantic import BaseModel, Field, StringConstraints, model_validator

from ..checks.answers import answers_agree, final_answer
from ..checks.quotes import Place, find_quote
from ..checks.traces import Trace, bare_answer, bare_step, check_agreement, check_trace
from ..errors import ReplyError
from ..records import Ask, Check, Constraint, Draw, Origin, Sample, Seed, Span
from .base import Generator, variant
from .reasoning_code import Function, fault_in_function, run_function

__all__ = ["Reasoning"]

StepText = Annotated[str, StringConstraints(min_length=1)]

_SETUP = (
    "What is given, what is wanted, and the equation, rule or test that leads from one to the "
    "other."
)
_ANSWER = (
    "The final answer by itself: a number with its unit, a name, a date, an option, yes or no."
)


class Reasoning(Generator):
    """A problem, a set-up, numbered steps, and a final answer kept apart.

    Every arithmetic statement is recomputed, and the steps must arrive at the answer; a draft that
    fails is sent back with what is wrong. Each step of the sample has its verdict. The options add
    what else is checked: other solutions of the same problem, a known answer, quotes, or tests.
    """

    kind = "reasoning"
    not_in_id: ClassVar[frozenset[str]] = Generator.not_in_id | {"min_agreement", "unverified"}
    thresholds: ClassVar[frozenset[str]] = frozenset({"min_agreement", "unverified"})

    solve: bool = False
    """Whether the seed's own problem is solved, instead of a new one in its field. Takes seeds with
    a known answer; a solution that arrives at another one fails, and is not told the right one
    (rejection sampling, as in STaR, arXiv 2203.14465): set `draws` to how many are tried."""

    cite: bool = False
    """Whether each step quotes the passage that it rests on, word for word, for problems of law or
    diagnosis. Takes seeds with a passage, which becomes part of the problem."""

    code: bool = False
    """Whether the problem asks for a Python function. The function is drafted with tests, which
    are run in a sandbox; where there is no sandbox they are not run, and the check says so."""

    agreement: int = Field(default=0, ge=0, le=32)
    """How many more solutions of the same problem are drafted, each by itself, to compare their
    final answers with (self-consistency, arXiv 2203.11171)."""

    min_agreement: float = Field(default=0.0, ge=0, le=1)
    """The least share of those solutions, from 0 to 1, that must arrive at the same answer; a
    sample below it fails. With 0 none fails, and the check is passed by more than half."""

    unverified: Literal["keep", "fail"] = "keep"
    """What becomes of a sample of which a check that the options ask for cannot tell whether it is
    right: where an answer cannot be compared, or tests cannot be run."""

    class Solution(BaseModel, str_strip_whitespace=True):
        """A solution."""

        setup: str = Field(description=_SETUP)
        steps: list[StepText] = Field(
            min_length=2,
            description="The steps in order, one inference each, without numbers in front; the "
            "last one arrives at the answer.",
        )
        answer: str = Field(min_length=1, description=_ANSWER)

    class Draft(BaseModel, str_strip_whitespace=True):
        """A problem and its solution."""

        problem: str = Field(
            min_length=1, description="The problem, complete with all that its solution uses."
        )
        setup: str = Field(description=_SETUP)
        steps: list[StepText] = Field(
            min_length=2,
            description="The steps in order, one inference each, without numbers in front; the "
            "last one arrives at the answer.",
        )
        answer: str = Field(min_length=1, description=_ANSWER)

    class CitedStep(BaseModel, str_strip_whitespace=True):
        """A step and what it rests on."""

        text: StepText = Field(description="The inference, without a number in front.")
        quote: StepText = Field(
            description="The words of the passage that it rests on, copied character for character."
        )

    class CitedDraft(BaseModel, str_strip_whitespace=True):
        """A problem about a passage and its solution."""

        problem: str = Field(
            min_length=1, description="The problem, complete with all but the passage."
        )
        setup: str = Field(description=_SETUP)
        steps: list[Reasoning.CitedStep] = Field(
            min_length=2, description="The steps in order; the last one arrives at the answer."
        )
        answer: str = Field(min_length=1, description=_ANSWER)

    @model_validator(mode="after")
    def _options_go_together(self) -> Reasoning:
        ways = [name for name in ("solve", "cite", "code") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} exclude each other; use two generators")
        if self.code and self.agreement:
            raise ValueError("agreement compares final answers, and with code there are none")
        if self.min_agreement and not self.agreement:
            raise ValueError("min_agreement needs agreement, the number of solutions to compare")
        return self

    @property
    def needs(self) -> str:
        if self.solve:
            return "tasks with a known answer"
        return "passages of documents" if self.cite else super().needs

    def accepts(self, seed: Seed) -> bool:
        if self.solve:
            return bool(seed.passage is None and seed.instruction.strip() and seed.answer.strip())
        return super().accepts(seed) and not (self.cite and seed.passage is None)

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        if self.code:
            return await self._programmed(seed, draw, ask)
        if self.solve:
            sample = await self._solved(seed, draw, ask)
        elif self.cite:
            sample = await self._cited(seed, draw, ask)
        else:
            sample = await self._drafted(seed, draw, ask)
        if self.agreement:
            sample = await self._compared(sample, ask)
        return self._verified(sample)

    async def _drafted(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        reply = await ask(
            self.Draft,
            check=lambda given: _fault(given.problem, given.setup, given.steps, given.answer),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            cite=False,
        )
        trace = _trace(reply.problem, reply.setup, reply.steps, reply.answer)
        return _sample(reply.problem, reply.setup, trace, reply.answer, seed)

    async def _cited(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """A problem about a passage, each step with the words that it rests on."""
        assert seed.passage is not None
        text = seed.passage.text
        reply = await ask(
            self.CitedDraft,
            check=functools.partial(_cited_fault, text),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            cite=True,
        )
        places = [find_quote(step.quote, text, any_place=True) for step in reply.steps]
        spans = tuple(
            Span(f"step {number}", place.start, place.end, text[place.start : place.end])
            for number, place in enumerate(places, 1)
            if isinstance(place, Place)
        )
        trace = _trace(
            reply.problem, reply.setup, [step.text for step in reply.steps], reply.answer
        )
        sample = _sample(
            f"{text}\n\n{reply.problem}", reply.setup, trace, reply.answer, seed, spans
        )
        found = Check("quotes", True, f"{len(spans)} quotes stand in the passage")
        return sample.with_(spans=spans, checks=(*sample.checks, found))

    async def _solved(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """The seed's own problem, solved without knowing the answer that it is compared with."""
        number = variant(seed, draw)
        reply = await self._solution(seed.text, number, ask)
        trace = _trace(seed.text, reply.setup, reply.steps, reply.answer)
        sample = _sample(seed.text, reply.setup, trace, reply.answer, seed)
        known = final_answer(seed.answer) or seed.answer
        same = await answers_agree(bare_answer(reply.answer), known)
        if same is False:
            raise ReplyError(
                f"the solution arrives at {reply.answer[:80]!r}, and the known answer is"
                f" {known[:80]!r}",
                text=reply.model_dump_json(),
            )
        detail = f"it is {known[:80]}" if same else f"cannot be compared with {known[:80]}"
        return sample.with_(checks=(*sample.checks, Check("known answer", same, detail)))

    async def _solution(self, problem: str, number: int, ask: Ask) -> Reasoning.Solution:
        return await ask(
            self.Solution,
            template="reasoning_solve",
            check=lambda given: _fault(problem, given.setup, given.steps, given.answer),
            problem=problem,
            number=number,
        )

    async def _compared(self, sample: Sample, ask: Ask) -> Sample:
        """The sample with what other solutions of its problem say of the answer."""
        assert sample.answer is not None
        # Each reply is waited for, so that none is paid for and lost when another one fails.
        replies = await asyncio.gather(
            *(self._solution(sample.instruction, each, ask) for each in range(self.agreement)),
            return_exceptions=True,
        )
        others: list[tuple[str, bool | None]] = []
        for reply in replies:
            if isinstance(reply, ReplyError):
                others.append(("", False))
            elif isinstance(reply, BaseException):
                raise reply
            else:
                other = bare_answer(reply.answer)
                others.append((other, await answers_agree(other, sample.answer)))
        check, share = check_agreement(sample.answer, others, self.min_agreement)
        if share is not None and share < self.min_agreement:
            raise ReplyError(f"too few other solutions agree ({check.detail})")
        main = "reasoning_solve" if self.solve else self.kind
        return sample.with_(
            checks=(*sample.checks, check), origin=Origin(self.title, template=main)
        )

    async def _programmed(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """A function with tests. A draft whose tests fail is sent back once with what they say."""
        failed, earlier = "", ""
        for _ in range(2):
            reply = await ask(
                Function,
                template="reasoning_code",
                check=fault_in_function,
                seed=seed,
                draw=draw,
                variant=variant(seed, draw),
                failed=failed,
                earlier=earlier,
            )
            check = await run_function(reply)
            if check.passed is not False:
                break
            failed, earlier = check.detail, f"{reply.code}\n\n{reply.tests}"
        if check.passed is False:
            raise ReplyError(f"the tests fail: {failed}", text=reply.model_dump_json())
        trace = check_trace(reply.problem, reply.setup, _bare(reply.steps), "")
        code = f"```python\n{reply.code}\n```"
        sample = Sample.pair(
            reply.problem,
            "\n\n".join([*_worked(reply.setup, [s.text for s in trace.steps]), code]),
            answer=reply.code,
            steps=trace.steps,
            constraints=(
                Constraint(
                    "python_tests", orjson.dumps({"tests": reply.tests}).decode(), check.passed
                ),
            ),
            passage=seed.passage,
            checks=(trace.checks[0], check),
        )
        return self._verified(sample)

    def _verified(self, sample: Sample) -> Sample:
        """The sample, where what the options ask for is known.

        Raises:
            ReplyError: a check cannot tell, and such samples are to fail.
        """
        asked = ("known answer", "agreement", "tests")
        for check in sample.checks:
            if check.passed is None and check.name in asked and self.unverified == "fail":
                raise ReplyError(f"{check.name}: {check.detail}; `unverified: keep` keeps it")
        return sample


def _fault(problem: str, setup: str, steps: Sequence[str], answer: str) -> str | None:
    if not bare_answer(answer):
        return "'answer' is empty but for a label"
    return _trace(problem, setup, steps, answer).fault


def _cited_fault(passage: str, reply: Reasoning.CitedDraft) -> str | None:
    for number, step in enumerate(reply.steps, 1):
        place = find_quote(step.quote, passage, any_place=True)
        if isinstance(place, str):
            return f"step {number}: {place}"
    texts = [step.text for step in reply.steps]
    return _fault(reply.problem, reply.setup, texts, reply.answer)


def _trace(problem: str, setup: str, steps: Sequence[str], answer: str) -> Trace:
    return _checked(problem, setup, tuple(_bare(steps)), bare_answer(answer))


@functools.lru_cache(maxsize=64)
def _checked(problem: str, setup: str, steps: tuple[str, ...], answer: str) -> Trace:
    """Of a reply that is taken, what was said when it was looked at."""
    return check_trace(problem, setup, steps, answer)


def _bare(steps: Sequence[str]) -> list[str]:
    return [bare_step(step, number) for number, step in enumerate(steps, 1)]


def _worked(setup: str, steps: Sequence[str]) -> list[str]:
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return [*([setup] if setup else []), numbered]


def _sample(
    problem: str, setup: str, trace: Trace, answer: str, seed: Seed, spans: Sequence[Span] = ()
) -> Sample:
    """A sample of a problem with its solution; a step that quotes shows its quote."""
    answer = bare_answer(answer)
    texts = [step.text for step in trace.steps]
    for place, span in enumerate(spans):
        texts[place] = f"{texts[place]} (“{' '.join(span.quote.split())}”)"
    return Sample.pair(
        problem,
        "\n\n".join([*_worked(setup, texts), f"Answer: {answer}"]),
        answer=answer,
        steps=trace.steps,
        passage=seed.passage,
        checks=trace.checks,
    )
