"""The samples that a dataset already holds."""

from __future__ import annotations

from pydantic import Field, field_validator

from ..errors import ReplyError, SeedError
from ..records import Ask, Draw, Sample, Seed, Turn
from ..records.shapes import ColumnMap, row_json, sample_from_seed
from .attributes import Attributes
from .base import Generator

__all__ = ["Existing"]


class Existing(Generator):
    """Takes each row of a dataset as the sample that it already is, and asks no model; for judge
    and filter passes over data from elsewhere. A row of no known shape is booked as failed."""

    kind = "existing"
    free = True

    draws: int = Field(default=1, ge=1, le=1)
    """A row is one sample."""

    map: ColumnMap = Field(default_factory=dict)
    """Which column holds what, for columns with unusual names: `{instruction: ask}`."""

    @field_validator("attributes")
    @classmethod
    def _come_with_the_row(cls, attributes: Attributes) -> Attributes:
        if attributes:
            raise ValueError("a row keeps the attributes that it came with; leave this out")
        return attributes

    def accepts(self, seed: Seed) -> bool:
        return True

    def pair(self, sample: Sample) -> Sample:
        """Of a row's candidates the one with the highest score becomes the response (best of n);
        of equals, the first."""
        scored = [(one.score, -place) for place, one in enumerate(sample.candidates)]
        known = [(score, place) for score, place in scored if score is not None]
        if not known:
            raise ReplyError("no judge scored any of the candidates, so none is the best of them")
        _, place = max(known)
        best = Turn("assistant", sample.candidates[-place].text)
        return sample.with_(messages=(*sample.messages, best))

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        try:
            return sample_from_seed(seed, self.map)
        except SeedError as error:
            raise ReplyError(str(error), text=row_json(seed.fields)) from error
