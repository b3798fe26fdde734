"""The measures that some raters get, each as a function of weights over the patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .agreement import (
    cohen_kappa,
    fleiss_kappa,
    kendall_tau_b,
    krippendorff_alpha,
    percent,
    spearman,
)
from .footing import Footing
from .ratings import Patterns, Ratings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Of = Callable[[Floats], Floats]

__all__ = ["Statistic", "pair_statistics", "panel_statistics"]

MOST_CELLS = 250_000
"""Kendall's tau takes time with the product of the numbers of values; beyond this it is left
out."""

_DENSE = 1_000_000


@dataclass(frozen=True, eq=False)
class Statistic:
    """One measure: of weights over the patterns, a figure a resample.

    Attributes:
        measure: its name.
        of: the function, or None where the measure is left out.
        reason: why it is left out, or why it is not defined where it comes to nothing.
    """

    measure: str
    of: Of | None
    reason: str


def pair_statistics(
    patterns: Patterns, ratings: Ratings, a: str, b: str, footing: Footing
) -> list[Statistic]:
    """The measures of two raters."""
    import numpy as np

    codes = patterns.codes[:, [ratings.raters.index(a), ratings.raters.index(b)]]
    gather, codes = _gathered(codes, 2)
    if not len(codes):
        return [Statistic("percent", None, f"no item has a label of both {a} and {b}")]
    if not footing.countable and not footing.ordered:
        return [Statistic("percent", None, footing.note)]
    codes, labels, values = _compact(codes, ratings)
    x, y = codes[:, 0], codes[:, 1]
    constant = [name for name, own in ((a, x), (b, y)) if (own == own[0]).all()]
    one = f"not defined: {a} and {b} use one label only, {labels[0]!r}"
    still = f"not defined: {' and '.join(constant)} gives one value only"
    found = []
    if footing.countable:
        found += [
            ("percent", lambda w: percent(w, x, y), one),
            ("kappa", lambda w: cohen_kappa(w, x, y, values), one),
        ]
    if footing.countable and footing.metric:
        found += [
            ("kappa_linear", lambda w: cohen_kappa(w, x, y, values, "linear"), one),
            ("kappa_quadratic", lambda w: cohen_kappa(w, x, y, values, "quadratic"), one),
        ]
    found += _alphas(codes, values, footing, one)
    if footing.ordered:
        found.append(("spearman", lambda w: spearman(w, x, y, values), still))
    statistics = [_after(gather, *each) for each in found]
    if footing.ordered:
        wide, high = len(np.unique(x)), len(np.unique(y))
        if wide * high <= MOST_CELLS:
            kendall = _after(gather, "kendall", lambda w: kendall_tau_b(w, x, y), still)
        else:
            kendall = Statistic(
                "kendall",
                None,
                f"left out: {wide:,} and {high:,} different values take too long; see Spearman",
            )
        statistics.append(kendall)
    return statistics


def panel_statistics(
    patterns: Patterns, ratings: Ratings, raters: Sequence[str], footing: Footing
) -> list[Statistic]:
    """The measures of all of some raters together."""
    codes = patterns.codes[:, [ratings.raters.index(name) for name in raters]]
    gather, some = _gathered(codes, 2)
    if not len(some) or not (footing.countable or footing.metric):
        return []
    some, labels, values = _compact(some, ratings)
    one = f"not defined: one label only is used, {labels[0]!r}"
    statistics = []
    if footing.countable:
        gather_whole, whole = _gathered(codes, len(raters))
        if len(whole):
            whole, _, own = _compact(whole, ratings)
            of = _after(
                gather_whole, "fleiss_kappa", lambda w: fleiss_kappa(w, whole, len(own)), one
            )
        else:
            of = Statistic("fleiss_kappa", None, "no item has a label of everybody")
        statistics.append(of)
    return statistics + [_after(gather, *each) for each in _alphas(some, values, footing, one)]


def _alphas(
    codes: Codes, values: Floats, footing: Footing, reason: str
) -> list[tuple[str, Of, str]]:
    alphas: list[tuple[str, Of, str]] = []
    if footing.countable:
        alphas.append(("alpha_nominal", lambda w: krippendorff_alpha(w, codes, values), reason))
    if footing.metric:
        alphas += [
            ("alpha_ordinal", lambda w: krippendorff_alpha(w, codes, values, "ordinal"), reason),
            ("alpha_interval", lambda w: krippendorff_alpha(w, codes, values, "interval"), reason),
        ]
    return alphas


def _after(gather: Of, measure: str, of: Of, reason: str) -> Statistic:
    return Statistic(measure, lambda weights: of(gather(weights)), reason)


def _gathered(codes: Codes, fewest: int) -> tuple[Of, Codes]:
    """The different rows of some columns that have at least `fewest` labels, and what adds up
    the weights of the patterns that have them."""
    import numpy as np

    there = (codes >= 0).sum(axis=1) >= fewest
    chosen = np.flatnonzero(there)
    rows, place = np.unique(codes[chosen], axis=0, return_inverse=True)
    place = place.reshape(-1)
    if len(chosen) < 2 * len(rows):
        return _remembered(lambda weights: weights[:, chosen]), codes[chosen]
    if len(chosen) * len(rows) <= _DENSE:
        sums = (place[:, None] == np.arange(len(rows))).astype(np.float64)
        return _remembered(lambda weights: weights[:, chosen] @ sums), rows

    def added(weights: Floats) -> Floats:
        own = weights[:, chosen]
        return np.stack([np.bincount(place, one, len(rows)) for one in own])

    return _remembered(added), rows


def _remembered(of: Of) -> Of:
    """The same function, which all measures of a pair call with the same weights in turn."""
    last: list[Floats] = []

    def again(weights: Floats) -> Floats:
        if not last or last[0] is not weights:
            last[:] = [weights, of(weights)]
        return last[1]

    return again


def _compact(codes: Codes, ratings: Ratings) -> tuple[Codes, list[str], Floats]:
    """The codes over the labels that occur alone, with those labels and their values."""
    import numpy as np

    used, places = np.unique(codes, return_inverse=True)
    places = places.reshape(codes.shape)
    missing = int(used[0] < 0)
    used = used[missing:]
    labels = [ratings.labels[code] for code in used]
    return places - missing, labels, ratings.values[used]
