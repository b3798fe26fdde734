"""Lots from PandaLM's test set: 999 pairs, three people, two judge models."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from certifying import Lot
from certifying.judged import calibrated

__all__ = ["pandalm_lots"]

_JUDGES = ("gpt35", "pandalm7b")


def pandalm_lots(
    folder: Path | None, options: argparse.Namespace, rng: np.random.Generator
) -> Iterator[tuple[str, list[Lot]]]:
    """Lots for each of the two judges; none where the data is not there.

    Both responses of a pair are samples. A judge's score of a sample is 1 where it took it for the
    better one, 0.5 for a tie or an unreadable verdict, and 0 for the worse one. In lots of "all", a
    sample is acceptable where no majority of the three people took it for the worse one. In lots of
    "kept", which are nearly all good as a filter leaves them, are the samples that the other judge
    did not take for the worse one, acceptable unless all three people did. A tenth of the samples,
    drawn anew for each lot, gives the labels that calibrate; lots are drawn from the others with
    replacement. The quarters of the file are the strata that a judge has no part in.
    """
    path = folder / "pandalm" / "testset.jsonl" if folder is not None else None
    if path is None or not path.is_file():
        return
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for judge in _JUDGES:
        for name in ("all", "kept"):
            good, scores, strategies = _samples(rows, judge, filtered=name == "kept")
            yield (
                f"{judge} on {name} of PandaLM",
                [
                    _lot(good, scores, strategies, options.lot_size, rng)
                    for _ in range(options.different)
                ],
            )


def _samples(
    rows: list[dict[str, object]], judge: str, *, filtered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    good, scores, strategies = [], [], []
    for place, row in enumerate(rows):
        people = [int(str(row[name])) for name in ("a1", "a2", "a3")]
        said = str(row[judge])
        other_judge = str(row[next(one for one in _JUDGES if one != judge)])
        for response in (1, 2):
            if filtered and _score(other_judge, response) == 0:
                continue
            worse = Counter(verdict == 3 - response for verdict in people)[True]
            good.append(worse < (3 if filtered else 2))
            scores.append(_score(said, response))
            strategies.append(place * 4 // len(rows))
    return np.array(good), np.array(scores), np.array(strategies)


def _score(said: str, response: int) -> float:
    if said in ("1", "2"):
        return float(said == str(response))
    return 0.5


def _lot(
    good: np.ndarray,
    scores: np.ndarray,
    strategies: np.ndarray,
    size: int,
    rng: np.random.Generator,
) -> Lot:
    labelled = rng.random(len(good)) < 0.1
    rest = np.flatnonzero(~labelled)
    drawn = rng.choice(rest, size)
    probabilities = calibrated(scores[drawn], good[labelled], scores[labelled])
    return Lot(good[drawn], scores[drawn], strategies[drawn], probabilities)
