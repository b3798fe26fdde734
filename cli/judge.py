"""`silversmith judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "judge"


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="JSONL, JSON, CSV, Parquet, a dataset's folder, a run's folder, or a hub id."
        ),
    ],
    judges: Annotated[
        str | None,
        typer.Option("--judges", help="A file with `models:`, `judges:` and maybe `filters:`."),
    ] = None,
    rubric: Annotated[
        str | None,
        typer.Option(
            "--rubric",
            help="In its place, a ready-made rubric: safety, instruction_following, helpfulness,"
            " or that of a strategy; with --model.",
        ),
    ] = None,
    out: options.Out = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN for columns with other names (repeatable)."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="The split to read.")] = "",
    model: options.Model = None,
    limit: options.Limit = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    max_calls: options.MaxCalls = None,
    set_: options.Set = None,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Ask about some answers in several forms, and report the judges' biases.",
        ),
    ] = False,
    answers: Annotated[
        int, typer.Option("--answers", min=2, help="How many answers an audit asks about.")
    ] = 100,
    written_by: Annotated[
        str,
        typer.Option(
            "--written-by",
            help="The column with the model that wrote the answer, for an audit.",
            show_default="the samples' origin",
        ),
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Make an audit's calls without being asked first.")
    ] = False,
    again: options.Again = False,
    reuse: options.Reuse = None,
    retry_failed: options.RetryFailed = False,
    skip_bad_rows: options.SkipBadRows = False,
    processes: options.Processes = 1,
    on: options.On = "",
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Score a dataset that exists already. Nothing of it is changed."""
    if (judges is None) == (rubric is None):
        raise typer.BadParameter("give either --judges FILE or --rubric NAME with --model MODEL")
    from ..pipeline.existing import judge_recipe, rubric_recipe
    from .running import run_and_show

    where = options.cluster(on)
    changes = options.changes(
        limit=limit, max_cost=max_cost, max_tokens=max_tokens, max_calls=max_calls,
        set_=set_, skip_bad_rows=skip_bad_rows,
    )  # fmt: skip
    make = judge_recipe if judges is not None else rubric_recipe
    if audit:
        if where is not None:
            raise typer.BadParameter("an audit is done on this machine: leave --on or --audit away")
        from .audited import audit_and_show

        audit_and_show(
            data, judges or rubric or "", out, answers,
            mapping=options.mapping(map_), split=split, written_by=written_by,
            changes=changes, models=model or [], make=make,
            capped=yes or any(one is not None for one in (max_cost, max_tokens, max_calls)),
            again=again, reuse=reuse or [], retry_failed=retry_failed, processes=processes,
            quiet=quiet, json=json,
        )  # fmt: skip
        return
    recipe = make(
        data, judges or rubric or "", mapping=options.mapping(map_), split=split, changes=changes,
        models=model or [],
    )  # fmt: skip
    run_and_show(
        recipe if where is None else recipe.on_ray(where),
        out or Path("runs") / recipe.name,
        again=again,
        reuse=reuse or [],
        retry_failed=retry_failed,
        processes=processes,
        quiet=quiet,
        json=json,
        page=True,
    )
