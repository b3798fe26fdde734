"""Agreement in a dataset: judges with people, and people with each other."""

from __future__ import annotations

from ..errors import SeedError
from ..measures.comparison import compare
from ..measures.findings import Agreement
from ..measures.intervals import LEVEL, RESAMPLES
from .labels import Asked, read_labels

__all__ = ["agreement_in"]


def agreement_in(
    asked: Asked, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> tuple[Agreement, tuple[str, ...]]:
    """What a dataset's labels say of each other, with notes on how they were read.

    Args:
        asked: the dataset and its columns.
        resamples, level, seed: of the intervals, as `compare`.

    Raises:
        SeedError: as `read_labels`; or there is nothing to compare.
    """
    labelled = read_labels(asked)
    raters = labelled.ratings.raters
    if twice := next((name for name in raters if raters.count(name) > 1), ""):
        raise SeedError(f"{asked.data}: {twice!r} is named twice; name each person and judge once")
    if len(asked.humans) < 2 and not labelled.judges:
        raise SeedError(
            f"{asked.data}: there is nothing to compare {asked.humans[0]} with: it holds no"
            " judgements; name a judge's column with --judge, or a second one with --human"
        )
    found = compare(
        labelled.ratings,
        asked.humans,
        labelled.judges,
        splits=labelled.splits,
        resamples=resamples,
        level=level,
        seed=seed,
    )
    if not any(one.items for one in found.whole.comparisons):
        names = ", ".join((*asked.humans, *labelled.judges))
        raise SeedError(
            f"{asked.data}: no row has labels of two of {names}, so that nothing can be compared"
        )
    return found, labelled.notes
