"""Calibration of a dataset's scores against people's labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CheckError, SeedError
from ..measures.calibration import Calibration, Judged, calibrate, load_calibration
from ..measures.intervals import LEVEL
from ..measures.ratings import Ratings, label_of, spelled
from .label_rows import label_rows
from .labels import Asked, Labelled, Panel, read_labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["OVERALL", "Acceptable", "calibration_in", "save_calibration"]

OVERALL = "score"
"""The column of a sample's overall score."""

FEW = 50
"""Of so many labels of the rarer kind a curve can be trusted (docs/calibration.md)."""

_YES_NO = ({"0", "1"}, {"false", "true"}, {"no", "yes"}, {"reject", "accept"})
_YES = ("1", "true", "yes", "accept")


@dataclass(frozen=True, slots=True)
class Acceptable:
    """Which labels mean that a person would accept a sample.

    Attributes:
        labels: these; none for 1, true, yes and accept, where the others are 0, false, no and
            reject.
        least: or numbers from this one on.
    """

    labels: Sequence[str] = ()
    least: float | None = None


def calibration_in(
    asked: Asked,
    acceptable: Acceptable,
    *,
    precisions: Sequence[float] = (),
    folds: int = 10,
    bins: int = 10,
    seed: int = 0,
    level: float = LEVEL,
    date: str | None = None,
) -> tuple[Calibration, tuple[str, ...]]:
    """The calibration of one judge's scores in a dataset, with notes on how it was read.

    A sample that several people labelled is acceptable where most of them accept it; where they
    are even it is left out, as is one without a score or a label.

    Args:
        asked: the dataset, its people, and at most one judge: `NAME.CRITERION`, a column, or by
            default the samples' overall score.
        acceptable: which labels count as acceptable.
        precisions, folds, bins, seed, level, date: as `calibrate`.

    Raises:
        SeedError: as `read_labels`; or labels are not understood, or the scores are those of
            several judges or models.
        CheckError: as `calibrate`.
    """
    import numpy as np

    asked = replace(asked, judges=asked.judges or (_usual(asked),), scaled=True)
    labelled = read_labels(asked)
    ratings = labelled.ratings
    if len(labelled.judges) != 1:
        names = ", ".join(labelled.judges)
        raise SeedError(
            f"{asked.data}: {', '.join(asked.judges)} is several scores ({names}), and a"
            " calibration is of one: name it with --judge"
        )
    of = labelled.judges[0]
    judged = _judged(asked, of, labelled)
    votes = _votes(asked, ratings, acceptable)
    scores = _scores(asked, ratings, of)
    share = np.full(ratings.items, np.nan)
    some = ~np.isnan(votes).all(axis=1)
    share[some] = np.nanmean(votes[some], axis=1)
    usable = ~np.isnan(share) & (share != 0.5) & ~np.isnan(scores)
    notes = [*labelled.notes, *_left_out(share, scores)]
    try:
        fitted = calibrate(
            scores[usable],
            share[usable] > 0.5,
            of=of,
            judged=judged,
            date=date,
            precisions=tuple(precisions),
            folds=folds,
            bins=bins,
            seed=seed,
            level=level,
        )
    except CheckError as error:
        raise CheckError(f"{asked.data}: {error}") from error
    return fitted, (*notes, *_cautions(fitted))


def _usual(asked: Asked) -> str:
    """The overall score, where the data are samples that were judged."""
    row = next(label_rows(asked.data, {OVERALL}, split=asked.split), None)
    if row is None or not row.judgements:
        raise SeedError(
            f"{asked.data}: its rows were not judged here; name the column of a judge's scores with"
            " --judge, or judge them first (silversmith judge)"
        )
    return OVERALL


def _judged(asked: Asked, of: str, labelled: Labelled) -> tuple[Judged, ...]:
    """Whose judgements the scores are; empty for a column of another program's scores."""
    asking = {(j, c) for j, c, m in labelled.judged if m}
    # A judge that had nothing to ask about, such as two equal answers, is the same judge.
    said = sorted((j, c, m) for j, c, m in labelled.judged if m or (j, c) not in asking)
    found = [Judged(judge=j, criterion=c, model=m) for j, c, m in said]
    if of != OVERALL:
        found = [one for one in found if of in (one.judge, f"{one.judge}.{one.criterion}")]
        if len(found) > 1:
            who = " and ".join(map(str, found))
            raise SeedError(
                f"{asked.data}: {of} is said by {who}, whose scores need a calibration each; judge"
                " the rows with one of them, or calibrate the overall score (--judge score)"
            )
        return tuple(found)
    panels = _panels(labelled.panels)
    if len(panels) > 1:
        names = [", ".join(f"{j} ({m})" if m else j for j, m in sorted(one)) for one in panels]
        sets = " and ".join(sorted(name or "nobody" for name in names))
        raise SeedError(
            f"{asked.data}: the overall score is not the same thing in all rows, as they were"
            f" judged by {sets}; calibrate one judge with --judge NAME.CRITERION"
        )
    return tuple(found)


def _panels(panels: Set[Panel]) -> set[Panel]:
    """The sets of judges that differ in who asked which model; a judge that found nothing to ask
    about is the same judge, and one that never asks counts for nothing."""
    asking = {judge for panel in panels for judge, model in panel if model}
    found = {frozenset((j, m) for j, m in panel if j in asking) for panel in panels}
    whole = {panel for panel in found if all(model for _, model in panel)}
    return whole | {panel for panel in found - whole if not any(_fits(panel, w) for w in whole)}


def _fits(panel: Panel, whole: Panel) -> bool:
    """Whether it is the same judges, of which some asked nothing."""
    same = {judge for judge, _ in panel} == {judge for judge, _ in whole}
    return same and {(judge, model) for judge, model in panel if model} <= whole


def _votes(asked: Asked, ratings: Ratings, acceptable: Acceptable) -> Floats:
    """1, 0 or NaN: whether each person accepts each item."""
    import numpy as np

    codes = ratings.codes[:, : len(asked.humans)]
    used = np.unique(codes[codes >= 0])
    labels = {ratings.labels[code] for code in used}
    if not labels:
        raise SeedError(f"{asked.data}: no row has a label of {', '.join(asked.humans)}")
    if acceptable.least is not None:
        words = sorted(ratings.labels[code] for code in used if np.isnan(ratings.values[code]))
        if words:
            raise SeedError(
                f"{asked.data}: --accept-from wants numbers, and {', '.join(asked.humans)} says"
                f" {words[0]!r}; name what is acceptable with --accept, or what is no label with"
                " --missing"
            )
        good = ratings.values >= acceptable.least
    else:
        wanted = {spelled(label_of(word)) for word in acceptable.labels} or _accepted(asked, labels)
        if unknown := sorted(wanted - labels):
            known = ", ".join(sorted(labels)[:12])
            raise SeedError(
                f"{asked.data}: nobody says {unknown[0]!r}, which --accept names; labels: {known}"
            )
        good = np.array([label in wanted for label in ratings.labels])
    votes = good[codes].astype(np.float64)
    votes[codes < 0] = np.nan
    return np.asarray(votes, dtype=np.float64)


def _accepted(asked: Asked, labels: set[str]) -> set[str]:
    for pair in _YES_NO:
        if labels <= pair:
            return {label for label in labels if label in _YES}
    shown = ", ".join(sorted(labels)[:12])
    raise SeedError(
        f"{asked.data}: which labels of {', '.join(asked.humans)} mean that a sample is acceptable?"
        f" They are {shown}: say --accept LABEL,LABEL, or --accept-from NUMBER"
    )


def _scores(asked: Asked, ratings: Ratings, of: str) -> Floats:
    import numpy as np

    codes = ratings.codes[:, ratings.raters.index(of)]
    used = np.unique(codes[codes >= 0])
    words = [ratings.labels[code] for code in used if np.isnan(ratings.values[code])]
    if words:
        raise SeedError(
            f"{asked.data}: {of} holds {words[0]!r}, which is no score; leave it out with --missing"
        )
    scores = np.append(ratings.values, np.nan)[codes]
    return np.asarray(scores, dtype=np.float64)


def _left_out(share: Floats, scores: Floats) -> Iterator[str]:
    import numpy as np

    known = ~np.isnan(share)
    if even := int((known & (share == 0.5)).sum()):
        yield f"Samples left out, as people are even about them: {even:,}."
    if lost := int((known & np.isnan(scores)).sum()):
        yield f"Labelled samples left out, as they have no score: {lost:,}."


def _cautions(fitted: Calibration) -> Iterator[str]:
    rarer = min(fitted.acceptable, fitted.n - fitted.acceptable)
    if rarer < FEW:
        yield (
            f"Only {rarer:,} labels are of the rarer kind: the curve is a rough one, and {FEW:,} or"
            " more are wanted to rely on it."
        )
    if not fitted.informative:
        yield (
            "The scores say no more than the share of acceptable samples does: this judge tells"
            " good samples from bad ones no better than chance, and no curve can help."
        )


def save_calibration(fitted: Calibration, to: Path | None = None) -> Path:
    """Save a calibration; by default under the name of what was calibrated, in the current folder.

    Returns:
        Where it is.

    Raises:
        CheckError: it cannot be written, or the file holds something else: another judge's
            calibration, or no calibration at all.
    """
    path = to or Path(re.sub(r"[^\w.-]+", "_", fitted.of) + ".calibration.json")
    if path.exists():
        try:
            other = load_calibration(path)
        except CheckError as error:
            raise CheckError(f"{error} Nothing was saved: name another file with --to") from error
        if (other.of, set(other.judged)) != (fitted.of, set(fitted.judged)):
            whose = ", ".join(map(str, other.judged)) or other.of
            raise CheckError(
                f"{path} is the calibration of {other.of} ({whose}), and stays as it is: name"
                " another file with --to, or remove it"
            )
    fitted.save(path)
    return path
