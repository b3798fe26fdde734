"""Judges whose last word on a sample waits until all samples are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..filters import Columns
from ..judges.panel import Panel
from ..judges.panel_experts import Experts
from ..records import sample_from_json, sample_to_json
from .batches import batches_of_json
from .panel_votes import PanelVotes
from .samples import Askers, scored

__all__ = ["Concluding"]

Rows = Callable[[], Iterable[bytes]]


class Concluding:
    """What all samples together make of each of them: the scores of panels that weigh their
    members by a reliability that is estimated from all.

    The journal keeps what the members said, with the score by majority: so a run that goes on
    concludes anew, and asks for nothing.

    Args:
        askers: the recipe's; None where somebody else concludes.
    """

    def __init__(self, askers: Askers | None) -> None:
        self._judges = askers.judges if askers is not None else ()
        judges = [asker.part for asker in self._judges]
        self._panels = [one for one in judges if isinstance(one, Panel) and one.waits]

    @property
    def needed(self) -> bool:
        """Whether there is such a judge, so that no sample's score is final before the last one
        is judged."""
        return bool(self._panels)

    def batches(self, rows: Rows) -> Iterator[Columns]:
        """The samples as columns, with their final scores.

        Args:
            rows: gives the samples as JSON; called twice where there is something to conclude.
        """
        return batches_of_json(self._concluded(rows) if self.needed else rows())

    def _concluded(self, rows: Rows) -> Iterator[bytes]:
        votes = PanelVotes(panel.title for panel in self._panels)
        for columns in batches_of_json(rows()):
            votes.add(columns.column("judgements"))
        experts = {panel.title: votes.experts(panel.title)[0] for panel in self._panels}
        for row in rows():
            yield self._final(row, experts)

    def _final(self, row: bytes, experts: Mapping[str, Experts]) -> bytes:
        sample = sample_from_json(row)
        if sample.candidates:  # the best of them has been chosen by the scores that there were
            return row
        judgements: list[Any] = list(sample.judgements)
        for panel in self._panels:
            judgements = panel.concluded(judgements, experts[panel.title])
        titles = {asker.part.title for asker in self._judges}
        own = [one for one in judgements if one.judge.partition("/")[0] in titles]
        return sample_to_json(sample.with_(**scored(sample, own, self._judges, sample.strategy)))
