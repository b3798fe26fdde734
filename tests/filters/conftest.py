"""Tables as the pipeline hands them to dataset filters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa


def table_of(responses: Sequence[str], prompts: Sequence[str] | None = None) -> pa.Table:
    """A table of samples with ids that look like real ones."""
    ids = [hashlib.sha256(str(row).encode()).hexdigest()[:32] for row in range(len(responses))]
    columns = {"id": ids, "prompt": prompts or [""] * len(ids), "response": responses}
    return pa.table({name: pa.array(texts, pa.large_string()) for name, texts in columns.items()})
