"""What a judge is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set

from pydantic import Field

from ..records import Ask, Component, Judgement, Sample

__all__ = ["Judge"]


class Judge(Component, ABC):
    """Scores a sample, and never changes it.

    A subclass is one file: its `kind`, its options and `judge`; a model judge's template is
    `prompts/KIND.j2`. A judge that finds no verdict raises; it never guesses.
    """

    name: str = ""
    """What to call it in judgements and filters; by default its kind. Two judges of one recipe
    may not share a name."""

    model: str = ""
    """The name of a model in the recipe; by default `critic`, or the only one."""

    weight: float = Field(default=1.0, ge=0)
    """Its weight in the sample's overall score."""

    @property
    def title(self) -> str:
        """The name in judgements and reports."""
        return self.name or self.kind

    @property
    def other_models(self) -> Sequence[str]:
        """The names of models that it asks beside its own, by its options."""
        return ()

    @property
    def strategies(self) -> Set[str]:
        """The strategies whose samples it judges in a way of their own."""
        return frozenset()

    def for_strategy(self, strategy: str) -> Judge:
        """The judge as it judges samples of this strategy; by default it treats all alike."""
        return self

    @abstractmethod
    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        """The judgements, one for each criterion, in the order of the criteria.

        Raises:
            ReplyError: no usable verdict; the sample is booked as failed.
        """

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """This judge's overall score from 0 to 1: the mean over its criteria, or None where it
        gave no judgement. A judge that weights its criteria overrides this."""
        if not judgements:
            return None
        return sum(j.score for j in judgements) / len(judgements)
