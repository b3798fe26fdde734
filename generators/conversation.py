"""Dialogues of several turns, played by two models."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from ..checks.dialogue import check_dialogue, check_plan
from ..checks.dialogue_acts import find_words
from ..checks.dialogue_plan import ARCS, Exchange, draw_plan, least_exchanges
from ..checks.dialogue_window import estimate_tokens
from ..checks.texts import normalise
from ..records import Ask, Attribute, Draw, Sample, Seed
from .base import Generator, variant
from .dialogue_forms import Scene, SceneWithSystem, scene_form
from .dialogue_play import Play

__all__ = ["Conversation"]

_LEAST_FACTS = 3
_LEAST_ROOM = 1_500
"""Tokens that must be left for the dialogue in a prompt."""

FRAME_TOKENS = 2_500
"""What a prompt has beside passage, scene and dialogue: our own words, the schema, and a reply
that is sent back with what is wrong with it."""


class Conversation(Generator):
    """A dialogue between a simulated user and an assistant, turn by turn, each turn annotated
    with its dialogue act, the earlier turns that it depends on, and the entities that it takes
    up from them.

    First a scene is drafted from the seed: who the user is, what they want and know, and the
    system message. Then two models play it, a call for each turn: the user's sees the user's side
    and the dialogue, the assistant's sees the system message, the passage and the dialogue. What
    the turns do follows a plan of acts, drawn for each dialogue from the seed's id and the draw's
    number; the user closes earlier when the goal is reached and nothing that was planned is
    outstanding, or when replies that do not help have used up their patience. Every turn is
    checked without a model before the next one is asked for.
    """

    kind = "conversation"
    scalar: ClassVar[str] = "turns"
    not_in_id: ClassVar[frozenset[str]] = Generator.not_in_id | {"user_model"}
    own_attributes: ClassVar[frozenset[str]] = frozenset(
        {"user", "goal", "patience", "plan", "ended_by"}
    )

    turns: tuple[int, int] = (6, 14)
    """Least and most turns of a dialogue, those of user and assistant together; even, from 4 to
    80. The system message is none."""

    acts: Mapping[str, float] = Field(
        default={"follow_up": 3, "clarify": 2, "refuse": 1, "change": 1, "correct": 1, "revise": 1}
    )
    """How often each of these is drawn, relative to the others, between opening and close:
    follow_up (a further question that needs what was said), clarify (the assistant asks back),
    refuse (the user asks for what the system message excludes), change (of subject, and the
    return), correct (a mistake of the assistant that the user disputes), revise (the user puts a
    detail of their own right). Those that are not named are not drawn."""

    patience: tuple[int, int] = (2, 4)
    """Least and most replies without help that a user bears before they give up."""

    system: str = ""
    """A system message that all dialogues stand under; it needs a sentence that says what the
    assistant does not do. By default one is drafted with each scene."""

    user_model: str = ""
    """The name of the model in the recipe that plays the user; by default the one that plays the
    assistant."""

    context_tokens: int = Field(default=8_000, ge=5_000)
    """Tokens that a prompt may have, reply not counted; estimated at four ASCII characters or one
    other a token. Of a dialogue that takes more, prompts show the last turns and those that are
    depended on, whole, and say which are left out. A seed whose text leaves less than 1,500 for
    the dialogue is not used."""

    @field_validator("turns")
    @classmethod
    def _an_even_range(cls, turns: tuple[int, int]) -> tuple[int, int]:
        least, most = turns
        if not 4 <= least <= most <= 80 or least % 2 or most % 2:
            raise ValueError(
                f"the least and the most turns are even, from 4 to 80, and the least comes first;"
                f" found {least} and {most}"
            )
        return turns

    @field_validator("patience")
    @classmethod
    def _a_range(cls, patience: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= patience[0] <= patience[1]:
            raise ValueError(
                "the least and the most replies that are borne are 1 or more, and the least comes"
                f" first; found {patience[0]} and {patience[1]}"
            )
        return patience

    @field_validator("acts")
    @classmethod
    def _known_acts(cls, acts: Mapping[str, float]) -> Mapping[str, float]:
        for name, weight in acts.items():
            if name not in ARCS:
                near = difflib.get_close_matches(name, ARCS, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(ARCS)}"
                raise ValueError(f"there is no {name!r} to draw; {hint}")
            if weight < 0:
                raise ValueError(f"the weight of {name} is {weight}; weights are 0 or more")
        return acts

    @model_validator(mode="after")
    def _acts_fit(self) -> Conversation:
        for name, weight in self.acts.items():
            turns = 2 * least_exchanges(name)
            if weight and turns > self.turns[1]:
                raise ValueError(
                    f"a dialogue with {name!r} has {turns} turns at least, and `turns` allows"
                    f" {self.turns[1]}: raise it, or leave the act out"
                )
        return self

    @property
    def other_models(self) -> Sequence[str]:
        return (self.user_model,) if self.user_model else ()

    @property
    def needs(self) -> str:
        room = self.context_tokens - FRAME_TOKENS - _LEAST_ROOM
        return f"seeds of which the text and `system` take at most {room:,} tokens together"

    def accepts(self, seed: Seed) -> bool:
        if not seed.text.strip():
            return False
        # The scene is drafted from a task with its answer, too.
        material = f"{seed.text}{seed.answer}" if seed.passage is None else seed.passage.text
        fixed = FRAME_TOKENS + estimate_tokens(material) + estimate_tokens(self.system)
        return fixed + _LEAST_ROOM <= self.context_tokens

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        # The same numbers for the same seed and draw in every process: a text seeds by its hash.
        roll = Random(f"{seed.id}/{draw.number}").random
        plan = draw_plan(roll, _between(roll, self.turns[0] // 2, self.turns[1] // 2), self.acts)
        patience = _between(roll, *self.patience)
        scene = await self._scene(seed, draw, ask, plan)
        system = scene.system if isinstance(scene, SceneWithSystem) else self.system.strip()
        play = Play(
            ask,
            seed,
            scene,
            system,
            plan,
            attributes=draw.attributes,
            patience=patience,
            least=self.turns[0] // 2,
            room=_room(self.context_tokens, seed, scene, system),
            user_model=self.user_model,
        )
        await play.run()
        messages = play.messages()
        attributes = {
            **draw.attributes,
            "user": scene.persona,
            "goal": scene.goal,
            "patience": str(patience),
            "plan": " ".join(f"{one.user}/{one.assistant}" for one in plan),
            "ended_by": play.ended_by,
        }
        return Sample(
            messages=messages,
            passage=seed.passage,
            attributes=tuple(Attribute(*pair) for pair in attributes.items()),
            checks=(*check_dialogue(messages), check_plan(plan, messages), *play.proofs()),
        )

    async def _scene(self, seed: Seed, draw: Draw, ask: Ask, plan: Sequence[Exchange]) -> Scene:
        counts: dict[str, Any] = {
            "facts": max(_LEAST_FACTS, 1 + _count(plan, "specify")),
            "subjects": max(1, _count(plan, "change")),
            "requests": max(1, _count(plan, "overstep")),
        }
        system = self.system.strip()
        return await ask(
            scene_form(Scene if system else SceneWithSystem, **counts),
            check=partial(_scene_fault, system, self.context_tokens, seed),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            system=system,
            **counts,
        )


def _scene_fault(system: str, context_tokens: int, seed: Seed, scene: Scene) -> str | None:
    for fact in scene.facts:
        if find_words(fact.words, fact.fact) is None:
            return f"{fact.words!r} is not copied from its fact, {fact.fact!r}"
    decisive = [normalise(fact.words) for fact in scene.facts]
    if len(set(decisive)) < len(decisive):
        return "two facts have the same decisive words"
    written = scene.system if isinstance(scene, SceneWithSystem) else system
    if find_words(scene.rule, written) is None:
        return "'rule' is not copied from the system message word for word"
    if _room(context_tokens, seed, scene, written) < _LEAST_ROOM // 2:
        return "the scene is too long; system message, persona, goal and facts take a few sentences"
    return None


def _room(context_tokens: int, seed: Seed, scene: Scene, system: str) -> int:
    """Tokens that the longer of the two prompts leaves for the turns."""
    passage = seed.passage.text if seed.passage is not None else ""
    facts = " ".join(fact.fact for fact in scene.facts)
    sides = (f"{scene.persona} {scene.goal} {facts}", f"{system} {passage}")
    return context_tokens - FRAME_TOKENS - max(estimate_tokens(side) for side in sides)


def _between(roll: Callable[[], float], least: int, most: int) -> int:
    return least + int(roll() * (most - least + 1))


def _count(plan: Sequence[Exchange], act: str) -> int:
    return sum(exchange.user == act for exchange in plan)
