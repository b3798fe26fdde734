"""The bias audit of judges on a dataset: the pass that asks them, and what its scores say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks.model_families import families_of
from ..errors import CheckError, SeedError
from ..measures.bias import Position, position_bias
from ..measures.clustering import Clustering, score_clustering
from ..measures.effects import Effect, paired_effect
from ..measures.self_preference import SelfPreference, self_preference
from ..measures.verbosity import Verbosity, length_controlled
from ..records import sample_from_row
from .audit_rows import Picked, pick, split_id, write_forms
from .existing import judge_recipe
from .recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Audit", "JudgeAudit", "audit_recipe", "audited"]

ROWS = "forms.jsonl"
"""The file of the audited answers, in the run's folder."""

_ORDERS = ("preferred_first", "preferred_second")
"""Criteria under which a judge of pairs gives its verdict on a response that was shown first, and
shown second."""

Judge = tuple[str, str, str]
"""A judge, its criterion, and the model that judged."""


@dataclass(frozen=True, slots=True)
class JudgeAudit:
    """What the forms of the answers do to the scores of one judge under one criterion.

    Attributes:
        judge, criterion, model: who.
        answers: how many answers it scored as they are.
        verbosity: of an answer followed by its own words once more, against it as it is; None
            where fewer than two answers have both scores.
        format: of an answer with Markdown, against the same words without; likewise.
        position: what the order of two answers does to its verdicts, of the answers as they are; or
            None, as for judges that see one answer at a time.
        lengths: for such a judge, how often the longer of the two answers wins, and what length
            alone adds to its odds; or None.
        clustering: how its points crowd on its scale, of the answers as they are.
        self_preference: how it scores answers of its own family beside those of others, with the
            other judges' scores of the same answers as the reference; or None.
        without_self: why there is no figure of self-preference, or "".
    """

    judge: str
    criterion: str
    model: str
    answers: int
    verbosity: Effect | None
    format: Effect | None
    position: Position | None
    lengths: Verbosity | None
    clustering: Clustering | None
    self_preference: SelfPreference | None
    without_self: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        answers: how many answers were audited.
        rows: how many rows the dataset holds.
        failed: how many of the forms a judge gave no verdict on.
        judges: one entry a judge and criterion.
    """

    answers: int
    rows: int
    failed: int
    judges: Sequence[JudgeAudit]


def audit_recipe(
    data: str,
    file: str,
    out: Path,
    number: int,
    *,
    mapping: Mapping[str, str],
    split: str = "",
    written_by: str = "",
    seed: int = 0,
    changes: Mapping[str, Any],
    models: Sequence[str] = (),
    make: Callable[..., Recipe] = judge_recipe,
) -> tuple[Recipe, Picked]:
    """The judge pass of an audit: over some answers of the data, each in a few forms, which are
    written into the run's folder.

    Args:
        data, file, mapping, split, changes, models: as `judge_recipe`.
        out: the run's folder.
        number: how many answers.
        written_by, seed: as `pick`.
        make: what makes the recipe of a pass over a dataset: `judge_recipe` of the file, or
            `rubric_recipe` of a ready-made rubric, whose name then stands for the file.

    Raises:
        RecipeError, SeedError, RunFolderError: as `judge_recipe`, `pick` and `write_forms`.
    """
    original = make(data, file, mapping=mapping, split=split, changes=changes, models=models)
    picked = pick(original, number, written_by=written_by, seed=seed)
    rows = out / ROWS
    write_forms(picked, rows)
    recipe = make(str(rows), file, mapping={}, changes=changes, models=models)
    update: dict[str, Any] = {
        "name": f"{Path(data).stem}-audit",
        "filters": [],
        "limit": None,
        "target": None,
    }
    return recipe.model_copy(update=update), picked


def audited(folder: Path, picked: Picked) -> Audit:
    """What the scores of such a pass say.

    Raises:
        SeedError: the pass has scored nothing, or its files cannot be read.
    """
    table, failed = _Table(picked), 0
    for name in ("kept", "failed"):
        for row in _rows(folder / name):
            sample = sample_from_row(row)
            failed += sample.failure is not None
            for one in sample.judgements:
                if not one.model:  # the checks have no taste
                    continue
                who = (one.judge, one.criterion, one.model)
                table.note(sample.id, who, one.score, one.points)
    if not table.judges:
        raise SeedError(f"{folder}: no judge gave a score, so that there is nothing to audit")
    judges = tuple(_audit_of(who, table) for who in table.judges if who[1] not in _ORDERS)
    return Audit(len(picked.samples), picked.rows, failed, judges)


class _Table:
    """Scores and points by judge, form and answer."""

    def __init__(self, picked: Picked) -> None:
        self.place = {sample.id: number for number, sample in enumerate(picked.samples)}
        self.writers = [picked.writers[sample.id] for sample in picked.samples]
        self.lengths = [(len(one.response), len(one.rejected_response)) for one in picked.samples]
        self.judges: list[Judge] = []
        self._scores: dict[tuple[Judge, str], Floats] = {}
        self._points: dict[tuple[Judge, str], Floats] = {}

    def note(self, id_: str, who: Judge, score: float, points: float) -> None:
        name, form = split_id(id_)
        if who not in self.judges:
            self.judges.append(who)
        for table, value in ((self._scores, score), (self._points, points)):
            table.setdefault((who, form), self._none())[self.place[name]] = value

    def scores(self, who: Judge, form: str) -> Floats:
        return self._scores.get((who, form), self._none())

    def points(self, who: Judge, form: str) -> Floats:
        return self._points.get((who, form), self._none())

    def _none(self) -> Floats:
        import numpy as np

        return np.full(len(self.place), np.nan)


def _audit_of(who: Judge, table: _Table) -> JudgeAudit:
    import numpy as np

    as_it_is = table.scores(who, "as it is")
    plain, marked = table.scores(who, "plain"), table.scores(who, "markdown")
    # An answer with Markdown was stripped of it, and one without was given some.
    without = np.where(np.isnan(marked), plain, as_it_is)
    with_ = np.where(np.isnan(marked), as_it_is, marked)
    points = table.points(who, "as it is")
    known = int((~np.isnan(points)).sum())
    preference, why = _self_preference(who, as_it_is, table)
    return JudgeAudit(
        *who,
        answers=known,
        verbosity=_effect(as_it_is, table.scores(who, "padded")),
        format=_effect(without, with_),
        position=_position(who, table),
        lengths=_lengths(who, as_it_is, table),
        clustering=score_clustering(points) if known else None,
        self_preference=preference,
        without_self=why,
    )


def _effect(plain: Floats, changed: Floats) -> Effect | None:
    try:
        return paired_effect(plain, changed)
    except CheckError:
        return None


def _position(who: Judge, table: _Table) -> Position | None:
    judge, _, model = who
    orders = [table.scores((judge, order, model), "as it is") for order in _ORDERS]
    try:
        return position_bias(*orders)
    except CheckError:
        return None


def _lengths(who: Judge, outcomes: Floats, table: _Table) -> Verbosity | None:
    """Of a judge of pairs, by the lengths of the two answers as they are."""
    import numpy as np

    judge, _, model = who
    if (judge, _ORDERS[0], model) not in table.judges:
        return None
    one, other = np.array(table.lengths, dtype=np.float64).T
    try:
        return length_controlled(outcomes, one, other)
    except CheckError:
        return None


def _self_preference(
    who: Judge, scores: Floats, table: _Table
) -> tuple[SelfPreference | None, str]:
    import numpy as np

    own = families_of(who[2])
    if not any(table.writers):
        return None, "nobody says which model wrote the answers: name the column with --written-by"
    families = [_named(families_of(writer), own) for writer in table.writers]
    known = np.array([bool(family) for family in families])
    here = np.where(known, scores, np.nan)
    others = list(_other_families(who, table))
    reference = None
    if others:
        stacked = np.vstack(others)
        seen = ~np.isnan(stacked)
        sums = np.where(seen, stacked, 0.0).sum(axis=0)
        reference = np.where(seen.any(axis=0), sums / np.maximum(seen.sum(axis=0), 1), np.nan)
    try:
        return self_preference(here, families, _named(own, own), reference=reference), ""
    except CheckError as error:
        return None, str(error).rstrip(".")


def _named(families: frozenset[str], own: frozenset[str]) -> str:
    """One name for a model's families: the judge's own, where they share one."""
    return "-".join(sorted(own if families & own else families))


def _other_families(who: Judge, table: _Table) -> Iterator[Floats]:
    """The scores that judges of other families gave the same answers."""
    own = families_of(who[2])
    for other in table.judges:
        if other[1] == who[1] and not families_of(other[2]) & own:
            yield table.scores(other, "as it is")


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    for path in sorted(folder.glob("*.parquet")):
        try:
            yield from parquet.read_table(path).to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise SeedError(f"{path}: cannot be read ({error})") from error
