"""`silversmith certify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "certify"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
    database: Annotated[
        str,
        typer.Option(
            help="The review's database, where it is not DIR/review.db (or the variable"
            " SILVERSMITH_REVIEW_DATABASE)."
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """What people's verdicts say of the kept samples: acceptance rate with intervals, agreement,
    defects."""
    from ..review.certificate import certificate_of
    from ..review.certificate_text import as_markdown, write_certificate
    from ..review.where import verdicts_in

    certificate = certificate_of(folder, verdicts_in(folder, database))
    paths = write_certificate(folder, certificate)
    if json:
        print(paths[0].read_text(encoding="utf-8"), end="")
        return
    print(as_markdown(certificate))
    print(f"Written to {', '.join(str(path) for path in paths)}")
