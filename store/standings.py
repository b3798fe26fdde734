"""How settled samples stand, in 4 bytes a sample: a dict of a million of them takes 80 MB."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from .entries import Standing

__all__ = ["Standings"]


class Standings:
    """The standings of settled samples by their numbers, which a journal gives without gaps.

    Args:
        settled: the number and the standing of each.
    """

    def __init__(self, settled: Iterable[tuple[int, Standing]] = ()) -> None:
        self._distinct: list[Standing | None] = [None]
        self._which = array("I")
        places: dict[Standing, int] = {}
        for number, standing in settled:
            place = places.get(standing)
            if place is None:
                place = places[standing] = len(self._distinct)
                self._distinct.append(standing)
            if number >= len(self._which):
                missing = max(4_096, number + 1 - len(self._which))
                self._which.frombytes(bytes(missing * self._which.itemsize))
            self._which[number] = place

    def get(self, number: int) -> Standing | None:
        """How a sample stands, or None where it is not settled."""
        return self._distinct[self._which[number]] if number < len(self._which) else None
