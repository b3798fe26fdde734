"""`silversmith next`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "next"


def command(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="The folder of the run whose data tuned the evaluated model."
        ),
    ],
    failures: Annotated[
        list[str],
        typer.Option(
            "--failures",
            help="The evaluation's log, all of it (repeatable, or a pattern in quotes):"
            " lm-evaluation-harness samples, inspect_ai .eval or JSON, OpenAI evals, promptfoo,"
            " or rows with prompt, output, expected and a score or thumb.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The round's folder.", show_default="rounds/N beside RUN"),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="How many samples the recipe plans, about.")
    ] = 1000,
    least_failures: Annotated[
        int,
        typer.Option(
            "--least-failures", min=1, help="Groups of fewer failures are shown and get no samples."
        ),
    ] = 2,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="KIND=STRATEGY for a kind of failure, or STRATEGY for all; `same` for the"
            " generators of RUN (repeatable).",
        ),
    ] = None,
    embeddings: Annotated[
        str,
        typer.Option(
            "--embeddings",
            help="What tells topics apart: hashed, sentence-transformers:NAME, or a model.",
        ),
    ] = "hashed",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="A model that names the groups and specifies tasks against them: one of RUN's"
            " recipe, or a short form.",
            show_default="none: programs describe them",
        ),
    ] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN for rows with other names (repeatable)."),
    ] = None,
    pass_from: Annotated[
        float | None,
        typer.Option(
            "--pass-from",
            help="From which score on an item has passed.",
            show_default="0.5 of scores from 0 to 1",
        ),
    ] = None,
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            help="Which metric or scorer of the log decides.",
            show_default="the first",
        ),
    ] = "",
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Every row is a failure, whatever it says.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a round that is in the folder already.")
    ] = False,
    skip_bad_rows: options.SkipBadRows = False,
    json: Annotated[bool, typer.Option("--json", help="Print the round as JSON.")] = False,
) -> None:
    """Make the next recipe out of what the tuned model fails at, group by group."""
    from ..rounds import Wanted
    from ..seeds.logs import Scoring
    from .next_shown import make_and_show

    make_and_show(
        run,
        failures,
        out,
        Wanted(
            samples=samples,
            least_failures=least_failures,
            strategies=options.strategies(strategy),
            embeddings=embeddings,
            scoring=Scoring(options.mapping(map_), pass_from, metric, all_failed),
            skip_bad_rows=skip_bad_rows,
            namer=model,
            replace=replace,
        ),
        json=json,
    )
