"""From which probability on samples are to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from ..errors import CheckError
from .held_out import Labelled, Tried
from .shares import clopper_pearson, labels_needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Threshold", "find_threshold"]

_MOST_CUTS = 5_000
"""Candidates for a threshold that are looked at; more would not make it better."""


class Threshold(BaseModel):
    """From which probability on samples are to be kept, to have a wanted precision."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: float
    """The share of acceptable samples wanted among the kept."""
    probability: float | None
    """Keep a sample whose calibrated probability is at least this; None where no threshold gives
    the wanted precision."""
    score: float | None
    """The lowest score, among those of the labelled samples, that reaches it."""
    precision: float | None
    """The share of acceptable samples among those kept, in folds that had no say in the
    threshold; None where none were kept."""
    low: float
    """The lower end of the Clopper-Pearson interval of that share."""
    high: float
    """Its upper end."""
    judged: int
    """How many labelled samples the share comes from."""
    kept: float
    """The share of all labelled samples that were kept, in the same folds."""
    recall: float
    """The share of the acceptable samples that were kept, in the same folds."""
    says: str
    """The same in one sentence."""

    @property
    def met(self) -> bool:
        """Whether there is such a threshold."""
        return self.probability is not None


def find_threshold(wanted: float, tried: Tried, labelled: Labelled, level: float) -> Threshold:
    """The lowest probability from which on the kept samples have the wanted precision.

    The rule: of all thresholds, the lowest at which the lower end of the Clopper-Pearson interval
    of the kept rows' precision reaches `wanted`. Since a rule that looks for good luck finds it,
    it is tried out: in turn it is applied to all folds but one, and its threshold to the fold left
    out. The precision, its interval, the share kept and the recall are those of the folds left out,
    together. There is a threshold only where that precision reaches `wanted` too.
    """
    import numpy as np

    if not 0.0 < wanted < 1.0:
        raise CheckError(f"A wanted precision lies between 0 and 1, not at {wanted}.")
    counts, hits = labelled.counts.sum(axis=0), labelled.hits.sum(axis=0)
    judged, right = 0, 0
    for out, good, curve in zip(labelled.counts, labelled.hits, tried.without, strict=True):
        p = curve.over(labelled.values)
        cut, _ = _lowest(wanted, p, counts - out, hits - good, level)
        judged += int(out[p >= cut].sum())
        right += int(good[p >= cut].sum())
    low, high = clopper_pearson(right, judged, level)
    precision = right / judged if judged else None
    p = tried.curve.over(labelled.values)
    cut, shown = _lowest(wanted, p, counts, hits, level)
    met = shown and precision is not None and precision >= wanted
    score = float(labelled.values[np.argmax(p >= cut)])
    # One score and many may round differently: whichever way it is asked, this score is kept.
    cut = min(cut, tried.curve.at(score))
    return Threshold(
        wanted=wanted,
        probability=cut if met else None,
        score=score if met else None,
        precision=precision,
        low=low,
        high=high,
        judged=judged,
        kept=judged / labelled.n,
        recall=right / float(hits.sum()),
        says=_sentence(wanted, cut if met else None, precision, low, high, judged, labelled.n),
    )


def _lowest(
    wanted: float, p: NDArray[Any], counts: NDArray[Any], hits: NDArray[Any], level: float
) -> tuple[float, bool]:
    """The lowest probability whose rows and those above show the wanted precision, and True; or
    the one that comes closest to showing it, and False. `p` rises."""
    import numpy as np
    from scipy.special import betainc, betaincinv

    # One candidate a value of p, the first of those with that value.
    first = np.flatnonzero(np.concatenate([[True], p[1:] > p[:-1]]))
    n = np.cumsum(counts[::-1])[::-1][first].astype(np.float64)
    k = np.cumsum(hits[::-1])[::-1][first]
    if first.size > _MOST_CUTS:
        some = np.unique(np.linspace(0, first.size - 1, _MOST_CUTS).astype(np.int64))
        first, n, k = first[some], n[some], k[some]
    # How probable as many hits or more are where the precision is just `wanted`: the lower end of
    # the Clopper-Pearson interval reaches `wanted` where that is no more than the tail.
    chance = np.where(k > 0, betainc(np.maximum(k, 1.0), n - k + 1.0, wanted), 1.0)
    tail = (1.0 - level) / 2.0
    enough = np.flatnonzero((chance <= tail) & (n > 0))
    if enough.size:
        return float(p[first[enough[0]]]), True
    low = np.where(k > 0, betaincinv(np.maximum(k, 1.0), n - k + 1.0, tail), 0.0)
    return float(p[first[int(low.argmax())]]), False


def _sentence(
    wanted: float,
    cut: float | None,
    precision: float | None,
    low: float,
    high: float,
    judged: int,
    n: int,
) -> str:
    if precision is None:
        return f"No threshold gives a precision of {wanted:.0%}: none of {n:,} would be kept."
    seen = f"{precision:.1%} ({low:.1%} to {high:.1%}) of {judged:,} held-out samples"
    if cut is not None:
        return (
            f"From a probability of {cut:.3f} on, {judged / n:.1%} are kept and {seen} "
            f"are acceptable; {wanted:.0%} was wanted."
        )
    more = labels_needed(wanted, precision)
    if precision <= wanted or more is None:
        advice = "a better judge or a lower precision is needed"
    elif more > judged:
        advice = f"with that share, {more:,} labels among the kept would show it"
    else:
        advice = "more labels may show it"
    return (
        f"No threshold is shown to give a precision of {wanted:.0%}: where the scores are best, "
        f"{seen} are acceptable; {advice}."
    )
