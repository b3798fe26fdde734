"""Keeps responses that their passage supports."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .judgement import Judgement

__all__ = ["Grounded"]


class Grounded(Judgement):
    """Drops samples whose response claims what its passage does not support: the filter `judgement`
    on the judge `grounded`, whose score is the share of claims that are supported by a quote.
    """

    kind: ClassVar[str] = "grounded"
    scalar: ClassVar[str] = "min"

    judge: str = Field(default="grounded", min_length=1)
    """The judge, by its name in the recipe: its `name`, or its kind."""

    criterion: str = "grounded"
    """Under which criterion; "" asks the minimum of each of the judge's."""

    min: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Least share of supported claims."""
