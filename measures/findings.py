"""What a comparison of raters found: figures, tables, parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ALL",
    "Agreement",
    "Comparison",
    "Confusion",
    "Figure",
    "Gap",
    "Kind",
    "Part",
    "Split",
]

ALL = "all"
"""The split that has one part, all items."""

Kind = Literal["human-human", "judge-human"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure.

    Attributes:
        measure: percent, kappa, kappa_linear, kappa_quadratic, fleiss_kappa, alpha_nominal,
            alpha_ordinal, alpha_interval, spearman or kendall.
        value: the figure, or None where it is not defined or says nothing.
        interval: its bootstrap interval, or None.
        reason: why there is no value, or "".
    """

    measure: str
    value: float | None
    interval: Interval | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each label of one rater (rows) meets each of the other (columns)."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two raters over the items that both labelled."""

    kind: Kind
    a: str
    b: str
    items: int
    figures: tuple[Figure, ...]
    confusion: Confusion | None = None

    def figure(self, measure: str) -> Figure | None:
        """One of the figures, where it is there."""
        return next((one for one in self.figures if one.measure == measure), None)


@dataclass(frozen=True, slots=True)
class Gap:
    """How much less a judge agrees with people than they with each other.

    Attributes:
        judge: which one.
        measure: kappa, or spearman where some labels are scores.
        judge_human: the mean over the people of the judge's figure with each of them.
        human_human: the mean over the pairs of people.
        difference: the first less the second, with the interval over the same resamples.
    """

    judge: str
    measure: str
    judge_human: float
    human_human: float
    difference: Figure


@dataclass(frozen=True, slots=True)
class Part:
    """All items, or those of one group.

    Attributes:
        split: what the items are split by, "all" for no split.
        name: the group's name, "" for all.
        items: how many there are.
        people: the figures of all people together (from two people on): Fleiss' kappa over the
            items that all of them labelled, alpha over those that at least two did.
        comparisons: people's pairs first, then each judge with each person.
        gaps: one a judge, where there are two people or more.
    """

    split: str
    name: str
    items: int
    people: tuple[Figure, ...]
    comparisons: tuple[Comparison, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A split of the items: `groups` holds each item's index into `names`, -1 for none."""

    by: str
    names: tuple[str, ...]
    groups: NDArray[np.int32]


@dataclass(frozen=True)
class Agreement:
    """What `compare` found.

    Attributes:
        humans, judges: the raters' names.
        parts: all items first, then the groups of each split.
        notes: sentences on what one must know to read the figures.
        resamples, level, seed: of the intervals; where there are very many different rows,
            fewer resamples were drawn, which each interval says.
    """

    humans: tuple[str, ...]
    judges: tuple[str, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    resamples: int
    level: float
    seed: int = 0

    @property
    def whole(self) -> Part:
        """All items."""
        return self.parts[0]
