"""From an evaluation's failures to the folder of the next round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RoundError
from ..models import ModelSpec
from ..pipeline.embedding import Embeddings
from ..seeds import BadRow
from ..seeds.files import find_files
from ..seeds.logs import Scoring, read_log
from ..seeds.logs.recognising import LOG_SUFFIXES
from .budget import shares_of_budget
from .descriptions import seeds_of
from .evaluation import Evaluation, evaluation_of
from .groups import Group, grouped
from .kinds import KINDS
from .leaks import Leaks
from .naming import Naming, name_groups
from .recipe import Planned, generators_for
from .round_file import (
    ROUND,
    Round,
    recipe_of,
    round_before,
)
from .topics import Known, topics_by_item
from .writing import write_round

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NextRound", "Wanted", "next_round"]


@dataclass(frozen=True)
class Wanted:
    """What a round is to be like.

    Attributes:
        samples: how many samples its recipe plans, about.
        least_failures: a group of fewer failures gets none: it may be there by chance.
        strategies: kind of failure to strategy, `""` for all kinds; `same` for the run's own
            generators.
        embeddings: what tells topics apart: `hashed`, `sentence-transformers:NAME`, a model of the
            run's recipe, or a model's short form.
        scoring: how logs are read.
        skip_bad_rows: whether lines that cannot be read are passed over, and counted.
        namer: the model that names groups and specifies tasks against them: a model of the run's
            recipe, or a model's short form; "" for none.
        replace: whether a round that is in the folder already goes.
    """

    samples: int = 1000
    least_failures: int = 2
    strategies: Mapping[str, str] = field(default_factory=dict)
    embeddings: str = "hashed"
    scoring: Scoring = field(default_factory=Scoring)
    skip_bad_rows: bool = False
    namer: str = ""
    replace: bool = False


@dataclass(frozen=True)
class NextRound:
    """A round that was written.

    Attributes:
        folder: where.
        number: which it is in its history, from 1.
        evaluation: what it comes from.
        groups: all groups of failures, the largest first.
        planned: those that the recipe has, with what is planned; none where nothing failed.
        before: the round before, or None.
        bad_rows: lines of the logs that could not be read.
        naming: what a model said of the groups, or None where none was asked.
    """

    folder: Path
    number: int
    evaluation: Evaluation
    groups: Sequence[Group]
    planned: Sequence[Planned]
    before: Round | None
    bad_rows: Sequence[BadRow]
    naming: Naming | None = None


def next_round(
    run: Path,
    failures: Sequence[str],
    out: Path | None = None,
    wanted: Wanted | None = None,
) -> NextRound:
    """Read evaluation logs, group the failures, and write the next round's folder.

    Args:
        run: the run whose data tuned the model that was evaluated.
        failures: the logs: files, or patterns such as `logs/*.eval`.
        out: the folder of the round; by default `rounds/N` beside the run.
        wanted: what it is to be like.

    Raises:
        SeedError: a log cannot be read.
        RoundError: the run is none, the folder holds a round already, no group has failures
            enough, or a seed would hold a part of the evaluation; nothing is written then.
    """
    wanted = wanted or Wanted()
    recipe = recipe_of(run)
    before = round_before(recipe)
    number = before.number + 1 if before is not None else 1
    folder = out if out is not None else run.parent / "rounds" / str(number)
    if (folder / ROUND).exists() and not wanted.replace:
        raise RoundError(
            f"{folder} holds a round already: choose another --out, or replace it with --replace"
        )
    if unknown := set(wanted.strategies) - {"", *KINDS}:
        raise RoundError(
            f"--strategy {min(unknown)}: there is no such kind of failure; known:"
            f" {', '.join(KINDS)}"
        )
    bad_rows: list[BadRow] = []
    files = [one for path in failures for one in find_files(path, Path(), LOG_SUFFIXES)]
    on_bad_row = bad_rows.append if wanted.skip_bad_rows else None
    evaluation = evaluation_of([read_log(one, wanted.scoring, on_bad_row) for one in files])
    topics = topics_by_item(
        evaluation.items, _embed(wanted.embeddings, recipe), _topics_before(before)
    )
    assigned, groups = grouped(evaluation.items, topics)
    leaks = Leaks((item.source, text) for item in evaluation.items for text in item.texts)
    naming = None
    if wanted.namer and groups:
        naming = name_groups(groups, _model(wanted.namer, recipe), leaks)
        groups = list(naming.groups)
    planned, seeds = _plan(groups, wanted, recipe, leaks)
    round_ = NextRound(folder, number, evaluation, groups, planned, before, bad_rows, naming)
    write_round(round_, run, recipe, assigned, seeds)
    return round_


def _topics_before(before: Round | None) -> dict[str, Known]:
    rows = before.items() if before is not None else ()
    return {
        str(row["key"]): Known(str(row["task"]), str(row["prompt"]), str(row["topic"]))
        for row in rows
    }


def _models(recipe: Mapping[str, Any]) -> dict[str, ModelSpec]:
    folder = Path(str(recipe.get("folder") or "."))
    return {
        str(name): ModelSpec.parse(spec).in_folder(folder)
        for name, spec in (recipe.get("models") or {}).items()
    }


def _model(name: str, recipe: Mapping[str, Any]) -> ModelSpec:
    return _models(recipe).get(name) or ModelSpec.parse(name)


def _embed(name: str, recipe: Mapping[str, Any]) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    embeddings = Embeddings(_models(recipe))

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np
        import pyarrow as pa

        column, _ = embeddings.of(pa.chunked_array([list(texts)], pa.large_string()), name)
        if column.null_count and not embeddings.are_hashed(name):
            raise RoundError(
                f"{column.null_count:,} of {len(texts):,} prompts got no embedding from {name}:"
                " name another model with --embeddings"
            )
        values = column.flatten() if not column.null_count else column.values
        return np.asarray(values, np.float32).reshape(len(texts), -1)

    return embed


def _plan(
    groups: Sequence[Group], wanted: Wanted, recipe: Mapping[str, Any], leaks: Leaks
) -> tuple[list[Planned], list[dict[str, Any]]]:
    chosen = [one for one in groups if one.failed >= wanted.least_failures]
    if groups and not chosen:
        raise RoundError(
            f"no group has {wanted.least_failures} failures or more (the largest of"
            f" {len(groups)} has {groups[0].failed}): evaluate on more items, or take also smaller"
            " ones with --least-failures 1"
        )
    if wanted.samples < len(chosen):
        raise RoundError(
            f"--samples {wanted.samples:,} is less than one for each of {len(chosen):,} groups:"
            " ask for more, or for groups of more failures with --least-failures"
        )
    planned, seeds = [], []
    for group, samples in zip(chosen, shares_of_budget(chosen, wanted.samples), strict=True):
        rows, draws = seeds_of(group, samples, leaks)
        seeds += rows
        entries = generators_for(group, draws, wanted.strategies, recipe.get("generators") or ())
        planned.append(Planned(group, len(rows) * draws * len(entries), draws, entries))
    return planned, seeds
