"""Combinations of values that are all alike: in a keyed order in which all values of an attribute
take turns, each combination computed from its place alone.

With m1, m2 ... values a round has m1 * m2 * ... places, and every combination stands in one of
them. The t-th takes from every attribute the value t mod m, so that each runs through all of its
values before one comes back; for numbers of values without a common divisor these are all
combinations already (the Chinese remainder theorem). Where there is a common divisor, the later
attribute moves on by one value each time when its pairs with the ones before would repeat; so
they never do.

Each key has an order of its own:

- a permutation of the values: an affine map over a prime field, walked until it lands among them
  (J. Black, P. Rogaway: Ciphers with Arbitrary Finite Domains, CT-RSA 2002, cycle walking);
- for attributes whose numbers of values have a common divisor, a shift of every run through the
  values by a universal hash (M. Dietzfelbinger et al.: A Reliable Randomized Algorithm for the
  Closest-Pair Problem, J. Algorithms 25, 1997), or else they would go in step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from math import isqrt, lcm, prod

__all__ = ["Turns"]

_LOW = 0xFFFF_FFFF
_ALL = 0xFFFF_FFFF_FFFF_FFFF


class Turns:
    """The combinations of some attributes whose values weigh alike.

    Args:
        attributes: values by attribute; at least one each.

    Attributes:
        round: how many combinations there are.
    """

    def __init__(self, attributes: Mapping[str, Collection[str]]) -> None:
        self.round = prod(len(values) for values in attributes.values())
        # The largest first: so it is ahead of each attribute at least once through all its values.
        order = sorted(attributes, key=lambda name: (-len(attributes[name]), name))
        before = 1
        self._axes: list[_Axis] = []
        for name in order:
            self._axes.append(_axis(name, tuple(attributes[name]), before))
            before = self._axes[-1].period

    def at(self, words: Mapping[str, int], place: int) -> dict[str, str]:
        """The combination at a place of a round.

        Args:
            words: 64 random bits for each attribute, which make the order.
            place: from 0 to `round` - 1.
        """
        return {axis.name: axis.value(place, words[axis.name]) for axis in self._axes}


@dataclass(frozen=True, slots=True)
class _Axis:
    """One attribute.

    Attributes:
        name, values: its name and its values.
        before: places until the attributes before it begin again.
        period: places until those together with this one do.
        step: places after which it moves on by one value.
        shifted: whether its runs are shifted by a hash.
        field: how many numbers the permutation is over; a prime.
    """

    name: str
    values: tuple[str, ...]
    before: int
    period: int
    step: int
    shifted: bool
    field: int

    def value(self, place: int, word: int) -> str:
        """The value at a place of a round whose order is given by 64 random bits."""
        size = len(self.values)
        at = place % self.period
        slot = at + at // self.step
        # Which run it is depends on the attributes before alone, or combinations would repeat.
        if self.shifted and (run := at % self.before // size):
            slot += ((word | 1) * run & _ALL) * size >> 64
        factor = 1 + ((word & _LOW) * (self.field - 1) >> 32)
        start = (word >> 32) * self.field >> 32
        slot = (slot % size * factor + start) % self.field
        while slot >= size:
            slot = (slot * factor + start) % self.field
        return self.values[slot]


def _axis(name: str, values: tuple[str, ...], before: int) -> _Axis:
    size = len(values)
    step = lcm(before, size)
    return _Axis(
        name=name,
        values=values,
        before=before,
        period=before * size,
        step=step,
        shifted=before > 1 and step < before * size,
        field=_prime(size),
    )


def _prime(least: int) -> int:
    """The smallest prime that is not smaller."""
    return next(
        n for n in count(max(least, 2)) if all(n % factor for factor in range(2, isqrt(n) + 1))
    )
