"""What the members of panels said of all samples, and how reliable that shows them to be."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import CheckError
from ..judges.panel_experts import Experts
from ..measures.experts import Expert, estimate_experts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FEWEST", "PanelVotes"]

FEWEST = 30
"""Of fewer samples, how reliable a member is cannot be told from luck."""


class PanelVotes:
    """The points that the members of panels gave.

    Samples that got the same points from the same members are one pattern, of which the number is
    kept: of a million samples that a few members score on a short scale, there are some hundred.

    Args:
        panels: the titles of the panels that are listened to.
    """

    def __init__(self, panels: Iterable[str]) -> None:
        self._panels = frozenset(panels)
        self._votes: dict[tuple[str, str], _Votes] = defaultdict(_Votes)

    def __contains__(self, panel: str) -> bool:
        """Whether a panel has judged any sample."""
        return any(title == panel for title, _ in self._votes)

    def add(self, lists: pa.ListArray) -> None:
        """Count the judgements of some samples, a list a sample."""
        from pyarrow import compute

        if not self._panels:
            return
        flat = compute.list_flatten(lists)
        chosen = compute.match_substring(flat.field("judge"), "/")
        rows = compute.list_parent_indices(lists).filter(chosen).to_pylist()
        columns = [
            flat.field(n).filter(chosen).to_pylist() for n in ("judge", "criterion", "points")
        ]
        said: dict[tuple[int, str, str], array[int]] = defaultdict(lambda: array("H"))
        for row, name, criterion, points in zip(rows, *columns, strict=True):
            panel, _, member = name.partition("/")
            if panel in self._panels:
                sayings = self._votes[panel, criterion].sayings
                number = sayings.setdefault((member, points), len(sayings))
                said[row, panel, criterion].append(number)
        for (_, panel, criterion), numbers in said.items():
            self._votes[panel, criterion].patterns[numbers.tobytes()] += 1

    def experts(self, panel: str) -> tuple[Experts, dict[str, str]]:
        """The reliability of a panel's members by criterion, and of the other criteria why it
        cannot be told."""
        found: dict[str, Mapping[str, Expert]] = {}
        unknown: dict[str, str] = {}
        for (title, criterion), votes in self._votes.items():
            if title != panel:
                continue
            if votes.patterns.total() < FEWEST:
                unknown[criterion] = (
                    f"{votes.patterns.total()} samples are too few to tell ({FEWEST} at least)"
                )
                continue
            try:
                found[criterion] = votes.experts()
            except CheckError as error:
                unknown[criterion] = str(error)
        return found, unknown


@dataclass
class _Votes:
    """The points given under one criterion.

    Attributes:
        sayings: a number for each thing that a member said: its name, and the points.
        patterns: how many samples got just these, by the numbers.
    """

    sayings: dict[tuple[str, float], int] = field(default_factory=dict)
    patterns: Counter[bytes] = field(default_factory=Counter)

    def experts(self) -> Mapping[str, Expert]:
        """The reliability of each member.

        Raises:
            CheckError: as `estimate_experts`.
        """
        sayings = list(self.sayings)
        # Sorted, so that the order of the samples has no say in the last digits.
        kinds = sorted(
            (sorted(sayings[number] for number in array("H", pattern)), n)
            for pattern, n in self.patterns.items()
        )
        rows = [(kind, *saying) for kind, (said, _) in enumerate(kinds) for saying in said]
        items, names, points = zip(*rows, strict=True)
        times = {kind: n for kind, (_, n) in enumerate(kinds)}
        return estimate_experts(items, names, points, times=times)
