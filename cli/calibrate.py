"""`silversmith calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options

NAME = "calibrate"


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="A judged dataset: a run's folder, JSONL, JSON, CSV, Parquet, or a hub id."
        ),
    ],
    human: Annotated[
        list[str],
        typer.Option("--human", help="COLUMN,COLUMN with people's labels, one a person."),
    ],
    judge: Annotated[
        str,
        typer.Option(
            "--judge",
            help="NAME.CRITERION, or a column of scores.",
            show_default="the overall score",
        ),
    ] = "",
    accept: Annotated[
        str,
        typer.Option(
            "--accept",
            help="LABEL,LABEL that mean acceptable.",
            show_default="1, true, yes or accept",
        ),
    ] = "",
    accept_from: Annotated[
        float | None,
        typer.Option("--accept-from", help="Labels from this number on are acceptable."),
    ] = None,
    precision: Annotated[
        str,
        typer.Option("--precision", help="NUMBER,NUMBER: find the thresholds that reach them."),
    ] = "0.9",
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where to save it.", show_default="JUDGE.calibration.json"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the reliability diagram into this file too.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="A file with the people's labels.", show_default="DATA"),
    ] = None,
    on: Annotated[
        str, typer.Option("--on", help="The column that a row of --labels is found by.")
    ] = "id",
    same: Annotated[
        list[str] | None,
        typer.Option("--same", help="LABEL=LABEL where the first means the second (repeatable)."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option("--missing", help="A label that is none (repeatable).")
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", min=2, help="Parts, of which each is held out in turn.")
    ] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the parts.")] = 0,
    dataset_split: Annotated[
        str, typer.Option("--dataset-split", help="The split of a dataset to read.")
    ] = "",
    skip_bad_rows: options.SkipBadRows = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """What a judge's scores are worth: the probability that a person would accept the sample."""
    from datetime import UTC, datetime

    from ..pipeline.calibrating import Acceptable, calibration_in, save_calibration
    from ..pipeline.labels import Asked
    from .calibrated import show, show_json, write_svg

    if accept and accept_from is not None:
        raise typer.BadParameter("give either --accept or --accept-from")
    asked = Asked(
        data=data,
        humans=options.names(human, "--human"),
        judges=(judge,) if judge else (),
        labels=str(labels) if labels else "",
        on=on,
        same=options.same(same),
        missing=missing or (),
        split=dataset_split,
        skip_bad_rows=skip_bad_rows,
    )
    fitted, notes = calibration_in(
        asked,
        Acceptable(options.names([accept] if accept else [], "--accept"), accept_from),
        precisions=options.shares(precision, "--precision"),
        folds=folds,
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
    )
    saved = save_calibration(fitted, to)
    if svg is not None:
        write_svg(fitted, svg)
    if json:
        show_json(fitted, notes, saved)
    else:
        show(fitted, notes, saved)
