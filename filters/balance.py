"""Keeps so many samples of each kind at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .base import Drop, Finding
from .embedded import EmbeddedFilter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Balance"]


class Balance(EmbeddedFilter):
    """Keeps at most so many samples of each label, strategy, seed or cluster.

    The samples of a group that are kept are those with the highest score where `prefer` says so,
    else the first in the dataset's order. A sample with several labels counts for each of them,
    and is kept as long as one of them has room. A sample without a label is in a group of its own
    kind, `(none)`.
    """

    kind: ClassVar[str] = "balance"
    scalar: ClassVar[str] = "by"
    columns: ClassVar[tuple[str, ...]] = (
        "id", "strategy", "seed", "score", "labels", "prompt", "response",
    )  # fmt: skip

    by: Literal["label", "strategy", "seed", "cluster"]
    """What makes a group. Clusters are of embeddings, by k-means."""

    most: int | None = Field(default=None, ge=1)
    """How many samples of a group are kept at most; by default as many as the smallest group
    has."""

    clusters: int = Field(default=50, ge=2)
    """How many clusters, for `by: cluster`."""

    prefer: Literal["first", "score"] = "first"
    """Which samples of a group are kept."""

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.by != "cluster" and "clusters" in self.model_fields_set:
            raise ValueError("`clusters` is for `by: cluster`; leave one of the two away")
        return self

    def texts_to_embed(self, table: pa.Table) -> pa.ChunkedArray | None:
        """As of every such filter, for clusters."""
        return super().texts_to_embed(table) if self.by == "cluster" else None

    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """Rows of which every group is full."""
        groups = self._groups(table)
        sizes = Counter(group for mine in groups for group in mine)
        most = self.most if self.most is not None else min(sizes.values(), default=0)
        taken: Counter[str] = Counter()
        dropped: dict[int, str] = {}
        for row in self._order(table):
            free = [group for group in groups[row] if taken[group] < most]
            if free:
                taken.update(groups[row])
            else:
                dropped[row] = f'{most:,} of {self.by} "{groups[row][0]}" are kept'
        for row in sorted(dropped):
            yield Drop(row, dropped[row])
        yield Finding("groups", {name: taken[name] for name in sorted(sizes)})

    def bytes_per_row(self, characters: float) -> float:
        """The names of the groups; of clusters, the vectors (measured)."""
        return 5_500 if self.by == "cluster" else 400

    def _groups(self, table: pa.Table) -> list[Sequence[str]]:
        if self.by == "label":
            return [tuple(labels or ("(none)",)) for labels in table.column("labels").to_pylist()]
        if self.by == "cluster":
            from ..measures.neighbours import cells_of

            vectors, there = self.vectors(table)
            cells = cells_of(vectors, self.clusters)
            return [
                (str(cell),) if known else ("(no embedding)",)
                for cell, known in zip(cells.tolist(), there.tolist(), strict=True)
            ]
        return [(name or "(none)",) for name in table.column(self.by).to_pylist()]

    def _order(self, table: pa.Table) -> list[int]:
        rows = range(table.num_rows)
        if self.prefer == "first":
            return list(rows)
        from .selecting import scores_of

        scores = scores_of(table, "")
        return sorted(rows, key=lambda row: -scores[row])
