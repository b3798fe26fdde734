"""Tables as the pipeline hands them to dataset filters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest

TableOf = Callable[..., pa.Table]


@pytest.fixture(scope="session")
def table_of() -> TableOf:
    """`table_of(responses, prompts)`: a table of samples with ids that look like real ones."""

    def make(responses: Sequence[str | None], prompts: Sequence[str] | None = None) -> pa.Table:
        ids = [hashlib.sha256(str(row).encode()).hexdigest()[:32] for row in range(len(responses))]
        texts = {"id": ids, "prompt": prompts or [""] * len(ids), "response": responses}
        return pa.table({name: pa.array(each, pa.large_string()) for name, each in texts.items()})

    return make
