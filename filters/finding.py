"""What is found in the texts of many samples: those that cannot hold it are not looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..checks.personal_data import Found
from ..records.redaction import PlacedSpan, places
from .columns import Columns

__all__ = ["counted", "found_in"]


def found_in(
    columns: Columns, gate: str, find: Callable[[str], Sequence[Found]]
) -> Mapping[int, Sequence[PlacedSpan]]:
    """What is found in any text of each sample, by the sample's number.

    Args:
        gate: a pattern of RE2 that is found in whatever `find` finds something in; "" for none.
    """
    import numpy as np
    from pyarrow import compute

    suspected: set[int] = set()
    for texts, owner in columns.every_text():
        if gate:
            hits = compute.match_substring_regex(texts, gate).to_numpy(zero_copy_only=False)
            suspected.update(owner[np.flatnonzero(hits)].tolist())
        else:
            suspected.update(owner.tolist())
    found: dict[int, list[PlacedSpan]] = {}
    for row in sorted(suspected):
        spans = [
            PlacedSpan(where, one.label, one.start, one.end)
            for where, text in places(columns.sample(row))
            for one in find(text)
        ]
        if spans:
            found[row] = spans
    return found


def counted(spans: Sequence[PlacedSpan]) -> str:
    """How often each label was found, in words."""
    labels = [one.label for one in spans]
    return ", ".join(f"{labels.count(label)} × {label}" for label in sorted(set(labels)))
