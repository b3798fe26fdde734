"""Which combination of attributes a draw has: all of them in a keyed order, each computed from
the draw's number alone.

A value of weight w has w slots, and slots are what is combined: with W1, W2 ... slots a round
has W1 * W2 * ... draws, in which every combination of slots occurs once. The t-th draw takes
from every attribute the slot t mod W, so that each runs through all of its values before one
comes back; for numbers of slots without a common divisor these are all combinations already
(the Chinese remainder theorem). Where there is a common divisor, the later attribute moves on
by one slot each time when its pairs with the ones before would repeat; so they never do.

Each round of each key has an order of its own:

- a permutation of the values: an affine map over a prime field, walked until it lands among them
  (J. Black, P. Rogaway: Ciphers with Arbitrary Finite Domains, CT-RSA 2002, cycle walking).
  Weighted values lie evenly spread instead, each in its window by the earliest deadline (S.
  Baruah et al.: Proportionate Progress, Algorithmica 15, 1996), and only where their cycle
  starts differs;
- for attributes whose numbers of slots have a common divisor, a shift of every run through the
  slots by a universal hash (M. Dietzfelbinger et al.: A Reliable Randomized Algorithm for the
  Closest-Pair Problem, J. Algorithms 25, 1997), or else they would go in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import shake_128
from itertools import count
from math import gcd, isqrt, lcm, prod
from struct import unpack

__all__ = ["Combinations"]

_LOW = 0xFFFF_FFFF
_ALL = 0xFFFF_FFFF_FFFF_FFFF


class Combinations:
    """The combinations of some attributes.

    Args:
        attributes: values with their weights, by attribute; at least one each. Of weights only the
            ratio counts.

    Attributes:
        distinct: how many combinations there are.
        round: draws in a round; each combination occurs in it as often as the product of its
            weights says, which is once where nothing is weighted.
        weighted: whether any value weighs more than another.
    """

    def __init__(self, attributes: Mapping[str, Mapping[str, int]]) -> None:
        attributes = {name: _reduced(weights) for name, weights in attributes.items()}
        self.distinct = prod(len(values) for values in attributes.values())
        self.weighted = any(max(w.values()) > min(w.values()) for w in attributes.values())
        self._words = f"<{len(attributes)}Q"  # as many random words of 64 bits
        # The largest first: so it is ahead of each attribute at least once through all its slots.
        order = sorted(attributes, key=lambda name: (-sum(attributes[name].values()), name))
        axes = {}
        self.round = 1
        for name in order:
            axes[name] = _axis(name, attributes[name], self.round)
            self.round = axes[name].period
        self._axes = [axes[name] for name in attributes]

    def at(self, key: bytes, number: int) -> dict[str, str]:
        """The combination of a draw.

        Args:
            key: whose draws they are; each key has orders of its own.
            number: the draw's, from 0.
        """
        round_, place = divmod(number, self.round)
        seeded = shake_128(key + round_.to_bytes(16, "big"))
        words = unpack(self._words, seeded.digest(8 * len(self._axes)))
        return {
            axis.name: axis.value(place, word) for axis, word in zip(self._axes, words, strict=True)
        }


@dataclass(frozen=True, slots=True)
class _Axis:
    """One attribute.

    Attributes:
        name, values: its name, and a value for each slot.
        slots: how many there are.
        before: draws until the attributes before it begin again.
        period: draws until those together with this one do.
        step: draws after which it moves on by one slot.
        shifted: whether its runs are shifted by a hash.
        field: how many numbers the permutation is over; a prime, or `slots`.
        factors: how many factors it can have.
    """

    name: str
    values: tuple[str, ...]
    slots: int
    before: int
    period: int
    step: int
    shifted: bool
    field: int
    factors: int

    def value(self, place: int, word: int) -> str:
        """The value at a place of a round whose order is given by 64 random bits."""
        at = place % self.period
        slot = at + at // self.step
        # Which run it is depends on the attributes before alone, or combinations would repeat.
        if self.shifted and (run := at % self.before // self.slots):
            slot += ((word | 1) * run & _ALL) * self.slots >> 64
        factor = 1 + ((word & _LOW) * self.factors >> 32)
        start = (word >> 32) * self.field >> 32
        slot = (slot % self.slots * factor + start) % self.field
        while slot >= self.slots:
            slot = (slot * factor + start) % self.field
        return self.values[slot]


def _reduced(weights: Mapping[str, int]) -> dict[str, int]:
    common = gcd(*weights.values())
    return {value: weight // common for value, weight in weights.items()}


def _axis(name: str, weights: Mapping[str, int], before: int) -> _Axis:
    weighted = max(weights.values()) > min(weights.values())
    values = _spread(weights) if weighted else tuple(weights)
    slots = len(values)
    field = slots if weighted else _prime(slots)
    step = lcm(before, slots)
    return _Axis(
        name=name,
        values=values,
        slots=slots,
        before=before,
        period=before * slots,
        step=step,
        shifted=before > 1 and step < before * slots,
        field=field,
        factors=1 if weighted else field - 1,
    )


def _spread(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Each value as often as its weight says, evenly spread: among the first n slots it is less
    than one away from its share of n. Of w slots, the k-th lies in the k-th of w equal parts of
    the whole; among those whose part has begun, the one goes first whose part ends first."""
    whole = sum(weights.values())
    placed = dict.fromkeys(weights, 0)
    slots: list[str] = []
    for at in range(whole):
        waiting = [v for v, w in weights.items() if placed[v] < w and placed[v] * whole // w <= at]
        first = min(waiting, key=lambda v: (-(-(placed[v] + 1) * whole // weights[v]), v))
        placed[first] += 1
        slots.append(first)
    return tuple(slots)


def _prime(least: int) -> int:
    """The smallest prime that is not smaller."""
    return next(
        n for n in count(max(least, 2)) if all(n % factor for factor in range(2, isqrt(n) + 1))
    )
