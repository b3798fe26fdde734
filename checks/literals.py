"""Which of many short literals stand in many texts, found in the bytes of an Arrow column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .word_hashes import eights

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Literals"]

_FACTOR = 0x9E3779B1
_BITS = 16


class Literals:
    """Some literals to look for, without regard to case.

    A literal is taken to be in a text where its first eight bytes are, the end of one text and the
    beginning of the next included: a literal too many may be told, and none too few. An
    apostrophe stands for a typographic one too. Other characters beyond ASCII have to be as they
    are.

    Args:
        literals: in lower case, of at least three bytes, fewer than 65,536.

    Raises:
        ValueError: one is shorter.
    """

    def __init__(self, literals: Sequence[str]) -> None:
        if short := [one for one in literals if len(one.encode()) < 3]:
            raise ValueError(f"{short[0]!r} is shorter than three bytes")
        self._literals = literals

    def found_in(self, texts: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of texts and, beside each, that of a literal which is in it; with repetitions."""
        import numpy as np

        _, offsets, data = texts.buffers()
        limits = np.frombuffer(offsets, np.int64, len(texts) + 1, 8 * texts.offset)
        if data is None or limits[-1] == limits[0]:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        raw = memoryview(data)[int(limits[0]) : int(limits[-1])].tobytes().translate(_LOWER)
        windows = eights(np.frombuffer(raw, np.uint8))
        table = self._table
        threes = windows[:-1].astype(np.uint32)
        threes <<= np.uint32(8)  # the first three bytes are left
        threes *= np.uint32(_FACTOR)
        threes >>= np.uint32(32 - _BITS)
        places = np.flatnonzero(table.filled[threes])
        slot, eight = table.slots[threes[places]], windows[places]
        found, numbers = [], []
        for keys, masks, literals in table.columns:
            here = (eight & masks[slot]) == keys[slot]
            found.append(places[here])
            numbers.append(literals[slot[here]])
        ends = limits[1:] - limits[0]
        return np.searchsorted(ends, np.concatenate(found), "right"), np.concatenate(numbers)

    @cached_property
    def _table(self) -> _Table:
        import numpy as np

        slots = np.zeros(1 << _BITS, np.uint16)
        by_slot: dict[int, list[tuple[int, int, int]]] = {}
        for number, literal in enumerate(self._literals):
            for written in {literal, literal.replace("'", "’")}:
                first = written.encode()[:8]
                key = int.from_bytes(first, "little")
                three = ((key << 8 & 0xFFFFFFFF) * _FACTOR & 0xFFFFFFFF) >> (32 - _BITS)
                by_slot.setdefault(three, []).append((key, (1 << 8 * len(first)) - 1, number))
        # No text has the key of a place that is empty: with its mask all bytes are 0.
        most = max(map(len, by_slot.values()))
        keys, masks = (np.full((most, len(by_slot) + 1), n, np.uint64) for n in (1, 0))
        literals = np.zeros((most, len(by_slot) + 1), np.int64)
        for slot, (three, entries) in enumerate(by_slot.items(), 1):
            slots[three] = slot
            for place, entry in enumerate(entries):
                keys[place, slot], masks[place, slot], literals[place, slot] = entry
        return _Table(slots > 0, slots, list(zip(keys, masks, literals, strict=True)))


class _Table(NamedTuple):
    """Literals by a hash of their first three bytes.

    Attributes:
        filled: for each hash whether there are any.
        slots: for each hash the place of its literals, 0 for most.
        columns: the first literals of all places, the second ones, and so on: the first eight bytes
            as a number, a mask of these bytes, and the literal's number.
    """

    filled: NDArray[np.bool_]
    slots: NDArray[np.uint16]
    columns: list[tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]]


_LOWER = bytes(code | 0x20 if 65 <= code <= 90 else code for code in range(256))
