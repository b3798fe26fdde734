"""What a selection needs to know of a table: scores, groups, sizes; and what it says of a set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from ..measures.diversity import covered, nearest_distance, vendi_score
from ..measures.picking import at_random

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "LOOKED_AT",
    "LOOKED_AT_SEED",
    "Material",
    "compare",
    "curve",
    "groups_of",
    "knee",
    "representatives",
    "scores_of",
]

CHARACTERS_PER_TOKEN = 4
POINTS = 12
LOOKED_AT = 2_000
LOOKED_AT_SEED = -1  # of no selection by chance, so that none is measured by itself


def scores_of(table: pa.Table, criterion: str) -> NDArray[np.float64]:
    """The score of each row.

    Args:
        table: with `id`, and `score` or `criteria`.
        criterion: which; "" is the overall score. The mean of several judges.

    Raises:
        CheckError: a row has none, or one that is not a number.
    """
    import numpy as np

    if not criterion:
        values = table.column("score").to_pylist()
        what = (
            "overall score, as no judge has scored it; add a judge, or choose a method that needs"
        )
        what += " no scores (random, k_centre)"
    else:
        values = [_mean(row, criterion) for row in table.column("criteria").to_pylist()]
        what = f"score for the criterion {criterion!r}; name one that a judge gives"
    for row, value in enumerate(values):
        if value is None:
            raise CheckError(f"sample {table.column('id')[row].as_py()[:8]} has no {what}")
        if math.isnan(value):
            raise CheckError(
                f"the score of sample {table.column('id')[row].as_py()[:8]} is not a number (NaN);"
                " look at the judge that gave it"
            )
    return np.array(values, np.float64)


def _mean(criteria: Sequence[dict[str, Any]] | None, name: str) -> float | None:
    found = [one["score"] for one in criteria or () if one["criterion"] == name]
    if not found or any(score is None for score in found):
        return None
    return float(sum(found) / len(found))


@dataclass(frozen=True)
class Material:
    """A dataset as a selection sees it.

    Attributes:
        ids: of the samples.
        scores: or None where there are none.
        vectors: of length 1; zeros where a sample has no embedding.
        there: which samples have an embedding.
        groups: the numbers of the groups of each sample.
        names: of the groups: `strategy NAME` and `label NAME`.
        tokens: of each sample, estimated at four characters each.
    """

    ids: list[str]
    scores: NDArray[np.float64] | None
    vectors: NDArray[np.float32]
    there: NDArray[np.bool_]
    groups: list[tuple[int, ...]]
    names: list[str]
    tokens: NDArray[np.float64]

    @property
    def strategies(self) -> int:
        """How many strategies there are."""
        return sum(name.startswith("strategy ") for name in self.names)

    @classmethod
    def of(
        cls,
        table: pa.Table,
        scores: NDArray[np.float64] | None,
        vectors: NDArray[np.float32],
        there: NDArray[np.bool_],
    ) -> Material:
        """What a table with `id`, `strategy`, `labels`, `prompt` and `response` holds."""
        import numpy as np
        from pyarrow import compute

        numbers: dict[str, int] = {}
        groups = [
            tuple(numbers.setdefault(name, len(numbers)) for name in names)
            for names in groups_of(table)
        ]
        lengths = [
            compute.fill_null(compute.utf8_length(table.column(name)), 0).to_numpy()
            for name in ("prompt", "response")
        ]
        tokens = np.ceil((lengths[0] + lengths[1]) / CHARACTERS_PER_TOKEN)
        ids = table.column("id").to_pylist()
        return cls(ids, scores, vectors, there, groups, list(numbers), tokens)


def groups_of(table: pa.Table) -> Iterator[list[str]]:
    """The names of the groups that each row is in."""
    columns = (table.column(name).to_pylist() for name in ("strategy", "labels"))
    for strategy, labels in zip(*columns, strict=True):
        yield [f"strategy {strategy or '(none)'}", *(f"label {one}" for one in labels or ())]


def compare(
    material: Material, rows: NDArray[np.int64], sample: NDArray[np.int64]
) -> dict[str, Any]:
    """The figures of a set.

    Args:
        material: the dataset.
        rows: the set.
        sample: rows by which is measured how well the set stands for all.
    """
    embedded = rows[material.there[rows]]
    vectors = material.vectors[embedded]
    served = {group for row in rows.tolist() for group in material.groups[row]}
    kinds = {}
    for kind in ("strategy", "label"):
        all_of_kind = {n for n, name in enumerate(material.names) if name.startswith(f"{kind} ")}
        kinds[kind] = (len(served & all_of_kind), len(all_of_kind))
    distance = nearest_distance(vectors)
    stands_for = (
        covered(material.vectors[sample], vectors, [len(vectors)])[0] if len(vectors) else 0
    )
    return {
        "samples": len(rows),
        "mean_score": _rounded(_mean_score(material, rows)),
        "strategies": kinds["strategy"][0],
        "strategies_in_all": kinds["strategy"][1],
        "labels": kinds["label"][0],
        "labels_in_all": kinds["label"][1],
        "nearest_distance": _rounded(distance),
        "vendi_score": _rounded(vendi_score(vectors), 2),
        "stands_for_all": _rounded(stands_for),
        "tokens": int(material.tokens[rows].sum()),
    }


def curve(
    material: Material, order: NDArray[np.int64], budget: int, sample: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Quality, coverage and diversity of the first so many samples of a choice."""
    import numpy as np

    most = len(order)
    marks = np.linspace(most / POINTS, most, POINTS).astype(int).tolist()
    far = [size for size in marks if abs(size - budget) > most / POINTS / 3 or size == most]
    sizes = [size for size in sorted({*far, min(budget, most)}) if size]
    picked = order[material.there[order]]
    counts = np.cumsum(material.there[order])
    stands_for = covered(
        material.vectors[sample], material.vectors[picked], [int(counts[n - 1]) for n in sizes]
    )
    points = []
    served: set[int] = set()
    start = 0
    for size, near in zip(sizes, stands_for, strict=True):
        served.update(group for row in order[start:size].tolist() for group in material.groups[row])
        start = size
        first = order[:size]
        points.append(
            {
                "samples": size,
                "mean_score": _rounded(_mean_score(material, first)),
                "groups": len(served),
                "stands_for_all": _rounded(near),
                "vendi_score": _rounded(
                    vendi_score(material.vectors[first[material.there[first]]]), 2
                ),
            }
        )
    return points


def knee(points: Sequence[dict[str, Any]]) -> int | None:
    """The number of samples from which on more of them buy least: where the curve of how well the
    set stands for all is farthest above the line between its ends (Satopaa et al. 2011, Finding a
    "kneedle" in a haystack); None where it is a line or falls."""
    if len(points) < 3:
        return None
    x = [float(one["samples"]) for one in points]
    y = [float(one["stands_for_all"]) for one in points]
    if x[-1] == x[0] or y[-1] <= y[0]:
        return None
    above = [
        (b - y[0]) / (y[-1] - y[0]) - (a - x[0]) / (x[-1] - x[0]) for a, b in zip(x, y, strict=True)
    ]
    best = max(range(len(above)), key=above.__getitem__)
    return int(x[best]) if above[best] > 0.01 else None


def representatives(material: Material) -> NDArray[np.int64]:
    """Rows with an embedding by which is measured how well a set stands for all; by chance."""
    import numpy as np

    rows = np.flatnonzero(material.there)
    some = at_random([material.ids[row] for row in rows.tolist()], LOOKED_AT, LOOKED_AT_SEED)
    return np.sort(rows[some])


def _mean_score(material: Material, rows: NDArray[np.int64]) -> float:
    if material.scores is None or not len(rows):
        return math.nan
    return float(material.scores[rows].mean())


def _rounded(value: float, digits: int = 4) -> float | None:
    return None if math.isnan(value) else round(value, digits)
