"""`silversmith doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options

NAME = "doctor"


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(help="What is to run here: its models are asked for a word as well."),
    ] = None,
    model: options.Model = None,
    ports: Annotated[
        str, typer.Option("--ports", help="Look for servers of models on these ports as well.")
    ] = "",
    json: options.Json = False,
) -> None:
    """Say what is installed, reachable and wrong. Status 1: a run would lack something."""
    from .doctored import check_and_show

    check_and_show(recipe, model or [], _numbers(ports), json=json)


def _numbers(words: str) -> list[int]:
    numbers = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        if not word.isdigit() or not 0 < int(word) < 65536:
            raise typer.BadParameter(f"--ports wants numbers parted by commas, found {word!r}")
        numbers.append(int(word))
    return numbers
