"""What a dataset's rows say of themselves: a number in a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import orjson
from pydantic import Field, model_validator

from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from .base import Judge

__all__ = ["Given"]


class Given(Judge):
    """Takes over a number that stands in a column of the row: what another program measured of it
    (a reward, an instruction-following difficulty), or how people rated it. Asks no model.

    Points are the number as it stands there; the score is its place between `lowest` and `highest`,
    0 or 1 for what lies beyond them. A row without a number there is booked as failed.
    """

    kind: ClassVar[str] = "given"
    scalar: ClassVar[str] = "column"
    free: ClassVar[bool] = True

    column: str = Field(min_length=1)
    """The column's name."""

    criterion: str = ""
    """What to call it in judgements, filters and selections; by default as the column."""

    lowest: float = 0.0
    """The number that becomes the score 0."""

    highest: float = 1.0
    """The number that becomes the score 1; below `lowest`, where a smaller number is better."""

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.lowest == self.highest or not math.isfinite(self.highest - self.lowest):
            raise ValueError("`lowest` and `highest` must be two different numbers")
        return self

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        number = self._number(sample)
        score = (number - self.lowest) / (self.highest - self.lowest)
        criterion = self.criterion or self.column
        return [Judgement(self.title, criterion, "", min(max(score, 0.0), 1.0), number)]

    def _number(self, sample: Sample) -> float:
        if sample.row is None:
            raise ReplyError(
                f"there is no column {self.column!r}, since the sample is not the row of a dataset:"
                " the judge `given` is for `silversmith judge DATA`"
            )
        row = orjson.loads(sample.row)
        if self.column not in row:
            have = ", ".join(row)
            raise ReplyError(f"the row has no column {self.column!r}; it has {have}")
        value = row[self.column]
        try:
            number = float(value) if isinstance(value, str | int | float) else math.nan
        except ValueError:
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            shown = orjson.dumps(value).decode()[:60]
            raise ReplyError(f"column {self.column!r} holds no number, but {shown}")
        return number
