"""One label from many annotators: by majority, and by Dawid and Skene (1979)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from .ratings import Ratings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Majority", "Reliability", "Votes", "dawid_skene", "majority"]


@dataclass(frozen=True, slots=True)
class Votes:
    """Who said what of which item: one row a label given, in any order, with any gaps.

    Attributes:
        item: for each vote, the place of its item in `items`.
        annotator: for each vote, the place of its annotator in `annotators`.
        label: for each vote, the place of its label in `classes`.
        items: the items, each with at least one vote.
        annotators: the annotators (people, judge models, prompts).
        classes: the labels that can be given.
        times: for each item, how many there are that were labelled just as it was; None where
            each stands for itself. Of a million items that a few annotators labelled on a short
            scale there are only some hundred kinds.
    """

    item: NDArray[Any]
    annotator: NDArray[Any]
    label: NDArray[Any]
    items: tuple[Any, ...]
    annotators: tuple[Any, ...]
    classes: tuple[Any, ...]
    times: NDArray[Any] | None = None

    @classmethod
    def of(
        cls,
        item: Sequence[Any] | NDArray[Any],
        annotator: Sequence[Any] | NDArray[Any],
        label: Sequence[Any] | NDArray[Any],
        *,
        classes: Sequence[Any] | None = None,
    ) -> Votes:
        """From three columns of the same length, of names or numbers.

        Args:
            item: the item of each vote.
            annotator: who gave it; who labelled an item twice counts twice.
            label: what was said. A missing label is left out by the caller, with its row.
            classes: the labels in the order in which they are to be numbered; by default those
                that occur, sorted.

        Raises:
            CheckError: the columns differ in length, are empty, or hold a label that `classes`
                lacks.
        """
        import numpy as np

        if not len(item) == len(annotator) == len(label):
            raise CheckError(
                f"Votes need three columns of one length, not {len(item)} items, "
                f"{len(annotator)} annotators and {len(label)} labels."
            )
        if not len(item):
            raise CheckError("There are no votes to count.")
        items, item_codes = np.unique(np.asarray(item), return_inverse=True)
        names, annotator_codes = np.unique(np.asarray(annotator), return_inverse=True)
        found, label_codes = np.unique(np.asarray(label), return_inverse=True)
        labels = tuple(found.tolist())
        if classes is not None:
            place = {name: number for number, name in enumerate(classes)}
            unknown = [name for name in labels if name not in place]
            if unknown:
                raise CheckError(
                    f"The label {unknown[0]!r} is none of {', '.join(map(repr, classes))}."
                )
            label_codes = np.array([place[name] for name in labels])[label_codes]
            labels = tuple(classes)
        return cls(
            item_codes.astype(np.int64),
            annotator_codes.astype(np.int64),
            label_codes.astype(np.int64),
            tuple(items.tolist()),
            tuple(names.tolist()),
            labels,
        )

    @classmethod
    def of_ratings(cls, ratings: Ratings) -> Votes:
        """From labels in a row an item and a column a rater; a missing label is no vote, and an
        item without labels is left out: `items` holds the numbers of the rows.

        Raises:
            CheckError: there are no labels.
        """
        import numpy as np

        item, annotator = np.nonzero(ratings.codes >= 0)
        votes = cls.of(item, annotator, ratings.codes[item, annotator])
        return replace(
            votes,
            annotators=tuple(ratings.raters[number] for number in votes.annotators),
            classes=tuple(ratings.labels[number] for number in votes.classes),
        )


@dataclass(frozen=True, slots=True)
class Majority:
    """The most frequent label of each item.

    Attributes:
        label: for each item, the place of its label in the classes.
        share: the share of its votes that fell on that label, above 0 and up to 1.
        tied: True where another label had as many votes. Such an item gets, of the tied labels,
            the one with more votes in all, then the first: the same on every run, and no more
            than a guess.
    """

    label: NDArray[Any]
    share: NDArray[Any]
    tied: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Reliability:
    """What Dawid and Skene's model makes of the votes.

    Attributes:
        posteriors: items by classes: how probable it is that the label is the item's true one.
        label: for each item, the place of the most probable class.
        prevalence: the estimated share of each class.
        confusion: annotators by true class by label given: how often the annotator says the
            second of an item that is the first. Each row adds up to 1.
        accuracy: for each annotator, how often it is right on items of the estimated prevalence.
        informedness: for each annotator, (mean of the diagonal of its confusion, less chance) over
            (1, less chance): 1 is never wrong, 0 is told nothing by its labels, below 0 is worse
            than chance. It does not reward saying the common class always.
        given: how many votes each annotator gave, on all items.
        log_likelihood: of the votes, under the estimates (natural logarithm).
        rounds: how many rounds of EM were run.
        converged: False where `rounds` ended it.
    """

    posteriors: NDArray[Any]
    label: NDArray[Any]
    prevalence: NDArray[Any]
    confusion: NDArray[Any]
    accuracy: NDArray[Any]
    informedness: NDArray[Any]
    given: NDArray[Any]
    log_likelihood: float
    rounds: int
    converged: bool


def majority(votes: Votes) -> Majority:
    """The most frequent label of each item; see `Majority` for ties."""
    import numpy as np

    tally = _tally(votes)
    most = tally.max(axis=1)
    leading = tally == most[:, None]
    overall = tally.sum(axis=0)
    order = np.lexsort((np.arange(overall.size), -overall))
    label = order[leading[:, order].argmax(axis=1)]
    return Majority(label, most / tally.sum(axis=1), leading.sum(axis=1) > 1)


def dawid_skene(
    votes: Votes,
    *,
    smoothing: float = 0.01,
    tolerance: float = 1e-7,
    rounds: int = 1000,
) -> Reliability:
    """Estimates the true labels and each annotator's error rates together, by EM.

    The model and the EM rounds are those of Dawid and Skene (1979, equations 2.3 to 2.5), started
    from the shares of the votes (3.1). An annotator's votes are taken to be independent given the
    true label: judges that share a model or a prompt make the same errors, count as more than they
    are, and the posteriors come out too sure. Annotators that are mostly worse than chance flip
    the labels, since nothing but the majority says which class is which.

    Args:
        votes: the votes.
        smoothing: added to each cell of each annotator's table before it is divided, so that an
            error that was not seen yet is not impossible (a Dirichlet prior of 1 + `smoothing`).
            0 is the maximum likelihood of the paper.
        tolerance: EM ends when the objective (the log-likelihood, with the logarithm of the
            prior) rises by less than this per vote in one round.
        rounds: at most this many rounds.

    Raises:
        CheckError: a single class, or an option out of range.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    if smoothing < 0 or tolerance <= 0 or rounds < 1:
        raise CheckError(
            "Dawid-Skene needs smoothing of 0 or more, a tolerance above 0 and at least one round."
        )
    k, people = len(votes.classes), len(votes.annotators)
    times = np.ones(len(votes.items)) if votes.times is None else votes.times.astype(np.float64)
    number = float(times[votes.item].sum())
    if k < 2:
        raise CheckError(
            f"All {number:,.0f} votes say {votes.classes[0]!r}: there is nothing to estimate."
        )
    # A row an item, a column for what one annotator may say: two products with it are one round.
    said = csr_matrix(
        (np.ones(len(votes.item)), (votes.item, votes.annotator * k + votes.label)),
        shape=(len(votes.items), people * k),
    )
    said.sum_duplicates()
    heard = said.T.tocsr()
    tally = _tally(votes)
    posteriors = tally / tally.sum(axis=1, keepdims=True)
    objective, converged, done = -np.inf, False, 0
    with np.errstate(divide="ignore"):
        while True:
            weighed = times[:, None] * posteriors
            prevalence = weighed.sum(axis=0) / times.sum()
            confusion = _rates(heard @ weighed, people, k, smoothing)
            logs = np.log(confusion)
            # 0 votes times an impossible label would be NaN; this is impossible enough.
            rates = np.maximum(logs, -1e9).transpose(0, 2, 1).reshape(people * k, k)
            joint = said @ rates + np.maximum(np.log(prevalence), -1e9)
            top = joint.max(axis=1, keepdims=True)
            likely = np.exp(joint - top)
            total = likely.sum(axis=1, keepdims=True)
            log_likelihood = float(times @ (top + np.log(total))[:, 0])
            prior = smoothing * float(logs.sum()) if smoothing else 0.0
            posteriors = likely / total
            gained = log_likelihood + prior - objective
            objective = log_likelihood + prior
            if gained < tolerance * number:
                converged = True
                break
            done += 1
            if done == rounds:
                break
    diagonal = np.diagonal(confusion, axis1=1, axis2=2)
    return Reliability(
        posteriors=posteriors,
        label=posteriors.argmax(axis=1),
        prevalence=prevalence,
        confusion=confusion,
        accuracy=diagonal @ prevalence,
        informedness=(diagonal.mean(axis=1) - 1.0 / k) / (1.0 - 1.0 / k),
        given=np.bincount(votes.annotator, times[votes.item], minlength=people).astype(np.int64),
        log_likelihood=log_likelihood,
        rounds=done,
        converged=converged,
    )


def _tally(votes: Votes) -> NDArray[Any]:
    """Items by classes: how many votes."""
    import numpy as np

    k = len(votes.classes)
    flat = np.bincount(votes.item * k + votes.label, minlength=len(votes.items) * k)
    tally: NDArray[Any] = flat.reshape(len(votes.items), k).astype(np.float64)
    return tally


def _rates(weights: NDArray[Any], people: int, k: int, smoothing: float) -> NDArray[Any]:
    """Annotators by true class by label, from the posteriors summed over the votes of each."""
    import numpy as np

    table: NDArray[Any] = weights.reshape(people, k, k).transpose(0, 2, 1) + smoothing
    sums = table.sum(axis=2, keepdims=True)
    # Without smoothing, nothing is known of an annotator who never met a class.
    return np.where(sums > 0, table / np.where(sums > 0, sums, 1.0), 1.0 / k)
