"""How long the last turns of conversations are, told by compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["last_lengths"]


def last_lengths(turns: pa.ListArray) -> NDArray[Any]:
    """The length of each row's last turn, in characters (code points); -1 where it has none.

    Args:
        turns: a list of turns for each row, of which the field `content` is read.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    sizes = compute.fill_null(compute.list_value_length(turns), 0).to_numpy(zero_copy_only=False)
    content = compute.list_flatten(turns).field("content")
    lengths = compute.fill_null(compute.utf8_length(content), 0).cast(pa.int64()).to_numpy()
    last = np.full(len(sizes), -1, dtype=np.int64)
    filled = sizes > 0
    last[filled] = lengths[np.cumsum(sizes)[filled] - 1]
    return last
