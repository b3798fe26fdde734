"""Values by their weights: evenly spread, and each no more often than there is something new to
have with it.

A value of weight w has w slots on a wheel of as many slots as all weights together, and the wheel
is gone through slot by slot, from any start. The slots lie evenly spread: of w of them, the k-th
lies in the k-th of w equal parts of the wheel, and of those whose part has begun the one goes
first whose part ends first (S. Baruah et al.: Proportionate Progress, Algorithmica 15, 1996).
A value that has come as often as it may is passed over from then on, and those that are left
follow by their weights. Which value a visit meets, and which visit meets a value for the n-th
time, are both computed, and nothing is remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import shake_128
from math import gcd
from struct import unpack

from .turns import Turns

__all__ = ["Shares", "Wheel", "reduced"]


class Shares:
    """Values in the shares of their weights at every length, each as often as it takes: in a round
    of as many draws as all weights together, a value comes as often as it weighs.

    Args:
        weights: by value; only their ratio counts.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        weights = reduced(weights)
        self._round = sum(weights.values())
        self._turns = Turns({"": weights}) if self._round == len(weights) else None
        self._wheel = Wheel(weights, self._round)

    def at(self, key: bytes, number: int) -> str:
        """The value of a draw.

        Args:
            key: whose draws they are; each key has orders of its own.
            number: the draw's, from 0.
        """
        round_, place = divmod(number, self._round)
        (word,) = unpack("<Q", shake_128(key + round_.to_bytes(16, "big")).digest(8))
        if self._turns is not None:
            return self._turns.at({"": word}, place)[""]
        return self._wheel.visit(self._wheel.start(word), place)[0]


class Wheel:
    """The values of one attribute by their weights.

    Args:
        weights: by value, without a common divisor.
        room: how often each value may come; at least once.

    Attributes:
        room: the same.
        slots: how many slots the wheel has.
    """

    def __init__(self, weights: Mapping[str, int], room: int) -> None:
        self.room = room
        self._values = _spread(weights)
        self.slots = len(self._values)
        self._places: dict[str, list[int]] = {value: [] for value in weights}
        for place, value in enumerate(self._values):
            self._places[value].append(place)
        self._full: dict[int, int] = {}

    def start(self, word: int, later: int = 0) -> int:
        """A slot to begin with, each equally often: by 64 random bits, and so many slots later."""
        return ((word >> 32) * self.slots + (later << 32) >> 32) % self.slots

    def weight(self, value: str) -> int:
        """How many slots a value has."""
        return len(self._places[value])

    def visit(self, start: int, number: int) -> tuple[str, int]:
        """The value that a visit meets, and how often it came before.

        Args:
            start: the slot of visit 0.
            number: the visit's, from 0; below `room` times the number of values.
        """
        at = start + number
        if at >= self._first_full(start):
            at = self._later(start, number)
        value = self._values[at % self.slots]
        return value, self._count(value, at) - self._count(value, start)

    def number(self, start: int, value: str, before: int) -> int:
        """The number of the visit that meets a value which came so often before."""
        at = self._slot(value, self._count(value, start) + before)
        return at - start if at < self._first_full(start) else self._visits(start, at)

    def _later(self, start: int, number: int) -> int:
        """The slot of a visit for which some value may have to be passed over."""
        low, high = start + number, start + number + 1
        while self._visits(start, high) <= number:
            low, high = high, start + 2 * (high - start)
        while high - low > 1:  # visits(low) <= number < visits(high)
            middle = (low + high) // 2
            if self._visits(start, middle) <= number:
                low = middle
            else:
                high = middle
        return low

    def _visits(self, start: int, at: int) -> int:
        """How many visits there are before a slot."""
        return sum(
            min(self._count(value, at) - self._count(value, start), self.room)
            for value in self._places
        )

    def _first_full(self, start: int) -> int:
        """The slot behind that with which the first value has come as often as it may."""
        full = self._full.get(start)
        if full is None:
            full = self._full[start] = 1 + min(
                self._slot(value, self._count(value, start) + self.room - 1)
                for value in self._places
            )
        return full

    def _count(self, value: str, at: int) -> int:
        """How many slots before this one, counted from slot 0, have the value."""
        places = self._places[value]
        turns, slot = divmod(at, self.slots)
        return turns * len(places) + bisect_left(places, slot)

    def _slot(self, value: str, nth: int) -> int:
        """The slot with which the value comes for the n-th time, both counted from 0."""
        places = self._places[value]
        turns, place = divmod(nth, len(places))
        return turns * self.slots + places[place]


def reduced(weights: Mapping[str, int]) -> dict[str, int]:
    """Weights without their common divisor."""
    common = gcd(*weights.values())
    return {value: weight // common for value, weight in weights.items()}


def _spread(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Each value as often as its weight says, evenly spread: among the first n slots it is less
    than one away from its share of n."""
    whole = sum(weights.values())
    placed = dict.fromkeys(weights, 0)
    slots: list[str] = []
    for at in range(whole):
        waiting = [v for v, w in weights.items() if placed[v] < w and placed[v] * whole // w <= at]
        first = min(waiting, key=lambda v: (-(-(placed[v] + 1) * whole // weights[v]), v))
        placed[first] += 1
        slots.append(first)
    return tuple(slots)
