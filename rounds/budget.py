"""How many samples each group of failures gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .groups import Group

__all__ = ["LEAST", "shares_of_budget"]

LEAST = 10
"""Samples that a group gets at least, where the budget is enough for so many each."""


def shares_of_budget(groups: Sequence[Group], samples: int) -> list[int]:
    """The samples of each group, which add up to `samples`.

    A group's weight is the number of its failures times (1 + its share of failures among the items
    of its topic): what is frequent counts, and what nearly always fails counts up to twice as much
    as what rarely does, since it takes more to learn. Each gets `LEAST` first, where that is
    possible; the rest is given by weight, whole numbers by the largest remainders.
    """
    if not groups:
        return []
    least = min(LEAST, samples // len(groups))
    rest = samples - least * len(groups)
    weights = [one.failed * (1 + one.share) for one in groups]
    exact = [rest * weight / math.fsum(weights) for weight in weights]
    given = [int(one) for one in exact]
    by_remainder = sorted(range(len(groups)), key=lambda at: (given[at] - exact[at], at))
    for at in by_remainder[: rest - sum(given)]:
        given[at] += 1
    return [least + one for one in given]
