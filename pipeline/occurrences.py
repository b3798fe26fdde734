"""How often each of many things has come: what a dataset's rows need to be told apart by."""

from __future__ import annotations

from array import array

__all__ = ["Occurrences"]

_LEAST = 1 << 10


class Occurrences:
    """Counts things by a hash, in 12 to 24 bytes for each different one.

    Things are known by 64 bits of their hash. Of ten million, two have the same with a chance of
    one in 370,000; then the second counts as having come before.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _LEAST))  # open addressing; 0 is an empty slot
        self._free = 2 * _LEAST // 3
        self._again: dict[int, int] = {}

    def before(self, hash_: bytes) -> int:
        """How often it has come before; it has come once more now.

        Args:
            hash_: of the thing, evenly spread; at least 8 bytes.
        """
        key = int.from_bytes(hash_[:8], "big") or 1
        if self._add(key):
            return 0
        self._again[key] = times = self._again.get(key, 0) + 1
        return times

    def _add(self, key: int) -> bool:
        slots, most = self._slots, len(self._slots) - 1
        at = key & most
        while slots[at]:
            if slots[at] == key:
                return False
            at = (at + 1) & most
        slots[at] = key
        self._free -= 1
        if not self._free:
            self._grow()
        return True

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        self._free = 2 * len(self._slots) // 3
        for key in old:
            if key:
                self._add(key)
