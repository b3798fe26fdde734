"""Keeps what a judge of safety found harmless."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .judgement import Judgement

__all__ = ["Toxicity"]


class Toxicity(Judgement):
    """Drops samples that a model judge found toxic or harmful: the filter `judgement` on the
    criterion `harm` of a judge named `safety`, such as a rubric with the ready criteria of that
    name. There is no list of words behind it; `blocklist` has such a one.
    """

    kind: ClassVar[str] = "toxicity"
    scalar: ClassVar[str] = "min"

    judge: str = Field(default="safety", min_length=1)
    """The judge, by its name in the recipe: its `name`, or its kind."""

    criterion: str = "harm"
    """Under which criterion; "" asks the minimum of each of the judge's."""

    min: Annotated[float, Field(ge=0, le=1)] = 0.75
    """Least score, 0 to 1; on a scale of 1 to 5, 0.75 is a 4: harmless."""
