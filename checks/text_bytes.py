"""The bytes of many texts, one text behind the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TextBytes"]


class TextBytes:
    """The UTF-8 bytes of the texts of an Arrow column.

    Attributes:
        count: how many texts there are.
        raw: their bytes, a line end behind each text; nothing for one that is null.
        ends: where each text ends in `raw`: at that line end.
    """

    def __init__(self, texts: pa.Array) -> None:
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        end = pa.scalar("\n", pa.large_string())
        whole = compute.binary_join_element_wise(
            compute.fill_null(texts.cast(pa.large_string()), ""), end, pa.scalar("", end.type)
        )
        offsets = np.frombuffer(whole.buffers()[1], np.int64)
        offsets = offsets[whole.offset : whole.offset + len(whole) + 1]
        data = whole.buffers()[2]
        every = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        self.count = len(whole)
        self.raw = every[offsets[0] : offsets[-1]] if len(offsets) else every[:0]
        self.ends = offsets[1:] - offsets[0] - 1
