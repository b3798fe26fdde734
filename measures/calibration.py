"""From a judge's score to the probability that a person would accept the sample.

A few hundred samples with a person's verdict are enough to learn what a score of 4 is worth. All
that is reported of a curve comes from held-out folds: no label has a say in the probability that it
is compared with.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import CheckError
from .curves import Curve, Kind
from .held_out import Labelled, Tried, held_out_error
from .reliability import Reliability, log_loss, reliability
from .thresholds import Threshold, find_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Calibration", "Judged", "calibrate", "load_calibration"]


class Judged(BaseModel):
    """Whose judgements scores are made of: a judge under a criterion, with a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    judge: str
    """The judge's name."""
    criterion: str = ""
    """The criterion, or "" for a judge that has none."""
    model: str = ""
    """The model that judged, as judgements name it, or "" for a judge that needs none."""

    def __str__(self) -> str:
        name = f"{self.judge}.{self.criterion}" if self.criterion else self.judge
        return f"{name} by {self.model}" if self.model else name


class Calibration(BaseModel):
    """A fitted curve, and what it was fitted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["silversmith calibration 1"] = "silversmith calibration 1"
    """What kind of file this is."""
    of: str
    """What was calibrated: "score" for the samples' overall score, JUDGE.CRITERION for the score
    under one criterion, or the name of a column."""
    judged: tuple[Judged, ...] = ()
    """All whose judgements these scores are made of, where that is known; the scores of others
    need a calibration of their own."""
    date: str | None = None
    """When it was fitted, as the caller wrote it."""
    n: int
    """How many samples had both a score and a person's verdict."""
    acceptable: int
    """How many of them the person accepted."""
    lowest: float
    """The lowest score met; what is below it counts as it, for the labels say nothing of it."""
    highest: float
    """The highest score met; likewise."""
    curve: Curve
    """From score to probability, fitted on all of them."""
    losses: dict[Kind, float]
    """The log loss of each kind of curve on held-out folds, in nats; the lower one was taken."""
    prior_loss: float
    """The log loss of saying the share of acceptable samples always: a judge that is no better
    than this tells nothing."""
    folds: int
    """How many folds were held out in turn."""
    seed: int
    """What the folds were drawn with."""
    reliability: Reliability
    """The chosen kind of curve on held-out folds, in bins by the score."""
    error: float
    """How far the curve is from the truth on a fold that had no say in it, as the root of a mean
    square, with the noise of the fold's labels taken off; 0 is best."""
    thresholds: tuple[Threshold, ...] = ()
    """The thresholds that were asked for."""

    @property
    def informative(self) -> bool:
        """Whether the scores say more than the share of acceptable samples does."""
        return min(self.losses.values()) < self.prior_loss

    def probability(self, score: float) -> float:
        """The probability, 0 to 1, that a sample with this score is acceptable; NaN for NaN."""
        return self.curve.at(min(max(score, self.lowest), self.highest))

    def probabilities(self, scores: NDArray[Any]) -> NDArray[Any]:
        """The same for many scores."""
        import numpy as np

        return self.curve.over(
            np.clip(np.asarray(scores, dtype=np.float64), self.lowest, self.highest)
        )

    def save(self, path: Path) -> None:
        """Writes it as JSON, whole or not at all.

        Raises:
            CheckError: the file cannot be written.
        """
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            beside.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
            os.replace(beside, path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise CheckError(f"{path}: cannot be written: {error.strerror}.") from error


def load_calibration(path: Path) -> Calibration:
    """Reads what `Calibration.save` wrote.

    Raises:
        CheckError: the file cannot be read, or is no calibration.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise CheckError(f"{path}: cannot be read: {error.strerror}.") from error
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CheckError(
            f"{path}: {field}: {first['msg']}; this is no calibration that silversmith wrote, "
            "so fit it again."
        ) from error


def calibrate(
    scores: NDArray[Any],
    acceptable: NDArray[Any],
    *,
    of: str,
    judged: tuple[Judged, ...] = (),
    date: str | None = None,
    kind: Kind | Literal["auto"] = "auto",
    precisions: tuple[float, ...] = (),
    folds: int = 10,
    bins: int = 10,
    seed: int = 0,
    level: float = 0.95,
) -> Calibration:
    """Fits the probability that a sample is acceptable to a judge's scores.

    Each fold in turn is held out, both kinds of curve are fitted on the rest, and the kind with
    the lower log loss on the held-out rows is taken (Platt's at equal loss) and fitted on all.

    Args:
        scores: the judge's scores; higher is better. One row a sample: several rows of one sample
            would be in the fitting and in the held-out part at once.
        acceptable: the person's verdicts, 1 (True) or 0 (False).
        of, judged, date: kept as they are.
        kind: which curve; `auto` chooses.
        precisions: precisions for which to find a threshold.
        folds: into how many parts the rows are split, each with the same share of acceptable
            ones; fewer where a verdict is rarer than that.
        bins: points of the reliability diagram.
        seed: the same seed gives the same folds.
        level: the confidence of the intervals.

    Raises:
        CheckError: scores that are missing or all the same, verdicts other than 0 and 1, or fewer
            than two of either verdict.
    """
    if folds < 2:
        raise CheckError("At least two folds are needed to hold one out.")
    labelled = Labelled(scores, acceptable, folds, seed)
    kinds: tuple[Kind, ...] = ("platt", "isotonic") if kind == "auto" else (kind,)
    tried = {name: Tried(name, labelled) for name in kinds}
    losses = {name: log_loss(one.held_out, labelled.y) for name, one in tried.items()}
    chosen = min(kinds, key=lambda name: losses[name])
    best, good = tried[chosen], int(labelled.y.sum())
    return Calibration(
        of=of,
        judged=judged,
        date=date,
        n=labelled.n,
        acceptable=good,
        lowest=float(labelled.values[0]),
        highest=float(labelled.values[-1]),
        curve=best.curve,
        losses=losses,
        prior_loss=_entropy(good / labelled.n),
        folds=labelled.folds,
        seed=seed,
        reliability=reliability(
            best.held_out, labelled.y, bins=bins, level=level, by=labelled.values[labelled.place]
        ),
        error=held_out_error(best, labelled, bins),
        thresholds=tuple(find_threshold(wanted, best, labelled, level) for wanted in precisions),
    )


def _entropy(share: float) -> float:
    return -share * math.log(share) - (1.0 - share) * math.log(1.0 - share)
