"""The folder of a round, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from ..errors import RoundError
from .groups import Assigned
from .made import made_for_groups
from .recipe import recipe_values
from .round_file import EVALUATION, RECIPE, ROUND, SEEDS, VERSION

if TYPE_CHECKING:
    from .next_round import NextRound

__all__ = ["write_round"]


def write_round(
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
