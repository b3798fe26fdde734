"""What can be compared of some raters' labels: names, points of a scale, or order alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .ratings import Ratings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Values = NDArray[np.float64]

__all__ = ["MOST_LABELS", "Footing", "footing_of"]

MOST_LABELS = 50
"""With more different values than this they are scores, and no labels to be the same or not."""

_WIDER = 2.0
"""Two scales differ where one range is so many times as wide as the other, or more."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What measures make sense for some raters' labels.

    Attributes:
        countable: being the same label means something: percent, kappa, nominal alpha, table.
        metric: they are points of one scale: weighted kappa (where countable), ordinal and
            interval alpha.
        ordered: they are numbers: Spearman and Kendall.
        note: a sentence where something is left out or must be known, or "".
    """

    countable: bool
    metric: bool
    ordered: bool
    note: str = ""


def footing_of(ratings: Ratings, raters: Sequence[str]) -> Footing:
    """The footing of some raters, from the labels of items that at least two of them labelled."""
    import numpy as np

    codes = ratings.codes[:, [ratings.raters.index(name) for name in raters]]
    codes = codes[(codes >= 0).sum(axis=1) >= 2]
    used = [np.unique(column[column >= 0]) for column in codes.T]
    names = " and ".join(raters)
    if not len(codes):
        note = f"{names} have no item in common: nothing can be compared."
        return Footing(False, False, False, note)
    every = np.unique(np.concatenate(used))
    values = ratings.values[every]
    if np.isnan(values).any():
        return _of_names(ratings, raters, used, len(every))
    ranges = [(name, ratings.values[own]) for name, own in zip(raters, used, strict=True)]
    for number, (name, own) in enumerate(ranges):
        for other_name, other in ranges[number + 1 :]:
            if _scales_differ(own, other):
                return Footing(False, False, True, _differ(name, own, other_name, other))
    if len(every) > MOST_LABELS:
        note = (
            f"{names} give {len(every):,} different values, which are scores and no labels:"
            " percent, kappa and the confusion table are left out."
        )
        return Footing(False, True, True, note)
    return Footing(True, True, True)


def _of_names(
    ratings: Ratings, raters: Sequence[str], used: Sequence[Codes], labels: int
) -> Footing:
    names = " and ".join(raters)
    if labels > MOST_LABELS * 4:
        note = f"{names} give {labels:,} different texts, which are no labels: nothing is compared."
        return Footing(False, False, False, note)
    if len(raters) == 2 and not set(used[0]) & set(used[1]):
        first, second = (_quoted(ratings, own) for own in used)
        note = (
            f"{raters[0]} says {first} and {raters[1]} says {second}, with no label in common:"
            " nothing is compared; say which are the same with --same LABEL=LABEL."
        )
        return Footing(False, False, False, note)
    return Footing(True, False, False, _odd_labels(ratings, raters, used))


def _odd_labels(ratings: Ratings, raters: Sequence[str], used: Sequence[Codes]) -> str:
    """A sentence where one of two raters gives numbers only, and the other texts too."""
    import numpy as np

    texts = [[code for code in own if np.isnan(ratings.values[code])] for own in used]
    if len(raters) != 2 or bool(texts[0]) == bool(texts[1]):
        return ""
    odd, numeric = (0, 1) if texts[0] else (1, 0)
    return (
        f"{raters[odd]} gives {_quoted(ratings, texts[odd])}, and {raters[numeric]} numbers only,"
        " so that all count as names: say which labels are the same with --same LABEL=LABEL, and"
        " which are none with --missing LABEL."
    )


def _scales_differ(a: Values, b: Values) -> bool:
    """Whether two raters' numbers cannot be points of one scale: their ranges lie apart; or one
    is much the wider, and does not hold the other's points."""
    import numpy as np

    narrow, wide = sorted((np.asarray(a), np.asarray(b)), key=np.ptp)
    if len(narrow) > 1 and (narrow.min() > wide.max() or narrow.max() < wide.min()):
        return True
    if len(narrow) == 1:
        return bool(narrow[0] < wide.min() or narrow[0] > wide.max()) and len(wide) > 1
    return bool(np.ptp(wide) >= _WIDER * np.ptp(narrow)) and not bool(np.isin(narrow, wide).all())


def _differ(a: str, own: Values, b: str, other: Values) -> str:
    ranges = [f"{min(values):.10g} to {max(values):.10g}" for values in (own, other)]
    return (
        f"{a} ({ranges[0]}) and {b} ({ranges[1]}) are on different scales: only Spearman and"
        " Kendall, which compare the order, are given."
    )


def _quoted(ratings: Ratings, codes: Sequence[int] | Codes) -> str:
    more = ", …" if len(codes) > 4 else ""
    return ", ".join(repr(ratings.labels[code]) for code in codes[:4]) + more
