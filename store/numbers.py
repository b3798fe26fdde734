"""From a sample's id to its number, in 16 bytes a sample: a dict of a million ids takes 180 MB."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable

__all__ = ["Numbers"]

_FIRST_SLOTS = 1 << 12


class Numbers:
    """A hash table with open addressing over flat arrays.

    An id is a hash already; its first 12 bytes are kept. That two of ten million ids share
    these has a chance of 1 to 10^15.

    Args:
        room_for: how many are known to come.

    Attributes:
        last: the highest number that was given.
    """

    def __init__(self, room_for: int = 0) -> None:
        self.last = 0
        self._count = 0
        slots = _FIRST_SLOTS
        while 3 * room_for >= 2 * slots:
            slots *= 2
        self._make(slots)

    def __len__(self) -> int:
        return self._count

    def get(self, id_: bytes) -> int | None:
        """The number of an id, or None."""
        key, check = _halves(id_)
        return self._numbers[self._slot(key, check)] or None

    def add(self, id_: bytes, number: int) -> None:
        """Give a new id its number, from 1 to 2^32 - 1."""
        if 3 * self._count >= 2 * self._slots:
            self._grow()
        self._put(*_halves(id_), number)
        self._count += 1
        if number > self.last:
            self.last = number

    def _make(self, slots: int) -> None:
        self._slots = slots
        self._keys = array("Q", bytes(8 * slots))
        self._checks = array("I", bytes(4 * slots))
        self._numbers = array("I", bytes(4 * slots))

    def _slot(self, key: int, check: int) -> int:
        """Where the key stands, or the free slot where it would."""
        keys, checks, numbers = self._keys, self._checks, self._numbers
        mask = self._slots - 1
        slot = key & mask
        while numbers[slot] and (keys[slot] != key or checks[slot] != check):
            slot = (slot + 1) & mask
        return slot

    def _put(self, key: int, check: int, number: int) -> None:
        slot = self._slot(key, check)
        self._keys[slot], self._checks[slot], self._numbers[slot] = key, check, number

    def _grow(self) -> None:
        old = zip(self._keys, self._checks, self._numbers, strict=True)
        self._make(2 * self._slots)
        for key, check, number in old:
            if number:
                self._put(key, check, number)


_halves: Callable[[bytes], tuple[int, int]] = struct.Struct("<QI4x").unpack
"""The first 8 bytes of an id of 16 as a number, and the next 4."""
