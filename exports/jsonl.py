"""Every field of a sample, as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export

__all__ = ["Jsonl"]

_FIELDS = tuple(field.name for field in dataclasses.fields(Sample))


class Jsonl(Export):
    """Every field of the sample, one JSON object a line; for tools that want to see all of it."""

    kind: ClassVar[str] = "jsonl"
    rows_have_ids: ClassVar[bool] = True

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row, with the same keys for every strategy."""
        yield {name: getattr(sample, name) for name in _FIELDS}
