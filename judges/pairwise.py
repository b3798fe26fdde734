"""Which of two answers is better, asked in both orders."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from ..errors import ReplyError
from ..records import Ask, Judgement, PlainText, Sample
from ..records.judging import CONSISTENT, FIRST, SECOND
from .base import Judge
from .verdict_formats import VerdictFormat

if TYPE_CHECKING:
    from ..checks.verdicts import Verdict as Found

__all__ = ["Pairwise"]


class Pairwise(Judge):
    """Compares two answers, always in both orders: an answer wins that wins in both; all else, a
    reversal above all, is a tie (Zheng et al., 2023).

    Of a sample with a rejected half, `preferred` is 1 where the response wins, 0.5 for a tie and 0
    where the rejected one wins; `preferred_first` and `preferred_second` say the same of the single
    orders, where the response was shown first and second. They do not count in the score. At the
    end of a run there are win rates, raw and with the length controlled for, and how often an
    order reversed a verdict.

    Of a group of n candidates each is compared with each other one, n (n - 1) calls; `preferred`
    is the mean of a candidate's outcomes, and `consistent` the share of its comparisons that no
    order reversed. The judge `ranking` needs fewer calls.
    """

    kind: ClassVar[str] = "pairwise"
    scalar: ClassVar[str] = "question"
    compares: ClassVar[bool] = True

    question: str = Field(
        default="Which answer would the person who gave the instruction rather have: the one that"
        " does all of what was asked, is right, and helps them most?",
        min_length=1,
    )
    """What decides which answer is better."""

    ties: bool = True
    """Whether the model may call it a tie. A reversal is a tie in any case."""

    format: VerdictFormat = Field(default="json", exclude_if=lambda given: given == "json")
    """How the judge model says its verdict: `json` (structured output), `auto`, or one of the
    formats of docs/verdicts.md. Two scores count as a verdict too."""

    class Verdict(BaseModel, str_strip_whitespace=True):
        """The reasons, and the better answer."""

        rationale: str = Field(min_length=1, description="What decides, in one to three sentences.")
        verdict: Literal["A", "B", "tie"] = Field(description="The better answer, or tie.")

    class Choice(Verdict):
        """As `Verdict`, without ties."""

        verdict: Literal["A", "B"] = Field(description="The better answer.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        response, other = sample.response, sample.rejected_response
        if not response.strip() or not other.strip():
            raise ReplyError(
                "the sample has no second answer to compare with: it needs a chosen and a rejected"
                " one (--map chosen=COLUMN --map rejected=COLUMN) or candidates; leave this judge"
                " out for other samples with `only:`"
            )
        one, two, said = await self._both_orders(sample, response, other, ask)
        merged = one if one == two else 0.5
        note = f"shown first {_word(one)}, shown second {_word(two)}"
        if {one, two} == {0.0, 1.0}:
            note += ": a reversal, so a tie"
        return [
            Judgement(self.title, "preferred", "", merged, merged, said, note=note),
            Judgement(self.title, FIRST, "", one, one),
            Judgement(self.title, SECOND, "", two, two),
        ]

    async def judge_group(
        self, candidates: Sequence[Sample], ask: Ask
    ) -> Sequence[Sequence[Judgement]]:
        outcomes: list[list[float]] = [[] for _ in candidates]
        reversed_: list[int] = [0] * len(candidates)
        for i, j in combinations(range(len(candidates)), 2):
            texts = (candidates[i].response, candidates[j].response)
            one, two, _ = await self._both_orders(candidates[i], *texts, ask)
            merged = one if one == two else 0.5
            outcomes[i].append(merged)
            outcomes[j].append(1 - merged)
            for place in (i, j):
                reversed_[place] += {one, two} == {0.0, 1.0}
        return [
            self._of_group(own, reversals) if own else ()
            for own, reversals in zip(outcomes, reversed_, strict=True)
        ]

    def _of_group(self, outcomes: Sequence[float], reversals: int) -> tuple[Judgement, ...]:
        games = len(outcomes)
        won = sum(outcomes)
        note = f"{won:g} of {games} comparisons won"
        return (
            Judgement(self.title, "preferred", "", won / games, won, note=note),
            Judgement(self.title, CONSISTENT, "", 1 - reversals / games, games - reversals),
        )

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """What it prefers; how the single orders came out does not count."""
        return next((j.score for j in judgements if j.criterion == "preferred"), None)

    async def _both_orders(
        self, sample: Sample, response: str, other: str, ask: Ask
    ) -> tuple[float, float, str]:
        """The outcome for the response shown first, and shown second, and the reasons."""
        if response.strip() == other.strip():
            return 0.5, 0.5, "The two answers are the same, so nothing was asked."
        first, why = await self._ask(sample, response, other, ask)
        second, why_not = await self._ask(sample, other, response, ask)
        return first, 1 - second, f"{why}\n{why_not}"

    async def _ask(self, sample: Sample, a: str, b: str, ask: Ask) -> tuple[float, str]:
        """1 where A is better, 0.5 for a tie and 0 where B is, and the reasons."""
        values: dict[str, Any] = {
            "sample": sample,
            "a": a,
            "b": b,
            "question": self.question,
            "ties": self.ties,
        }
        if self.format == "json":
            form: type[Pairwise.Verdict] = self.Verdict if self.ties else self.Choice
            reply = await ask(form, **values)
            return _OUTCOMES[reply.verdict], reply.rationale
        find = functools.partial(_found, format=self.format, ties=self.ties)
        text = await ask(
            PlainText,
            template="pairwise_text",
            check=lambda said: _fault(find(said.text)),
            **values,
        )
        return _outcome(find(text.text)), text.text.strip()


_OUTCOMES = {"A": 1.0, "tie": 0.5, "B": 0.0}


def _found(text: str, *, format: str, ties: bool) -> Found:
    """A choice or two scores; where either might be meant, or a bare 1 or 2, the choice counts."""
    from ..checks.verdicts import find_verdict  # many patterns, which few recipes need

    first = find_verdict(text, format, ties=ties)
    if first.kind in ("choice", "scores"):
        return first
    choice = find_verdict(text, format, wants="choice", ties=ties)
    return choice if choice.found else first


def _fault(found: Found) -> str | None:
    if found.problem is not None:
        return found.reason
    return None if found.kind in ("choice", "scores") else "it names no better answer"


def _outcome(found: Found) -> float:
    if found.choice is not None:
        return _OUTCOMES[found.choice]
    one, two = found.values
    return 0.5 if one == two else float(one > two)


def _word(outcome: float) -> str:
    return {1.0: "it wins", 0.5: "a tie", 0.0: "it loses"}[outcome]
