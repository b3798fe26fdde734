"""The best of n answers, by a tournament."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from .base import Judge

__all__ = ["Ranking"]

Outcomes = dict[tuple[int, int], float]
"""For each pair that met, smaller number first: 1 where that one won, 0.5, or 0."""


class Ranking(Judge):
    """Ranks the candidates of a sample by a Swiss tournament, so that not all pairs need be asked
    about: in each round those meet that stand next to each other and have not met.

    With n candidates there are about log2 n rounds of n / 2 comparisons: 12 instead of 28 for 8,
    32 instead of 120 for 16. A comparison is asked in both orders, two calls, and a reversal is a
    tie; with `both_orders: false` it is one call, and who is shown first takes turns. Standings go
    by won comparisons, then by what the opponents won (Buchholz).

    The score is 1 for the best and 0 for the worst, and equal ones share theirs. `note` has the
    number of comparisons. A sample with a chosen and a rejected answer is a group of two.
    """

    kind: ClassVar[str] = "ranking"
    scalar: ClassVar[str] = "question"
    compares: ClassVar[bool] = True

    question: str = Field(
        default="Which answer would the person who gave the instruction rather have: the one that"
        " does all of what was asked, is right, and helps them most?",
        min_length=1,
    )
    """What decides which answer is better."""

    rounds: int | None = Field(default=None, ge=1, le=50)
    """How many rounds; by default log2 of the number of candidates, rounded up. More rounds make
    the places below the first surer."""

    both_orders: bool = True
    """Whether each comparison is asked in both orders."""

    class Verdict(BaseModel, str_strip_whitespace=True):
        """The reasons, and the better answer."""

        rationale: str = Field(min_length=1, description="What decides, in one to three sentences.")
        verdict: Literal["A", "B", "tie"] = Field(description="The better answer, or tie.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        if not sample.response.strip() or not sample.rejected_response.strip():
            raise ReplyError(
                "the sample has one answer only, and ranking needs several: a column `candidates`"
                " (--map candidates=COLUMN), or a chosen and a rejected answer"
            )
        other = sample.with_(messages=(*sample.messages[:-1], sample.rejected[-1]))
        own, _ = await self.judge_group([sample, other], ask)
        return own

    async def judge_group(
        self, candidates: Sequence[Sample], ask: Ask
    ) -> Sequence[Sequence[Judgement]]:
        n = len(candidates)
        if n < 2:
            return [() for _ in candidates]
        met: Outcomes = {}
        byes: list[int] = []
        for number in range(self.rounds or math.ceil(math.log2(n))):
            for i, j in _round(n, met, byes):
                met[i, j] = await self._compare(candidates, i, j, number, ask)
        standings = [_standing(place, met, byes) for place in range(n)]
        texts = [one.response.strip() for one in candidates]
        asked = sum(texts[i] != texts[j] for i, j in met)
        calls = asked * (2 if self.both_orders else 1)
        note = f"{len(met)} of {n * (n - 1) // 2} comparisons in {calls} calls"
        return [
            (
                Judgement(
                    judge=self.title,
                    criterion="rank",
                    model="",
                    score=_place_share(own, standings),
                    points=own[0],
                    note=f"place {1 + sum(one > own for one in standings)} of {n}; {note}",
                ),
            )
            for own in standings
        ]

    async def _compare(
        self, candidates: Sequence[Sample], i: int, j: int, number: int, ask: Ask
    ) -> float:
        """The outcome for the candidate i."""
        texts = candidates[i].response, candidates[j].response
        if texts[0].strip() == texts[1].strip():
            return 0.5
        if self.both_orders:
            first = await self._ask(candidates[i], *texts, ask)
            second = 1 - await self._ask(candidates[i], texts[1], texts[0], ask)
            return first if first == second else 0.5
        if (i + j + number) % 2:
            return 1 - await self._ask(candidates[i], texts[1], texts[0], ask)
        return await self._ask(candidates[i], *texts, ask)

    async def _ask(self, sample: Sample, a: str, b: str, ask: Ask) -> float:
        reply = await ask(
            self.Verdict,
            sample=sample,
            a=a,
            b=b,
            question=self.question,
            ties=True,
        )
        return {"A": 1.0, "tie": 0.5, "B": 0.0}[reply.verdict]


def _round(n: int, met: Outcomes, byes: list[int]) -> list[tuple[int, int]]:
    """The pairs of the next round: neighbours in the standings that have not met. With an odd
    number, the last one that was never left out is left out, which counts as a win."""
    order = sorted(range(n), key=lambda place: (*_negated(_standing(place, met, byes)), place))
    if n % 2:
        out = next((p for p in reversed(order) if p not in byes), order[-1])
        byes.append(out)
        order.remove(out)
    pairs = []
    while len(order) > 1:
        one = order.pop(0)
        # All of them may have met where there are many rounds: then nobody is asked twice.
        other = next((p for p in order if (min(one, p), max(one, p)) not in met), None)
        if other is not None:
            order.remove(other)
            pairs.append((min(one, other), max(one, other)))
    return pairs


def _standing(place: int, met: Outcomes, byes: Sequence[int]) -> tuple[float, float]:
    """What a candidate has won, and what its opponents have."""
    opponents = [i + j - place for i, j in met if place in (i, j)]
    return _won(place, met, byes), sum(_won(one, met, byes) for one in opponents)


def _won(place: int, met: Outcomes, byes: Sequence[int]) -> float:
    won = sum(y if place == i else 1 - y for (i, j), y in met.items() if place in (i, j))
    return won + byes.count(place)


def _negated(standing: tuple[float, float]) -> tuple[float, float]:
    return -standing[0], -standing[1]


def _place_share(own: tuple[float, float], standings: Sequence[tuple[float, float]]) -> float:
    """From 1 for the best to 0 for the worst; equal ones share."""
    below = sum(one < own for one in standings)
    equal = sum(one == own for one in standings) - 1
    return (below + equal / 2) / (len(standings) - 1)
