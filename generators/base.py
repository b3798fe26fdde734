"""What a generator is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import Field

from ..records import Ask, Component, Draw, Sample, Seed

__all__ = ["Generator", "variant"]


class Generator(Component, ABC):
    """One annotation strategy: a seed in, a sample out.

    A subclass is one file: its `kind`, its options, the form of the reply, and `draft`; its
    template is `prompts/KIND.j2`. The options of this base class say how often and with which
    model; they are no part of a sample's id.
    """

    not_in_id: ClassVar[frozenset[str]] = frozenset({"name", "draws", "model"})

    name: str = ""
    """What to call it in reports; by default its kind. Two generators of one recipe may not
    share a name."""

    draws: int = Field(default=1, ge=1)
    """How many samples are planned for each seed."""

    model: str = ""
    """The name of a model in the recipe; by default `writer`, or the only one."""

    @property
    def title(self) -> str:
        """The name in reports and in a sample's origin."""
        return self.name or self.kind

    def accepts(self, seed: Seed) -> bool:
        """Whether this strategy can use the seed; a seed that it cannot use plans no sample
        for it, and is counted as such."""
        return bool(seed.text.strip())

    @abstractmethod
    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """Draft one planned sample.

        Raises:
            ReplyError: no usable reply; the sample is booked as failed.
        """


def variant(seed: Seed, draw: Draw, of: int = 0) -> int:
    """A number to choose a variant by, modulo how many there are: the draws of a seed take them
    in turn, and different seeds begin at different ones.

    Args:
        of: which choice it is for, 0 to 3; choices of different numbers are independent.
    """
    return int(seed.id[8 * of : 8 * of + 8], 16) + draw.number
