"""Drafts as they come, to see what the checks are worth."""

from __future__ import annotations

from typing import Any, ClassVar

from silversmith.filters.base import Filter
from silversmith.generators.reasoning import Reasoning
from silversmith.records import Ask, Draw, Sample, Seed

__all__ = ["Agreed", "Unchecked"]


class Unchecked(Reasoning):
    """The strategy `reasoning` with its prompts and options, which takes the first draft whatever
    its checks say; the sample has them."""

    kind: ClassVar[str] = "reasoning"

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        async def unheeded(form: Any, /, *, check: Any = None, **values: Any) -> Any:
            return await ask(form, **values)

        return await super().draft(seed, draw, unheeded)


class Agreed(Filter):
    """Drops samples to which too few independent solutions of the same problem come."""

    kind: ClassVar[str] = "agreed"

    def reason_to_drop(self, sample: Sample) -> str | None:
        for check in sample.checks:
            if check.name == "agreement" and not check.passed:
                return check.detail
        return None
