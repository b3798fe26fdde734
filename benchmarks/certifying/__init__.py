"""Lots with a known share of good ones, and what the certificate's intervals say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cell", "Lot", "Outcome"]


@dataclass(frozen=True)
class Lot:
    """A lot whose truth is known.

    Attributes:
        good: whether each is acceptable.
        scores: what a judge said of each.
        strategies: the number of each one's strategy.
        calibrated: the probability that other labels gave each score, or None where there were too
            few for a curve.
    """

    good: NDArray[np.bool_]
    scores: NDArray[np.float64]
    strategies: NDArray[np.int64]
    calibrated: NDArray[np.float64] | None


class Outcome(NamedTuple):
    """Of many samples of one lot: which intervals held the truth, how long they were, how long the
    exact ones of simple random samples of the same size were, and which were not exact ones."""

    held: NDArray[np.bool_]
    length: NDArray[np.float64]
    exact_length: NDArray[np.float64]
    helped: NDArray[np.bool_]


@dataclass(frozen=True)
class Cell:
    """A cell of the grid.

    Attributes:
        design, judge, share, size: where it lies.
        coverage: the share of the intervals that held the truth.
        error: the standard error of it.
        ratio: the mean length over that of the exact interval.
        helped: the share of the intervals that were not the exact ones.
    """

    design: str
    judge: str
    share: float
    size: int
    coverage: float
    error: float
    ratio: float
    helped: float

    @property
    def name(self) -> str:
        """Where it lies, in words."""
        return f"{self.design}, judge {self.judge}, {self.size} of a share of {self.share:.3f}"

    @classmethod
    def of(
        cls, design: str, judge: str, share: float, size: int, outcomes: Sequence[Outcome]
    ) -> Cell:
        """The cell of these samples."""
        held = np.concatenate([one.held for one in outcomes])
        covered = float(held.mean())
        return cls(
            design,
            judge,
            share,
            size,
            covered,
            float(np.sqrt(max(covered * (1 - covered), 1e-6) / len(held))),
            float(
                np.mean([one.length.mean() for one in outcomes])
                / np.mean([one.exact_length.mean() for one in outcomes])
            ),
            float(np.concatenate([one.helped for one in outcomes]).mean()),
        )
