"""What a generator is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ..records import Ask, Component, Draw, Sample, Seed
from .attributes import Attributes, refuse_names
from .combinations import Combinations

__all__ = ["Generator", "variant"]


class Generator(Component, ABC):
    """One annotation strategy: a seed in, a sample out.

    A subclass is one file: its `kind`, its options, the form of the reply, and `draft`; its
    template is `prompts/KIND.j2`. What a generator is called, how often it draws and with which
    model is no part of a sample's id.
    """

    not_in_id: ClassVar[frozenset[str]] = frozenset({"name", "draws", "model", "seeds", "groups"})
    thresholds: ClassVar[frozenset[str]] = frozenset()
    """Options that decide about replies without changing what is asked, so that another value
    costs nothing; name them in `not_in_id` too."""

    free: ClassVar[bool] = False
    """Whether it asks no model."""

    own_attributes: ClassVar[frozenset[str]] = frozenset()
    """Names of attributes that the strategy sets in its samples by itself, so that a recipe
    cannot."""

    name: str = ""
    """What to call it in reports; by default its kind. Two generators of one recipe may not
    share a name."""

    draws: int = Field(default=1, ge=1)
    """How many samples are planned for each seed."""

    model: str = ""
    """The name of a model in the recipe; by default `writer`, or the only one."""

    seeds: Literal["all", "passages", "tasks"] = "all"
    """Which of the recipe's seeds it is given: passages of documents, tasks (rows of datasets
    among them), or all; of these it uses what it can."""

    groups: tuple[str, ...] = Field(default=(), exclude_if=lambda given: not given)
    """Of seeds that stand for failures of an evaluation, the groups whose seeds it is given; by
    default it is given the seeds of all groups, and those of none."""

    attributes: Attributes = Field(default_factory=dict, exclude_if=lambda given: not given)
    """What is sampled for each draw, told to the model and recorded in the sample: names, each
    with a list of values (`difficulty: [easy, hard]`), with values and weights
    (`{easy: 3, hard: 1}`), or with the word `ready` for the ready-made set of that name; or a
    list of such sets (`[persona, phrasing]`). The draws of a seed go through all combinations
    before one comes again."""

    @field_validator("attributes")
    @classmethod
    def _names_are_free(cls, attributes: Attributes) -> Attributes:
        refuse_names(attributes, cls.model_fields, cls.own_attributes)
        return attributes

    @property
    def title(self) -> str:
        """The name in reports and in a sample's origin."""
        return self.name or self.kind

    @cached_property
    def attribute_combinations(self) -> Combinations:
        """The combinations of the attributes' values; a single, empty one where there are none."""
        return Combinations(self.attributes)

    @property
    def other_models(self) -> Sequence[str]:
        """The names of models that it asks beside its own, by its options."""
        return ()

    @property
    def draws_candidates(self) -> bool:
        """Whether its drafts are candidates, which only judges can tell apart."""
        return False

    @property
    def leaves(self) -> Sequence[str]:
        """The leaves of its taxonomy, for a table of how each is covered; most have none."""
        return ()

    def aims(self, seed: Seed, draw: Draw) -> Mapping[str, str]:
        """What the strategy itself plans for a draw, as attributes; a sample has them even where
        it fails."""
        return {}

    @property
    def needs(self) -> str:
        """What a seed must have so that this strategy can use it, in words for whoever brought one
        that has not."""
        return "seeds with a text"

    def accepts(self, seed: Seed) -> bool:
        """Whether this strategy can use the seed; a seed that it cannot use plans no sample
        for it, and is counted as such."""
        return bool(seed.text.strip())

    def takes(self, seed: Seed) -> bool:
        """Whether samples are planned for the seed: the recipe gives it, and it can be used."""
        given = self.seeds == "all" or (self.seeds == "passages") == (seed.passage is not None)
        if self.groups and seed.failure_group not in self.groups:
            return False
        return given and self.accepts(seed)

    @abstractmethod
    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        """Draft one planned sample.

        Raises:
            ReplyError: no usable reply; the sample is booked as failed.
        """

    def pair(self, sample: Sample) -> Sample:
        """Make a response, and a rejected one where there is to be one, out of candidates.

        Asked only where `draft` returned `candidates` and no response, once each of them has been
        judged as if it were the response; their scores stand in the sample.

        Raises:
            ReplyError: there is no pair among them; the sample is booked as failed.
        """
        return sample


def variant(seed: Seed, draw: Draw, of: int = 0) -> int:
    """A number to choose a variant by, modulo how many there are: the draws of a seed take them
    in turn, and different seeds begin at different ones.

    Args:
        of: which choice it is for, 0 to 3; choices of different numbers are independent.
    """
    return int(seed.id[8 * of : 8 * of + 8], 16) + draw.number
