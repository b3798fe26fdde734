"""Which of several things are drawn, decided by hashes: with the seed anyone can draw the same
ones again, in any language, from the ids alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["drawn", "lot_number"]


def lot_number(seed: int, purpose: str, name: str) -> str:
    """What a name draws: the SHA-256 of `seed:purpose:name` in UTF-8, hexadecimal. Those with the
    smallest numbers are drawn."""
    return hashlib.sha256(f"{seed}:{purpose}:{name}".encode()).hexdigest()


def drawn(names: Iterable[str], count: int, seed: int, purpose: str) -> list[str]:
    """The first so many names in the order of their lot numbers; a simple random sample in random
    order, of which a larger one begins with the smaller one."""
    return sorted(names, key=lambda name: lot_number(seed, purpose, name))[:count]
