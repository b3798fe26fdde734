"""Keeps one of the samples that mean nearly the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from .base import Drop, Finding
from .embedded import EmbeddedFilter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SemanticDuplicates"]


class SemanticDuplicates(EmbeddedFilter):
    """Drops samples whose embedding is nearly that of an earlier sample that is kept.

    Rows are walked in the dataset's order, and a row goes if a row kept before it has a cosine of
    `threshold` or more with it; the likest such row is the one that it is dropped because of. Up
    to 20,000 rows every kept row is looked at; above, those in the cells nearest to the row
    (`silversmith.measures.neighbours`), as in SemDeDup (Abbas et al. 2023). A row without an
    embedding is kept, since nothing is known of it.

    What a threshold means depends on the model: look at the first drops before you trust one.
    """

    kind: ClassVar[str] = "semantic_duplicates"
    scalar: ClassVar[str] = "threshold"

    threshold: Annotated[float, Field(ge=0.3, le=1)] = 0.95
    """Least cosine of duplicates, 0.3 to 1."""

    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """Rows with an earlier, kept row that is as like as the threshold, in row order."""
        import numpy as np

        from ..measures.neighbours import copies

        vectors, there = self.vectors(table)
        rows = np.flatnonzero(there)
        # Rounding of a 32-bit sum must not tell equal texts apart.
        some = vectors if len(rows) == len(vectors) else vectors[rows]
        kept, likeness = copies(some, self.threshold - 1e-6)
        ids = table.column("id")
        for place in np.flatnonzero(kept >= 0).tolist():
            first = int(rows[kept[place]])
            shown = math.floor(min(1.0, float(likeness[place]) + 1e-6) * 100) / 100
            reason = f"{shown:.2f} with {ids[first].as_py()[:8]}"
            yield Drop(int(rows[place]), reason, first)

    def bytes_per_row(self, characters: float) -> float:
        """Four copies of a vector of 384 dimensions (measured); more for wider ones."""
        return 6_700
