"""What a dataset filter is that looks at embeddings."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Literal

from .base import DatasetFilter

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["EmbeddedFilter"]


class EmbeddedFilter(DatasetFilter, ABC):
    """A dataset filter that is handed embeddings: whoever runs it adds those of `texts_to_embed`
    as a column `embedding` to the table, null where there is none."""

    embeddings: str = ""
    """Whose embeddings: a model of the recipe, a model's short form (`openai/MODEL`,
    `http://HOST:PORT/v1#MODEL`), or `sentence-transformers:NAME`. By default the recipe's model
    `embedder`; where it has none, `hashed`: vectors of words and pairs of words without a model,
    which tell the same words and not the same meaning."""

    on: Literal["prompt", "response", "both"] = "both"
    """Which text: all before the last assistant message, that message, or both as one."""

    def texts_to_embed(self, table: pa.Table) -> pa.ChunkedArray | None:
        """The texts of which the filter needs embeddings, one a row; None where it needs none."""
        import pyarrow as pa
        from pyarrow import compute

        if self.on != "both":
            return compute.fill_null(table.column(self.on), "")
        parts = [compute.fill_null(table.column(name), "") for name in ("prompt", "response")]
        line_end = pa.scalar("\n", pa.large_string())
        joined = compute.binary_join_element_wise(*parts, line_end)
        return compute.utf8_trim_whitespace(joined)

    @staticmethod
    def vectors(table: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The embeddings at length 1, and which rows have one; the others are zeros."""
        import numpy as np

        column = table.column("embedding")
        there = column.is_valid().to_numpy()
        width = column.type.list_size
        vectors = np.empty((len(column), width), np.float32)
        start = 0
        for chunk in column.chunks:
            flat = chunk.values.slice(chunk.offset * width, len(chunk) * width)
            vectors[start : start + len(chunk)] = np.asarray(flat).reshape(-1, width)
            start += len(chunk)
        vectors[~there] = 0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        there &= np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
        vectors[~there], lengths[~there] = 0, 1
        vectors /= lengths
        return vectors, there
