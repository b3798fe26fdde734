"""From an evaluation's failures to the folder of the next round."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import yaml

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
from .groups import Assigned, Group, grouped, topics_by_item
from .leaks import Leaks
from .made import made_for_groups
from .naming import Naming, name_groups
from .recipe import Planned, generators_for, recipe_values
from .round_file import (
    EVALUATION,
    RECIPE,
    ROUND,
    SEEDS,
    VERSION,
    Round,
    recipe_of,
    round_before,
)

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
    _write(round_, run, recipe, assigned, seeds)
    return round_


def _topics_before(before: Round | None) -> dict[str, tuple[str, str]] | None:
    if before is None:
        return None
    return {str(row["key"]): (str(row["prompt"]), str(row["topic"])) for row in before.items()}


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


def _write(
    round_: NextRound,
    run: Path,
    recipe: Mapping[str, Any],
    assigned: Sequence[Assigned],
    seeds: Sequence[Mapping[str, Any]],
) -> None:
    """The folder, whole or not at all."""
    folder = round_.folder
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        (part / EVALUATION).write_bytes(b"".join(map(_line, map(_item_row, assigned))))
        if round_.planned:
            (part / SEEDS).write_bytes(b"".join(map(_line, seeds)))
            (part / RECIPE).write_text(_recipe_text(round_, recipe), encoding="utf-8")
        text = orjson.dumps(_values(round_, run), option=orjson.OPT_INDENT_2)
        (part / ROUND).write_bytes(text + b"\n")
        if folder.exists():
            for name in (EVALUATION, SEEDS, RECIPE, ROUND):
                (folder / name).unlink(missing_ok=True)
            for path in part.iterdir():
                path.replace(folder / path.name)
            part.rmdir()
        else:
            part.rename(folder)
    except OSError as error:
        raise RoundError(
            f"{folder} could not be written ({error.strerror or error}): make room, or choose"
            " another --out"
        ) from error


def _line(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _item_row(one: Assigned) -> dict[str, Any]:
    item = one.item
    return {
        "key": item.key,
        "task": item.task,
        "topic": one.topic,
        "failed": item.failed,
        "kind": one.kind,
        "prompt": item.prompt,
        "texts": list(item.texts),
    }


def _recipe_text(round_: NextRound, run: Mapping[str, Any]) -> str:
    values = recipe_values(
        f"round-{round_.number}",
        round_.planned,
        run,
        round_.folder.absolute(),
        seeds=SEEDS,
        evaluation=EVALUATION,
    )
    head = (
        f"# Round {round_.number}: samples for what the evaluated model fails at, group by group.\n"
        "# `silversmith run` runs it as it is. The filter `decontaminate` keeps the evaluation's\n"
        "# items out of the samples; a recipe with these seeds is refused without it.\n"
    )
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def _values(round_: NextRound, run: Path) -> dict[str, Any]:
    planned = {one.group.name: one for one in round_.planned}
    before = round_.before
    evaluation = round_.evaluation
    return {
        "schema_version": VERSION,
        "number": round_.number,
        "run": os.path.relpath(run.absolute(), round_.folder.absolute()),
        "before": (
            None
            if before is None
            else os.path.relpath(before.folder.absolute(), round_.folder.absolute())
        ),
        "logs": list(evaluation.logs),
        "items": len(evaluation.items),
        "failed": evaluation.failed,
        "unusable": dict(evaluation.unusable),
        "made": made_for_groups(run),
        "groups": [
            {
                "name": one.name,
                "title": one.title,
                "kind": one.kind,
                "topic": one.topic,
                "items": one.items,
                "failed": one.failed,
                "low": one.low,
                "high": one.high,
                "by": dict(one.by),
                "planned": planned[one.name].samples if one.name in planned else 0,
                "strategies": planned[one.name].strategies if one.name in planned else [],
            }
            for one in round_.groups
        ],
    }
