"""Preference pairs: a good response, and a worse one."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from ..checks import normalise
from ..checks.evolution import fault_of_what_is_not_there
from ..checks.pairs import Likeness
from ..errors import ReplyError
from ..records import Ask, Attribute, Candidate, Draw, Flaw, Origin, Sample, Seed, Turn
from .attributes import Attributes
from .base import Generator, variant
from .contrast_replies import (
    EDITED,
    FLAW_NAMES,
    Answer,
    Edited,
    FlawName,
    Good,
    Prompt,
    Solved,
    Written,
    form_of_good,
    form_of_pair,
)
from .contrast_task import PairTask
from .shares import Shares

__all__ = ["Contrast"]

_NEED_A_PROMPT: frozenset[FlawName] = frozenset(
    {"wrong_premise", "over_refusal", "unsafe_compliance", "sycophancy", "leaked_system_prompt"}
)
"""Flaws that an instruction has to be made for; one that is given will not do."""

_WEIGHTS: TypeAdapter[dict[str, dict[str, int]]] = TypeAdapter(Attributes)


def _weights(given: object) -> object:
    """A flaw, a list of flaws or flaws with weights, as flaws with whole-number weights."""
    if not given:
        raise ValueError(f"name at least one flaw of {', '.join(FLAW_NAMES)}")
    listed = [given] if isinstance(given, str) else given
    weights = _WEIGHTS.validate_python({"flaw": listed})["flaw"]
    for name in weights:
        if name not in FLAW_NAMES:
            near = difflib.get_close_matches(name, FLAW_NAMES, 1)
            raise ValueError(
                f"there is no flaw {name!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FLAW_NAMES)}")
            )
    return weights


class Contrast(Generator):
    """A prompt, a chosen response, and a rejected one that is worse in a way that has a name.

    The halves must differ in the flaw and not in length or manner, which a reward model would
    learn instead. A flaw of a place (a wrong number, say) is put in by replacing words of the
    chosen response, so that all else stays as it is; and each flaw has a verifier that needs no
    model. What it finds goes into the sample's checks; a pair that it refuses is sent back.
    """

    kind = "contrast"
    scalar: ClassVar[str] = "flaws"
    not_in_id = Generator.not_in_id | {"rejected_model", "margin", "length_ratio"}
    thresholds = frozenset({"margin", "length_ratio"})
    own_attributes: ClassVar[frozenset[str]] = frozenset({"instruction_from"})

    flaws: Annotated[
        dict[FlawName, int],
        BeforeValidator(
            _weights, json_schema_input_type=FlawName | list[FlawName] | dict[FlawName, float]
        ),
    ] = Field(default_factory=lambda: dict.fromkeys(sorted(FLAW_NAMES), 1))
    """The flaws to draw from, a list or flaws with weights (`{wrong_number: 2, verbosity: 1}`);
    the draws of a seed go through them in these shares. By default all of them, alike."""

    method: Literal["draft", "corrupt", "candidates"] = "draft"
    """How the halves come about. `draft`: one call writes both. `corrupt`: a good response comes
    first (the seed's answer where it has one, which is taken to be right), and another call puts
    the flaw into it. `candidates`: several responses to one prompt (the seed's instruction where
    it has one) are judged, and two of them make the pair; `flaws` has no part in that."""

    candidates: int = Field(default=4, ge=2, le=16)
    """How many candidates are drawn for a prompt, at their model's own temperature."""

    margin: float = Field(default=0.2, gt=0, le=1)
    """By how much the score of the rejected candidate lies below that of the chosen one, at
    least; scores go from 0 to 1."""

    length_ratio: float = Field(default=1.35, gt=1)
    """How many times as long as the other one half of a pair of candidates may be, in characters.
    Worse candidates are often much shorter, or longer; pairs with them would teach length."""

    rejected_model: str = ""
    """The name of another model of the recipe, say the one that is to be trained, which writes the
    rejected half (`corrupt`) or all candidates (`candidates`)."""

    @model_validator(mode="after")
    def _options_fit(self) -> Contrast:
        if self.rejected_model and self.method == "draft":
            raise ValueError(
                "with the method 'draft' one call writes both halves, so that 'rejected_model' has"
                " nothing to write; say method: corrupt or candidates, or leave it out"
            )
        return self

    @property
    def other_models(self) -> Sequence[str]:
        return (self.rejected_model,) if self.rejected_model else ()

    @property
    def draws_candidates(self) -> bool:
        return self.method == "candidates"

    @cached_property
    def _shares(self) -> Shares:
        return Shares({str(name): weight for name, weight in self.flaws.items()})

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        if self.method == "candidates":
            return await self._candidates(seed, draw, ask)
        flaw = self._flaw(seed, draw)
        if self.method == "corrupt":
            return await self._corrupted(flaw, seed, draw, ask)
        template = f"contrast_{flaw}"
        task = PairTask.of(flaw, seed, draw)
        pair = await ask(
            form_of_pair(flaw),
            template=template,
            check=task.fault_in_written,
            **task.values("pair"),
        )
        origin = Origin(generator=self.title, template=template)
        return task.sample(pair, pair, origin, origin).with_(attributes=_attributes(draw))

    async def _corrupted(self, flaw: FlawName, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """A good response, and then the flaw in it."""
        template = f"contrast_{flaw}"
        good: Good | Solved
        given = False
        if _is_answered(seed) and flaw not in _NEED_A_PROMPT:
            given = True
            good = Good(instruction=seed.text, chosen=seed.answer)
            task = PairTask.of(flaw, seed, draw, good.chosen)
            origin = Origin(generator=self.title, draw=draw.number)
        else:
            task = PairTask.of(flaw, seed, draw)
            form: type[Any] = form_of_good(flaw)
            good = await ask(
                form, template=template, check=task.fault_in_good, **task.values("good")
            )
            origin = Origin(generator=self.title, template=template)
        bad: Edited | Written = await ask(
            Edited if flaw in EDITED else Written,
            template=template,
            model=self.rejected_model or None,
            check=partial(task.fault_in_pair, good),
            **task.values("reject", good),
        )
        rejected = Origin(generator=self.title, template=template, model=self.rejected_model)
        sample = task.sample(good, bad, origin, rejected)
        return sample.with_(attributes=_attributes(draw, given=given))

    async def _candidates(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """A prompt, and different answers to it."""
        instruction = seed.text if seed.instruction else ""
        if not instruction:
            prompt = await ask(
                Prompt,
                template="contrast_prompt",
                check=lambda prompt: fault_of_what_is_not_there(prompt.instruction),
                seed=seed,
                draw=draw,
                variant=variant(seed, draw),
            )
            instruction = prompt.instruction
        texts: dict[str, str] = {}
        for _ in range(self.candidates):
            reply = await ask(
                Answer,
                template="contrast_answer",
                model=self.rejected_model or None,
                seed=seed,
                instruction=instruction,
            )
            texts.setdefault(normalise(reply.response), reply.response)
        if len(texts) < 2:
            raise ReplyError(
                f"all {self.candidates} candidates are the same: give their model a higher"
                " temperature, or draw more of them",
                text=next(iter(texts.values())),
            )
        origin = Origin(generator=self.title, template="contrast_answer", model=self.rejected_model)
        return Sample(
            messages=(Turn("user", instruction),),
            candidates=tuple(Candidate(text) for text in texts.values()),
            passage=seed.passage,
            attributes=_attributes(draw, given=bool(seed.instruction)),
            origin=origin,
        )

    def pair(self, sample: Sample) -> Sample:
        """A best candidate and one that is worse by the margin: of all such pairs the one whose
        halves are nearest in length, so that training learns what is better and not what is
        longer. Which of them is longer is drawn, where there are pairs of both kinds that are
        near enough.

        Raises:
            ReplyError: no candidate is worse by so much, or none of those is near in length.
        """
        scored = [(c.score, c.text) for c in sample.candidates if c.score is not None]
        if not scored:
            raise ReplyError("no judge gave the candidates a score, so there is none to pair by")
        best = max(score for score, _ in scored)
        # Scores are sums of rounded shares: 0.9 - 0.7 is a margin of 0.2.
        pairs = [
            (score, chosen, rejected)
            for top, chosen in scored
            for score, rejected in scored
            if best - top < 1e-9 and best - score >= self.margin - 1e-9
        ]
        if not pairs:
            lowest = min(score for score, _ in scored)
            raise ReplyError(
                f"the {len(scored)} candidates score from {lowest:.2f} to {best:.2f}: none is"
                f" worse than the best by the margin of {self.margin:g}"
            )
        near = Likeness(self.length_ratio)
        drawn = Likeness.drawn(self.length_ratio, "\n".join(text for _, text in scored))
        score, chosen, rejected = min(
            pairs,
            key=lambda pair: (
                not near.check(*pair[1:]).passed,
                not drawn.check(*pair[1:]).passed,
                abs(math.log(max(1, len(pair[2])) / max(1, len(pair[1])))),
            ),
        )
        alike = near.check(chosen, rejected)
        if not alike.passed:
            raise ReplyError(
                f"no candidate that is worse by the margin is within {self.length_ratio:g} times"
                f" the length of the best, or the other way round (the nearest: {alike.detail});"
                " 'length_ratio' says how far apart they may be"
            )
        return sample.with_(
            messages=(*sample.messages, Turn("assistant", chosen)),
            rejected=(*sample.messages, Turn("assistant", rejected)),
            flaw=Flaw("lower_score", f"{score:.2f} against {best:.2f}"),
            checks=(*sample.checks, alike),
        )

    def _flaw(self, seed: Seed, draw: Draw) -> FlawName:
        """The flaw of a draw; where a response is given, the next one that it has room for."""
        key = b"flaw" + bytes.fromhex(seed.id)
        drawn = cast(FlawName, self._shares.at(key, draw.number))
        if self.method != "corrupt" or not _is_answered(seed):
            return drawn
        names = list(self.flaws)
        at = names.index(drawn)
        in_turn = [*names[at:], *names[:at]]
        return next((name for name in in_turn if _has_room(name, seed, draw)), drawn)


def _attributes(draw: Draw, *, given: bool = False) -> tuple[Attribute, ...]:
    """Where the instruction comes from, and what was sampled for it, unless it is given."""
    sampled = {} if given else draw.attributes
    named = {"instruction_from": "the seed" if given else "the model", **sampled}
    return tuple(Attribute(name, value) for name, value in named.items())


def _is_answered(seed: Seed) -> bool:
    return bool(seed.instruction.strip() and seed.answer.strip())


def _has_room(flaw: FlawName, seed: Seed, draw: Draw) -> bool:
    """Whether the flaw can be put into the seed's answer."""
    answer = seed.answer
    if flaw == "wrong_number":
        return any(c.isdigit() for c in answer)
    if flaw == "wrong_entity":
        return any(word[0].isupper() for word in answer.split()[1:])
    if flaw in ("wrong_step", "missed_part", "vagueness"):
        return len(answer.split()) >= 20
    if flaw == "broken_constraint":
        return bool(PairTask.of(flaw, seed, draw, answer).asked.verifiable)
    return True
