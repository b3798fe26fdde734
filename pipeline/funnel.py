"""The funnel: how many samples went into each filter, how many it dropped, and for what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .deciding import Verdict

__all__ = ["Funnel", "FunnelStep", "Reasons"]

REASONS_SHOWN = 10
REASONS_COUNTED = 1_000
VALUES_KEPT = 10_000

_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'|with [0-9a-f]{8}\b|text as [0-9a-f]{8}\b')
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?%?")


@dataclass(frozen=True, slots=True)
class Reasons:
    """Drops for the same reason but for its value.

    Attributes:
        reason: with an ellipsis in the place of what differs.
        samples: how many were dropped for it.
        least, median, most: of the value that decided, where the reason begins with or holds one;
            the median is that of the first 10,000.
    """

    reason: str
    samples: int
    least: float | None = None
    median: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many samples went into a filter, how many it dropped, and why: the most frequent
    reasons first; and what a dataset filter found besides."""

    filter: str
    samples_in: int
    dropped: int
    reasons: tuple[Reasons, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)


class Funnel:
    """Counts drops as they come.

    Args:
        filters: what the filters are called, in their order.
    """

    def __init__(self, filters: Sequence[str]) -> None:
        self._filters = filters
        self._dropped = [0] * len(filters)
        self._seen: list[dict[str, _Seen]] = [{} for _ in filters]

    def add(self, verdicts: Iterable[Verdict]) -> None:
        """Count drops."""
        for verdict in verdicts:
            number = verdict.filter_number - 1
            self._dropped[number] += 1
            reason = verdict.reason.removeprefix(f"{self._filters[number]}: ")
            pattern, value = _pattern(reason)
            seen = self._seen[number]
            if pattern not in seen and len(seen) >= REASONS_COUNTED:
                pattern, value = "other reasons", None
            seen.setdefault(pattern, _Seen()).add(value)

    def steps(self, samples: int) -> list[FunnelStep]:
        """The funnel of so many samples."""
        steps = []
        for name, dropped, seen in zip(self._filters, self._dropped, self._seen, strict=True):
            ranked = sorted(seen.items(), key=lambda item: (-item[1].samples, item[0]))
            reasons = tuple(one.summary(reason) for reason, one in ranked[:REASONS_SHOWN])
            steps.append(FunnelStep(name, samples, dropped, reasons))
            samples -= dropped
        return steps


@dataclass(slots=True)
class _Seen:
    samples: int = 0
    least: float = float("inf")
    most: float = float("-inf")
    first: list[float] = field(default_factory=list)

    def add(self, value: float | None) -> None:
        self.samples += 1
        if value is None:
            return
        self.least, self.most = min(self.least, value), max(self.most, value)
        if len(self.first) < VALUES_KEPT:
            self.first.append(value)

    def summary(self, reason: str) -> Reasons:
        if not self.first:
            return Reasons(reason, self.samples)
        median = sorted(self.first)[len(self.first) // 2]
        return Reasons(reason, self.samples, self.least, median, self.most)


def _pattern(reason: str) -> tuple[str, float | None]:
    """A reason without what is quoted in it and without the first number, which is the value that
    decided; and that value."""
    reason = _QUOTED.sub("…", reason)
    found = _NUMBER.search(reason)
    if found is None:
        return reason, None
    text = found.group()
    value = float(text.rstrip("%").replace(",", ""))
    unit = "%" if text.endswith("%") else ""
    return f"{reason[: found.start()]}…{unit}{reason[found.end() :]}", value
