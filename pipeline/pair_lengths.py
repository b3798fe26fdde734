"""What the lengths of a preference pair's halves tell of which one is chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from ..checks.pairs import EVEN

__all__ = ["Lengths", "PairLengths"]

SURE = 0.001
"""The probability by which chance alone may look like a cue. A run has some twenty rows."""

TOLD = 0.6
STANDARDISED = 0.3
"""What is too little to matter however sure it is: six right answers of ten, where five are
guessed, and a mean difference of less than a third of a standard deviation (a small one by Cohen)
or than 3 %."""

EXACT = 1_000
"""Up to so many pairs the sign test is exact."""


@dataclass(frozen=True, slots=True)
class PairLengths:
    """The lengths of the halves of kept pairs, in characters. All but `pairs`, `proven` and
    `by_flaw` leave pairs out whose flaw is one of length, unless there are no others.

    Attributes:
        strategy, flaw: which pairs; all flaws where it is "".
        pairs: how many there are.
        proven: of how many a check that needs no model has seen that the flaw is there.
        by_flaw: of how many the flaw itself is one of length.
        chosen, rejected: the mean lengths of the halves.
        difference: rejected less chosen, on the mean.
        standardised: the difference in units of the halves' standard deviation (the root of the
            mean of their variances, as in Cohen's d); None where they do not vary.
        rejected_shorter, rejected_longer: the shares of pairs of which the rejected half is the
            shorter or longer one by more than 3 %.
        told_by_length: the share of pairs of which the longer half (or the shorter one, whichever
            is better) is the chosen one, equal halves counted half: what a model can tell by
            length alone, from 0.5 (nothing) to 1. It is the area under the ROC curve within pairs.
        chance: how often chance alone would make the one half the longer one in so uneven a share
            (two-sided sign test), from 0 to 1.
        cue: whether length alone tells the halves apart, by more than chance and by more than
            does no harm, and the flaw is not one of length.
    """

    strategy: str
    flaw: str
    pairs: int
    proven: int
    by_flaw: int
    chosen: float
    rejected: float
    difference: float
    standardised: float | None
    rejected_shorter: float
    rejected_longer: float
    told_by_length: float
    chance: float
    cue: bool


class Lengths:
    """Sums over pairs of one strategy and flaw.

    Attributes:
        proven: of how many pairs the flaw is proven.
    """

    def __init__(self) -> None:
        self.proven = 0
        self._free = _Sums()
        self._by_flaw = _Sums()

    def add(self, chosen: int, rejected: int, *, by_flaw: bool) -> None:
        """Note a pair with halves of so many characters.

        Args:
            by_flaw: whether the flaw is one of length.
        """
        (self._by_flaw if by_flaw else self._free).add(chosen, rejected)

    def of(self, strategy: str, flaw: str) -> PairLengths:
        """What there is to say of them."""
        sums = self._free if self._free.pairs else self._by_flaw
        n = sums.pairs
        spread = sums.deviation()
        difference = (sums.rejected - sums.chosen) / n
        standardised = difference / spread if spread > 1e-9 else None
        told = (max(sums.longer, sums.shorter) + (n - sums.longer - sums.shorter) / 2) / n
        chance = _sign_test(sums.longer, sums.shorter)
        apart = abs(difference) > (EVEN - 1) * sums.chosen / n and (
            standardised is None or abs(standardised) >= STANDARDISED
        )
        cue = (chance < SURE and told >= TOLD) or (apart and sums.chance_of_mean() < SURE)
        return PairLengths(
            strategy=strategy,
            flaw=flaw,
            pairs=self._free.pairs + self._by_flaw.pairs,
            proven=self.proven,
            by_flaw=self._by_flaw.pairs,
            chosen=round(sums.chosen / n, 1),
            rejected=round(sums.rejected / n, 1),
            difference=round(difference, 1),
            standardised=round(standardised, 3) if standardised is not None else None,
            rejected_shorter=round(sums.shorter / n, 3),
            rejected_longer=round(sums.longer / n, 3),
            told_by_length=round(told, 3),
            chance=float(f"{chance:.2g}"),
            cue=cue and bool(self._free.pairs),
        )


@dataclass(slots=True)
class _Sums:
    pairs: int = 0
    chosen: int = 0
    rejected: int = 0
    chosen_squares: int = 0
    rejected_squares: int = 0
    squares: int = 0
    """Of the differences."""
    longer: int = 0
    shorter: int = 0

    def add(self, chosen: int, rejected: int) -> None:
        self.pairs += 1
        self.chosen += chosen
        self.rejected += rejected
        self.chosen_squares += chosen * chosen
        self.rejected_squares += rejected * rejected
        self.squares += (rejected - chosen) ** 2
        self.longer += rejected > EVEN * chosen
        self.shorter += chosen > EVEN * rejected

    def deviation(self) -> float:
        """The standard deviation of a half's length."""
        variances = (
            self.chosen_squares / self.pairs - (self.chosen / self.pairs) ** 2,
            self.rejected_squares / self.pairs - (self.rejected / self.pairs) ** 2,
        )
        return math.sqrt(max(0.0, sum(variances) / 2))

    def chance_of_mean(self) -> float:
        """How likely so large a mean difference is by chance, by the normal approximation of the
        paired t test, which takes ten pairs; 1 where there are fewer."""
        if self.pairs < 10:
            return 1.0
        mean = (self.rejected - self.chosen) / self.pairs
        variance = max(0.0, self.squares / self.pairs - mean**2)
        if variance < 1e-9:
            return 0.0 if mean else 1.0
        return 2 * NormalDist().cdf(-abs(mean) / math.sqrt(variance / (self.pairs - 1)))


def _sign_test(longer: int, shorter: int) -> float:
    """The probability of so uneven a division, or a more uneven one, where both are as likely."""
    n, few = longer + shorter, min(longer, shorter)
    if n > EXACT:
        return min(1.0, 2 * NormalDist().cdf((2 * few + 1 - n) / math.sqrt(n)))
    tail = float(sum(math.comb(n, k) for k in range(few + 1)))
    return min(1.0, math.ldexp(tail, 1 - n))
