"""Keeps so many samples of each kind at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from .base import Drop, Finding
from .embedded import EmbeddedFilter

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Balance", "Grouped"]


class Grouped(NamedTuple):
    """The groups of some rows.

    Attributes:
        names: of the groups.
        codes: the numbers of the groups of all rows, one row after the other.
        offsets: those of row i lie from offsets[i] to offsets[i + 1].
    """

    names: list[str]
    codes: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> Grouped:
        """From the names of the groups of each row."""
        import numpy as np

        numbers: dict[str, int] = {}
        flat = (numbers.setdefault(name, len(numbers)) for mine in groups for name in mine)
        codes = np.fromiter(flat, np.int64)
        lengths = np.fromiter(map(len, groups), np.int64, len(groups))
        return cls(list(numbers), codes, np.concatenate(([0], np.cumsum(lengths))))


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
        yield from self.settled(*self.grouped(table))

    def grouped(self, table: pa.Table) -> tuple[Grouped, NDArray[np.float64] | None]:
        """The groups of the rows, and their scores where these decide.

        Raises:
            CheckError: a score decides, and is missing or not a number.
        """
        return Grouped.of(self._groups(table)), self._scores(table)

    def settled(
        self, grouped: Grouped, scores: NDArray[np.float64] | None
    ) -> Iterable[Drop | Finding]:
        """As `drops`, of rows whose groups and scores are known."""
        import numpy as np

        names, codes = grouped.names, grouped.codes
        sizes = np.bincount(codes, minlength=len(names))
        most = self.most if self.most is not None else int(sizes.min(initial=len(codes)))
        taken = [0] * len(names)
        dropped: dict[int, int] = {}
        rows = len(grouped.offsets) - 1
        order = np.arange(rows) if scores is None else np.argsort(-scores, kind="stable")
        for row in order.tolist():
            mine = codes[grouped.offsets[row] : grouped.offsets[row + 1]].tolist()
            if any(taken[group] < most for group in mine):
                for group in mine:
                    taken[group] += 1
            else:
                dropped[row] = mine[0]
        for row in sorted(dropped):
            yield Drop(row, f'{most:,} of {self.by} "{names[dropped[row]]}" are kept')
        kept = dict(zip(names, taken, strict=True))
        yield Finding("groups", {name: kept[name] for name in sorted(kept)})

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

    def _scores(self, table: pa.Table) -> NDArray[np.float64] | None:
        if self.prefer == "first":
            return None
        from .selecting import scores_of

        return scores_of(table, "")
