"""Keeps pairs of which nobody tells the halves apart by length."""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..checks.pairs import EVEN
from .base import DatasetFilter, Drop, Finding

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EvenLengths"]

STEPS = (EVEN, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0)
"""Where the classes of pairs end: how many times as long as the shorter half the longer one is."""


class _Class(NamedTuple):
    """Pairs of one strategy and flaw whose longer half is about so much longer."""

    of: str
    step: int


class EvenLengths(DatasetFilter):
    """Drops pairs until the rejected half is the longer one as often as the shorter one, and by as
    much.

    Pairs of one strategy and flaw whose longer half is longer by about the same (up to 10 %, 20 %,
    35 %, and so on) make a class. Where a class has more pairs whose rejected half is the longer
    one than pairs whose rejected half is the shorter one, or fewer, the last ones in the
    dataset's order of the many go until there are as many of both. Pairs whose halves differ
    by 3 % at most stay, and so do those whose flaw is itself one of length, and samples that are no
    pairs.

    A model that is trained on pairs learns what tells their halves apart, and in most data that is
    length first of all (Singhal et al., "A Long Way to Go: Investigating Length Correlations in
    RLHF", arXiv 2310.03716).
    """

    kind: ClassVar[str] = "even_lengths"
    scalar: ClassVar[str] = "flaws"
    columns: ClassVar[tuple[str, ...]] = (
        "strategy", "flaw", "flaw_of_length", "response", "rejected",
    )  # fmt: skip

    flaws: tuple[str, ...] = ()
    """Which flaws' pairs are looked at, such as `lower_score` for pairs that are made of
    candidates; by default those of all flaws, and pairs without a named one."""

    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """The later pairs of the greater side of each class."""
        seen: dict[_Class, tuple[list[int], list[int]]] = {}
        pairs: Counter[str] = Counter()
        for row, of, chosen, rejected in self._pairs(table):
            pairs[of] += 1
            ratio = rejected / chosen
            step = bisect.bisect_left(STEPS, max(ratio, 1 / ratio) - 1e-12)
            if step:
                sides = seen.setdefault(_Class(of, step), ([], []))
                sides[rejected > chosen].append(row)
        dropped: dict[int, str] = {}
        for each, sides in seen.items():
            few = min(map(len, sides))
            for longer, rows in enumerate(sides):
                reason = _reason(each, bool(longer), len(rows), sum(map(len, sides)), few)
                dropped.update(dict.fromkeys(rows[few:], reason))
                pairs[each.of] -= len(rows) - few
        for row in sorted(dropped):
            yield Drop(row, dropped[row])
        yield Finding("pairs", {of: pairs[of] for of in sorted(pairs)})

    def bytes_per_row(self, characters: float) -> float:
        """A row's number and its class (measured)."""
        return 60

    def _pairs(self, table: pa.Table) -> Iterator[tuple[int, str, int, int]]:
        """Each pair that is looked at: its row, what it is a pair of, and the lengths of its
        halves in characters."""
        from pyarrow import compute

        lengths = [
            compute.utf8_length(table[name]).to_pylist() for name in ("response", "rejected")
        ]
        names = (table[name].to_pylist() for name in ("strategy", "flaw", "flaw_of_length"))
        for row, (strategy, flaw, by_flaw, chosen, rejected) in enumerate(
            zip(*names, *lengths, strict=True)
        ):
            wanted = not self.flaws or flaw in self.flaws
            if chosen and rejected and wanted and not by_flaw:
                yield row, f"{strategy} {flaw}".strip(), chosen, rejected


def _reason(each: _Class, longer: bool, count: int, pairs: int, few: int) -> str:
    side = "longer" if longer else "shorter"
    low, high = STEPS[each.step - 1], STEPS[each.step] if each.step < len(STEPS) else math.inf
    most = f" to {high:g}" if high < math.inf else " or more"
    stay = f"{few:,} of them stay" if few else "none stays"
    return (
        f"rejected is the {side} half of {count:,} of {pairs:,} pairs of {each.of or 'no strategy'}"
        f" of which one half is {low:g}{most} times as long as the other; {stay}"
    )
