"""The command line: one command per file, and no logic here."""

from __future__ import annotations

import sys

import typer

from ..errors import SilversmithError
from . import export, filter, judge, plan, run, simulate

__all__ = ["main"]

app = typer.Typer(
    name="silversmith",
    help="Synthetic annotations: drafted by a model, judged, filtered, exported.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (run, plan, judge, filter, export, simulate):
    app.command(module.NAME)(module.command)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"silversmith {installed('silversmith')}")
        raise typer.Exit


def main() -> None:
    """Run a command; an error of ours is one sentence on standard error."""
    try:
        app()
    except SilversmithError as error:
        print(f"silversmith: {error}", file=sys.stderr)
        raise SystemExit(error.exit_status) from None
    except KeyboardInterrupt:
        print("silversmith: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
