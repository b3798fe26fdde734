"""Which combination of attributes a draw has: all of them in a keyed order, each computed from
the draw's number alone.

N combinations make a round of N draws, in which each occurs once; then another round begins, in
another order. Of values that weigh alike, all take turns (`turns.py`). Weights say in which order
a round goes through its combinations: heavy ones come early, so that the draws up to any number
have the shares that the weights say, for as long as there are combinations left to do so. A round
that goes on to its end has every combination once, and so all values alike.

The round is a tree. Its root is gone through by the wheel of one weighted attribute (`shares.py`),
each of its values by that of the next, and what is left, the attributes without weights, take
turns in the leaves. A value comes no more often than there are combinations below it. So what one
visit of a node is to its children is computed from the visit's number, and from the number of the
child's first visit where the child's own wheel begins: as if every wheel went on with every draw.
So all attributes stay near their shares, and not only the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import shake_128
from itertools import count
from math import gcd, prod
from struct import unpack

from .shares import Wheel, reduced
from .turns import Turns

__all__ = ["Combinations"]


_Node = tuple[Wheel, int, str]
"""A wheel, its start, and the value that leads to the node."""


class Combinations:
    """The combinations of some attributes.

    Args:
        attributes: values with their weights, by attribute; at least one each. Of weights only the
            ratio counts.

    Attributes:
        distinct: how many combinations there are, which is how many draws a round has.
        weighted: whether any value weighs more than another.
        by_weight: how many draws of a round can be as the weights say, before a combination of
            heavy values would have to come again; all of them where nothing is weighted.
    """

    def __init__(self, attributes: Mapping[str, Mapping[str, int]]) -> None:
        attributes = {name: reduced(weights) for name, weights in attributes.items()}
        weighted = {name: one for name, one in attributes.items() if set(one.values()) != {1}}
        self.distinct = prod(len(values) for values in attributes.values())
        self.weighted = bool(weighted)
        self._names = tuple(attributes)
        self._words = f"<{len(attributes)}Q"  # as many random words of 64 bits
        self._turns = Turns({name: attributes[name] for name in attributes if name not in weighted})
        room = self.distinct
        self._wheels: list[tuple[str, Wheel]] = []
        # The fewest values first: so the nodes are few for as long as they can be.
        for name in sorted(weighted, key=lambda name: (len(weighted[name]), name)):
            room //= len(weighted[name])
            self._wheels.append((name, Wheel(weighted[name], room)))
        likeliest = prod(max(one.values()) for one in weighted.values())
        whole = prod(sum(one.values()) for one in weighted.values())
        self.by_weight = min(self.distinct, self._turns.round * whole // likeliest)

    def at(self, key: bytes, number: int) -> dict[str, str]:
        """The combination of a draw.

        Args:
            key: whose draws they are; each key has orders of its own.
            number: the draw's, from 0.
        """
        round_, visit = divmod(number, self.distinct)
        seeded = shake_128(key + round_.to_bytes(16, "big"))
        words = dict(
            zip(self._names, unpack(self._words, seeded.digest(8 * len(self._names))), strict=True)
        )
        path: list[_Node] = []
        found: dict[str, str] = {}
        for name, wheel in self._wheels:
            start = wheel.start(words[name], _first_visit(path))
            found[name], visit = wheel.visit(start, visit)
            path.append((wheel, start, found[name]))
        place = _first_visit(path) + visit * self._step(path)
        found |= self._turns.at(words, place % self._turns.round)
        return {name: found[name] for name in self._names}

    def _step(self, path: Sequence[_Node]) -> int:
        """How many turns lie between two visits of a leaf: about as many as there are draws
        between them, and without a common divisor with all, so that none comes again."""
        whole = prod(wheel.slots for wheel, _, _ in path)
        part = prod(wheel.weight(value) for wheel, _, value in path)
        near = (2 * whole + part) // (2 * part)
        steps = (step for away in count() for step in (near + away, near - away) if step > 0)
        return next(step for step in steps if gcd(step, self._turns.round) == 1)


def _first_visit(path: Sequence[_Node]) -> int:
    """The number in the round of the first visit to the node that a path leads to."""
    number = 0
    for wheel, start, value in reversed(path):
        number = wheel.number(start, value, number)
    return number
