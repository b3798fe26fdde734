"""What a judge is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ..records import Ask, Component, Judgement, Sample

__all__ = ["Judge"]


class Judge(Component, ABC):
    """Scores a sample, or a group of candidates, and never changes them.

    A subclass is one file: its `kind`, its options and `judge`; a model judge's template is
    `prompts/KIND.j2`. A judge that finds no verdict raises; it never guesses.
    """

    free: ClassVar[bool] = False
    """Whether it asks no model. Such judges come first, whatever their place in the recipe."""

    compares: ClassVar[bool] = False
    """Whether its scores say which of several answers is better, and 0.5 that none is."""

    name: str = ""
    """What to call it in judgements and filters; by default its kind. Two judges of one recipe
    may not share a name, and it has no `/`, behind which a panel's members stand."""

    model: str = ""
    """The name of a model in the recipe; by default `critic`, or the only one."""

    weight: float = Field(default=1.0, ge=0)
    """Its weight in the sample's overall score."""

    thresholds: ClassVar[frozenset[str]] = frozenset()
    """Options that decide about replies without changing what is asked, so that another value
    judges anew at no cost."""

    only: tuple[str, ...] = Field(default=(), exclude_if=lambda given: not given)
    """The strategies whose samples it judges (`[reasoning, contrast]`); by default all. The others
    get no judgement of it."""

    @field_validator("name")
    @classmethod
    def _no_slash(cls, name: str) -> str:
        if "/" in name:
            raise ValueError(
                f"the name {name!r} has a '/', behind which judgements name the members of a panel;"
                f" say {name.replace('/', '_')!r}"
            )
        return name

    @property
    def title(self) -> str:
        """The name in judgements and reports."""
        return self.name or self.kind

    @property
    def other_models(self) -> Sequence[str]:
        """The names of models that it asks beside its own, by its options."""
        return ()

    @property
    def decides(self) -> Any:
        """What was read from the files that `thresholds` name, as a value that JSON can hold."""
        return None

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

    async def judge_group(
        self, candidates: Sequence[Sample], ask: Ask
    ) -> Sequence[Sequence[Judgement]]:
        """The judgements of several answers to one prompt, in their order. Each sample ends with
        one of them as its response. By default each is judged by itself.

        Raises:
            ReplyError: as `judge`.
        """
        return [await self.judge(one, ask) for one in candidates]

    def settles(self, judgements: Sequence[Judgement]) -> bool:
        """Whether these judgements of its own say all that there is to say, so that no further
        judge is asked about the sample; its score is then this judge's alone."""
        return False

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """This judge's overall score from 0 to 1: the mean over its criteria, or None where it
        gave no judgement. A judge that weights its criteria overrides this."""
        if not judgements:
            return None
        return sum(j.score for j in judgements) / len(judgements)
