"""Samples in the order in which they are best asked for: those of one generator together.

Their prompts begin alike, and a server keeps what it has read for as long as there is room: what
is asked in a row finds the shared beginning there. The dataset's order does not depend on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from .planning import Planned

__all__ = ["GROUPED_AT_ONCE", "grouped"]

GROUPED_AT_ONCE = 256
"""So many samples are looked at together; a run that is cut short has begun with these."""


async def grouped(
    plan: AsyncIterator[Planned], most: int = GROUPED_AT_ONCE
) -> AsyncIterator[Planned]:
    """The samples of a plan, of each `most` those of one generator after those of another; within
    a generator in the plan's order."""
    hand: list[Planned] = []
    async for planned in plan:
        hand.append(planned)
        if len(hand) == most:
            for one in _in_groups(hand):
                yield one
            hand = []
    for one in _in_groups(hand):
        yield one


def _in_groups(hand: list[Planned]) -> list[Planned]:
    place: dict[str, int] = {}
    for one in hand:
        place.setdefault(one.generator.title, len(place))
    return sorted(hand, key=lambda one: place[one.generator.title])
