"""Keeps the subset that suits a way of fine-tuning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from ..errors import CheckError, RecipeError
from ..measures import picking
from ..measures.tuning import Advice, Tuning, advise, parameters_of, workload
from .base import Drop, Finding
from .embedded import EmbeddedFilter
from .selecting import Material, compare, curve, knee, representatives, scores_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Select"]

Method = Literal[
    "facility_location",
    "deita",
    "k_centre",
    "cluster_balanced",
    "top_score",
    "random",
    "ifd",
]

_NEEDS_SCORES = frozenset({"deita", "top_score"})
_FURTHER = 1_000


class Select(EmbeddedFilter):
    """Keeps the `budget` samples that serve a training best, and says what they are worth beside
    as many at random and as many by score alone.

    Methods (`silversmith.measures.picking`):

    - `facility_location`: quality, diversity and coverage together, each with its weight; the
      default. Each time the sample is picked that adds most to how well all samples are stood for,
      to the mean score, and to how evenly strategies and labels are served.
    - `deita`: the highest scores, without those nearer than `distance` to one picked before.
    - `k_centre`: each time the sample that is farthest from all that are picked; scores do not
      matter.
    - `cluster_balanced`: the best of each of `clusters` clusters, then the second best, and so on.
    - `top_score`, `random`: to compare with.
    - `ifd`: the highest instruction-following difficulty below 1 (Li et al. 2024): the perplexity
      of the answer after its instruction, divided by that of the answer alone. It is read from the
      criterion `ifd`, which the judge `given` takes over from a column.

    `for: lora`, `qlora` or `full` sets what you do not: the budget, the weights, the distance; the
    manifest and the end of the run say why. These are rules of thumb.
    """

    model_config = ConfigDict(populate_by_name=True)

    kind: ClassVar[str] = "select"
    scalar: ClassVar[str] = "budget"
    columns: ClassVar[tuple[str, ...]] = (
        "id", "strategy", "score", "criteria", "labels", "prompt", "response",
    )  # fmt: skip

    budget: int | None = Field(default=None, ge=1)
    """How many samples are kept; by default what `for` suggests."""

    tuning: Tuning | None = Field(default=None, alias="for")
    """What the samples are for: adapters, adapters on a quantised model, or training in full."""

    model_size: str = ""
    """The size of the model that is to be trained, such as 8B; the suggestions depend on it."""

    method: Method = "facility_location"
    """How samples are chosen."""

    quality: float | None = Field(default=None, ge=0)
    """The weight of the mean score; by default what `for` suggests, else 1, and 0 where samples
    have no scores."""

    diversity: float = Field(default=1.0, ge=0)
    """The weight of how well all samples are stood for."""

    coverage: float = Field(default=0.5, ge=0)
    """The weight of how evenly strategies and labels are served."""

    distance: float = Field(default=0.1, ge=0, le=2)
    """For `deita`: the least distance of two picked samples, one less their cosine."""

    clusters: int = Field(default=100, ge=2)
    """For `cluster_balanced`: how many clusters."""

    score: str = ""
    """The criterion whose score counts; by default the overall score."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """For `random`, also where it is only compared with."""

    @model_validator(mode="after")
    def _has_a_budget(self) -> Self:
        if self.budget is None and self.tuning is None:
            raise ValueError("say how many samples to keep: `budget: 5000`, or `for: lora`")
        if self.model_size:
            try:
                parameters_of(self.model_size)
            except RecipeError as error:
                raise ValueError(str(error)) from None
        return self

    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """All that are not picked, in row order; then how the picked ones compare.

        Raises:
            CheckError: the method needs scores, and a sample has none or NaN.
        """
        import numpy as np

        vectors, there = self.vectors(table)
        material = Material.of(table, self._scores(table), vectors, there)
        advice = self._advice(material.strategies)
        budget = self.budget_of(material.strategies)
        most = budget + max(_FURTHER, budget // 5)
        order = self._order(table, material, budget, most)
        chosen = order[:budget]
        keep = np.zeros(table.num_rows, bool)
        keep[chosen] = True
        how = self.reason(len(chosen))
        for row in np.flatnonzero(~keep).tolist():
            yield Drop(row, how if there[row] or not self._by_distance else "has no embedding")
        yield from self._findings(material, order, budget, advice)

    def bytes_per_row(self, characters: float) -> float:
        """Three copies of a vector of 384 dimensions, 33 neighbours, and names: counted, and no
        less than the peak of 0.49 GB that 100,000 rows took."""
        return 6_500

    def reason(self, picked: int) -> str:
        """Why a sample goes that is not among so many."""
        return f"not among the {picked:,} that {self.method} picks"

    def budget_of(self, strategies: int) -> int:
        """How many samples are kept of a dataset with so many strategies."""
        return self.budget if self.budget is not None else _budget(self._advice(strategies))

    def scored(self, table: pa.Table) -> bool:
        """Whether scores count: some sample has one, or the options need them."""
        needed = self.method in _NEEDS_SCORES or self.score or self.quality
        return bool(needed) or table.column("score").null_count < table.num_rows

    def candidates(
        self, table: pa.Table, scores: NDArray[np.float64] | None, budget: int, most: int
    ) -> NDArray[np.int64]:
        """The rows of a part of a dataset among which a choice from the whole can be made.

        Args:
            table: the part, with embeddings.
            scores: of its rows, or None where they do not count.
            budget: how many of the choice would be of this part, if parts were alike.
            most: how many to name.
        """
        vectors, there = self.vectors(table)
        material = Material.of(table, scores, vectors, there)
        return self._order(table, material, budget, most)

    @property
    def _by_distance(self) -> bool:
        return self.method in ("facility_location", "deita", "k_centre", "cluster_balanced")

    def _scores(self, table: pa.Table) -> NDArray[np.float64] | None:
        """The scores; None where the method can do without and no sample has one."""
        return scores_of(table, self.score) if self.scored(table) else None

    def _advice(self, strategies: int) -> Advice | None:
        if self.tuning is None:
            return None
        size = parameters_of(self.model_size) if self.model_size else None
        return advise(self.tuning, size, strategies)

    def _order(
        self, table: pa.Table, material: Material, budget: int, most: int
    ) -> NDArray[np.int64]:
        """Up to so many rows in the order in which they are picked, for a set of `budget`."""
        import numpy as np

        most = min(table.num_rows, most)
        if self.method == "random":
            return picking.at_random(material.ids, most, self.seed)
        if self.method == "ifd":
            values = scores_of(table, "ifd")
            usable = np.flatnonzero(values < 1)
            return usable[picking.best_first(values[usable], most)]
        if self.method == "top_score":
            assert material.scores is not None
            return picking.best_first(material.scores, most)
        rows = np.flatnonzero(material.there)
        vectors = material.vectors[rows]
        scores = None if material.scores is None else material.scores[rows]
        if self.method == "deita":
            assert scores is not None
            return rows[picking.far_from_each_other(vectors, scores, most, self.distance)]
        if self.method == "k_centre":
            return rows[picking.k_centre(vectors, most)]
        if self.method == "cluster_balanced":
            clusters = self.clusters
            return rows[picking.balanced_clusters(vectors, most, clusters=clusters, scores=scores)]
        weights = picking.Weights(self.diversity, self._quality(material), self.coverage)
        groups = [material.groups[row] for row in rows.tolist()]
        return rows[
            picking.facility_location(
                vectors, most, scores=scores, groups=groups, weights=weights, budget=budget
            )
        ]

    def _quality(self, material: Material) -> float:
        if material.scores is None:
            return 0.0
        if self.quality is not None:
            return self.quality
        advice = self._advice(material.strategies)
        return advice.quality if advice is not None else 1.0

    def _findings(
        self, material: Material, order: NDArray[np.int64], budget: int, advice: Advice | None
    ) -> Iterable[Finding]:
        chosen = order[:budget]
        count = len(chosen)
        sample = representatives(material)
        sets = {"chosen": chosen, "random": picking.at_random(material.ids, count, self.seed)}
        if material.scores is not None:
            sets["top_score"] = picking.best_first(material.scores, count)
        compared = {name: compare(material, rows, sample) for name, rows in sets.items()}
        yield Finding("method", self.method)
        yield Finding("budget", budget)
        yield Finding("note", _note(budget, count, len(material.ids), self.method))
        yield Finding("comparison", compared)
        points = curve(material, order, budget, sample)
        yield Finding("curve", points)
        yield Finding("knee", knee(points))
        if advice is not None:
            yield Finding("advice", {**advice.as_dict(), "training": _training(advice, compared)})


def _budget(advice: Advice | None) -> int:
    if advice is None:
        raise CheckError("there is neither a budget nor a way of fine-tuning")
    return advice.budget


def _training(advice: Advice, compared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    chosen = compared["chosen"]
    per_sample = chosen["tokens"] / max(chosen["samples"], 1)
    load = workload(advice, per_sample, chosen["samples"])
    return {"tokens": round(load.tokens), "gpu_hours": load.gpu_hours}


def _note(budget: int, count: int, samples: int, method: str) -> str:
    if budget > samples:
        return f"the budget of {budget:,} is more than the {samples:,} samples that there are"
    if count < budget:
        return f"{method} found {count:,} samples to pick and no more, of a budget of {budget:,}"
    return ""
