"""All commands: one per file, and no logic here."""

from __future__ import annotations

import typer

from . import (
    agreement,
    calibrate,
    certify,
    doctor,
    export,
    filter,
    forget,
    judge,
    next,
    plan,
    recover,
    review,
    reviewers,
    reviews,
    rounds,
    run,
    simulate,
)

__all__ = ["app"]

app = typer.Typer(
    name="silversmith",
    help="Synthetic annotations: drafted by a model, judged, filtered, exported.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    run,
    plan,
    judge,
    agreement,
    calibrate,
    filter,
    review,
    certify,
    export,
    next,
    rounds,
    forget,
    recover,
    simulate,
    doctor,
):
    app.command(module.NAME)(module.command)
app.add_typer(reviewers.app, name=reviewers.NAME)
app.add_typer(reviews.app, name=reviews.NAME)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"silversmith {installed('silversmith')}")
        raise typer.Exit
