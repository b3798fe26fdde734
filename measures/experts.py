"""Annotators whose reliability is known: what their labels of one item say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from ..errors import CheckError
from .dawid_skene import Reliability, Votes, dawid_skene

Name = TypeVar("Name", str, int)

__all__ = ["Expert", "estimate_experts", "posterior"]


@dataclass(frozen=True, slots=True)
class Expert:
    """What Dawid and Skene's model says of one annotator.

    Attributes:
        points: the labels, as numbers, in their order.
        prevalence: the share of each as the true one.
        confusion: a row for each true label: how often each label is given.
        accuracy, informedness, given: as in `Reliability`.
    """

    points: tuple[float, ...]
    prevalence: tuple[float, ...]
    confusion: tuple[tuple[float, ...], ...]
    accuracy: float
    informedness: float
    given: int

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "points": list(self.points),
            "prevalence": list(self.prevalence),
            "confusion": [list(row) for row in self.confusion],
            "accuracy": self.accuracy,
            "informedness": self.informedness,
            "given": self.given,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        points = tuple(float(one) for one in data["points"])
        prevalence = tuple(float(one) for one in data["prevalence"])
        confusion = tuple(tuple(float(one) for one in row) for row in data["confusion"])
        k = len(points)
        if len(prevalence) != k or len(confusion) != k or any(len(row) != k for row in confusion):
            raise ValueError("its tables are of different sizes")
        return cls(
            points,
            prevalence,
            confusion,
            float(data["accuracy"]),
            float(data["informedness"]),
            int(data["given"]),
        )


def estimate_experts(
    items: Sequence[Any],
    annotators: Sequence[Name],
    labels: Sequence[float],
    *,
    times: Mapping[Any, int] | None = None,
) -> dict[Name, Expert]:
    """The reliability of each annotator from a column of items, of who labelled, and of labels.

    Args:
        times: how many items there are that were labelled like this one, by item; 1 by default.

    Raises:
        CheckError: no labels, or a single one that everybody gives.
    """
    votes = Votes.of(items, annotators, labels)
    if times is not None:
        import numpy as np

        votes = replace(votes, times=np.array([times[item] for item in votes.items]))
    found: Reliability = dawid_skene(votes)
    points = tuple(float(one) for one in votes.classes)
    return {
        name: Expert(
            points=points,
            prevalence=tuple(found.prevalence.tolist()),
            confusion=tuple(tuple(row) for row in found.confusion[place].tolist()),
            accuracy=float(found.accuracy[place]),
            informedness=float(found.informedness[place]),
            given=int(found.given[place]),
        )
        for place, name in enumerate(votes.annotators)
    }


def posterior(said: Mapping[str, float], experts: Mapping[str, Expert]) -> dict[float, float]:
    """How probable each label is the true one of an item (Dawid and Skene, 1979, equation 2.5).

    Args:
        said: the label of each annotator. One that was never seen in the estimate says nothing.
        experts: at least those annotators.

    Raises:
        CheckError: an annotator is not known.
    """
    if missing := [name for name in said if name not in experts]:
        raise CheckError(f"Nothing is known of the reliability of {missing[0]!r}.")
    first = experts[next(iter(said))]
    logs = [math.log(max(share, 1e-300)) for share in first.prevalence]
    for name, label in said.items():
        expert = experts[name]
        if label in expert.points:
            place = expert.points.index(label)
            logs = [
                log + math.log(max(row[place], 1e-300))
                for log, row in zip(logs, expert.confusion, strict=True)
            ]
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    total = sum(weights)
    return {point: w / total for point, w in zip(first.points, weights, strict=True)}
