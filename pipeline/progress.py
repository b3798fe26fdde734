"""How far a run's folder has got, for a plan: what is done there, and what the rest would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunFolderError
from ..store import Journal, RunFolder
from .changes import changed_askers
from .recipe import Recipe
from .rehearsal import Rehearsed
from .remainder import Experience, Remainder, experience, remainder
from .samples import Askers
from .survey import Earlier, Survey

__all__ = ["Progress", "look_into"]


@dataclass(frozen=True)
class Progress:
    """What a plan finds in the folder where the recipe would run.

    Attributes:
        path: the folder.
        changed: generators and judges whose options, templates or model have changed since; a
            run there wants `--again`.
        other: why a run there would be refused, or "".
        known: what each asker took there so far.
    """

    path: str
    changed: tuple[str, ...] = ()
    other: str = ""
    known: Mapping[str, Experience] | None = None

    def to_finish(
        self, recipe: Recipe, askers: Askers, found: Survey, rehearsed: Iterable[Rehearsed]
    ) -> Remainder | None:
        """What the rest would take at what it took so far; None where nothing is known or left."""
        if self.known is None or not found.left:
            return None
        judges = [asker.title for asker in askers.judges]
        return remainder(
            askers,
            recipe.models,
            self.known,
            rehearsed,
            left=found.left,
            undrafted=sum(found.unasked[title, title] for title in askers.generators),
            unjudged={j: sum(found.unasked[g, j] for g in askers.generators) for j in judges},
            at_least=not found.complete,
        )


def look_into(out: Path | None, recipe: Recipe, askers: Askers) -> tuple[Progress | None, Earlier]:
    """How far the folder has got; None where there is no run in it yet.

    Raises:
        RunFolderError: its journal is damaged, or of a newer version.
    """
    folder = RunFolder(out) if out is not None else None
    if folder is None or not folder.journal.is_file():
        return None, Earlier()
    with Journal(folder.journal) as journal:
        try:
            changed = changed_askers(askers.all(), recipe.models, journal)
        except RunFolderError as error:
            return Progress(str(out), other=str(error)), Earlier()
        # What a changed generator drafts anew, every judge judges anew.
        drafts = any(title in askers.generators for title in changed)
        stale = {a.title for a in askers.all()} if drafts else set(changed)
        earlier = Earlier.of(journal, askers, stale)
        return Progress(str(out), tuple(changed), "", experience(journal, askers)), earlier
