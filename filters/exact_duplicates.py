"""Keeps one of the samples that say the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from ..checks import normalise
from .base import DatasetFilter, Drop

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["ExactDuplicates"]


class ExactDuplicates(DatasetFilter):
    """Drops samples whose text is the same as that of an earlier sample; the first is kept.

    Texts are the same when they differ in nothing but case, white space, full stops at the end,
    and the typography that `silversmith.checks.normalise` names. Other punctuation counts, since
    "2+2" is not "2-2". Samples that have no text at all are no duplicates of each other: `length`
    drops them, with a reason that says so.

    Needs about 160 bytes of memory a row besides the table.
    """

    kind: ClassVar[str] = "exact_duplicates"
    scalar: ClassVar[str] = "on"

    on: Literal["prompt", "response", "both"] = "both"
    """What must be the same: all before the last assistant message, that message, or both."""

    def drops(self, table: pa.Table) -> Iterable[Drop]:
        """The later rows of each group of equal texts, in row order."""
        import numpy as np

        digests = self.digests(table)
        order = np.lexsort((digests["low"], digests["high"]))
        ranked = digests[order]
        new = np.ones(len(order), bool)
        new[1:] = ranked[1:] != ranked[:-1]
        # The sort is stable, so that the first of a group is its earliest row.
        first = np.empty(len(order), np.int64)
        first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
        later = np.flatnonzero(first != np.arange(len(first)))
        later = later[digests[later] != np.zeros(1, digests.dtype)[0]]
        ids = table.column("id")
        for row in later.tolist():
            kept = int(first[row])
            yield Drop(row, self.reason(ids[kept].as_py()), kept)

    def reason(self, kept: str) -> str:
        """Why a row goes because of the sample with the id `kept`."""
        return f"same text as {kept[:8]}"

    def digests(self, table: pa.Table) -> NDArray[np.void]:
        """A digest of what must be the same in each row, in the fields `high` and `low`; zeros
        where there is no text."""
        import numpy as np

        raw = b"".join(self._digests(table))
        return np.frombuffer(raw, dtype=[("high", "<u8"), ("low", "<u8")])

    def bytes_per_row(self, characters: float) -> float:
        """Two digests a row, one of them a Python object, and what sorting takes (measured)."""
        return 160

    def _digests(self, table: pa.Table) -> Iterator[bytes]:
        names = ["prompt", "response"] if self.on == "both" else [self.on]
        for batch in table.select(names).to_batches(max_chunksize=256):
            for texts in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                text = "\n".join([normalise(part or "") for part in texts])
                if text.strip():
                    yield hashlib.blake2b(text.encode(), digest_size=16).digest()
                else:
                    yield _EMPTY


_EMPTY = bytes(16)
