"""Do the turns of a dialogue need the earlier turns that they are said to depend on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, Field

from ..checks.dialogue_window import (
    estimate_tokens,
    first_turn,
    show,
    shown_turns,
    turn_number,
)
from ..records import Ask, Judgement, Sample, Turn
from .base import Judge

__all__ = ["Dependency"]

_FRAME_TOKENS = 1_500
_SAID = 200  # characters of what the model said that are kept of each probe
_WITHHELD = "<withheld/>"


class Dependency(Judge):
    """Proves annotated dependencies by withholding the earlier turn.

    A dependency is proven where the model finds that the later turn cannot be understood without
    the earlier one, and can be with it (an ablation with its control). The score is the share of
    the probed dependencies that are proven. A sample without annotated dependencies gets no
    judgement. That an assistant's reply depends on the turn that it replies to is not probed.
    """

    kind = "dependency"
    scalar: ClassVar[str] = "probes"

    probes: int = Field(default=2, ge=1, le=20)
    """How many dependencies of a dialogue are probed, those that reach back farthest first; each
    takes one call, or two where the first finds that something is missing."""

    context_tokens: int = Field(default=8_000, ge=3_000)
    """Tokens that a prompt may have, estimated at four ASCII characters or one other a token. Of
    a dialogue that takes more, the turns in question, those that they depend on and the last ones
    are shown, whole."""

    class Probe(BaseModel, str_strip_whitespace=True):
        """What a turn means, and whether that can be told."""

        meaning: str = Field(
            min_length=1,
            description="What the last turn means, said so that it stands alone, or what of it "
            "cannot be told from what is shown.",
        )
        answerable: bool = Field(description="True where nothing that matters is missing.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        pairs = _dependencies(sample.messages)[: self.probes]
        if not pairs:
            return ()
        proven = 0
        said: list[str] = []
        for later, earlier in pairs:
            is_proven, words = await self._probe(sample.messages, later, earlier, ask)
            proven += is_proven
            numbers = (turn_number(sample.messages, index) for index in (later, earlier))
            said.append("turn {} needs turn {}: {}".format(*numbers, words))
        return (
            Judgement(
                judge=self.title,
                criterion="dependency",
                model="",
                score=proven / len(pairs),
                points=float(proven),
                rationale="\n".join(said),
            ),
        )

    async def _probe(
        self, messages: Sequence[Turn], later: int, earlier: int, ask: Ask
    ) -> tuple[bool, str]:
        """Whether the dependency is proven, and what the model said."""
        first = first_turn(messages)
        system = messages[0].content if first else ""
        room = self.context_tokens - _FRAME_TOKENS - estimate_tokens(system)
        turns = messages[: later + 1]
        shown = [i for i in shown_turns(turns, room, needed=(earlier,)) if i >= first]
        whole = show(turns, shown)
        masked = [
            replace(turn, text=_WITHHELD) if index == earlier else turn
            for index, turn in zip(shown, whole, strict=True)
        ]
        role = messages[later].role
        without = await ask(self.Probe, system=system, turns=masked, role=role)
        if without.answerable:
            return False, f"not proven, since without it one can tell: {without.meaning[:_SAID]}"
        control = await ask(self.Probe, system=system, turns=whole, role=role)
        if not control.answerable:
            said = control.meaning[:_SAID]
            return False, f"not proven, since even with it one cannot tell: {said}"
        return True, f"proven; without it: {without.meaning[:_SAID]}"


def _dependencies(messages: Sequence[Turn]) -> list[tuple[int, int]]:
    """Later and earlier index of each dependency that a probe can say something of, the farthest
    first."""
    found = [
        (later, earlier)
        for later, turn in enumerate(messages)
        for earlier in turn.depends_on
        if 0 <= earlier < later and not (turn.role == "assistant" and earlier == later - 1)
    ]
    return sorted(found, key=lambda pair: (pair[1] - pair[0], pair))
