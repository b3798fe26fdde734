"""`silversmith verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records.verified import Verified

NAME = "verify"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A run's folder, or that of an export.")
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", help="The run that an export is from.", show_default="the folder it lies in"
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option("--database", help="The review's database, where it is not DIR/review.db."),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Hold a run's folder, or an export, against its checksums, books and provenance."""
    import dataclasses
    import json as json_

    found = []
    for place, one in _verified(folder, run, database):
        found.append({"folder": str(place), **dataclasses.asdict(one)})
        if not json:
            if len(found) == 1 or found[-2]["folder"] != str(place):
                print(place)
            print(f"  {one}")
    wrong = sum(one["sound"] is False for one in found)
    if json:
        print(json_.dumps(found, indent=2))
    else:
        print("All is as it was written" if not wrong else f"{wrong} of {len(found)} are wrong")
    if wrong:
        raise typer.Exit(1)


def _verified(folder: Path, run: Path | None, database: str) -> Iterator[tuple[Path, Verified]]:
    from ..errors import ExportError
    from ..exports.verifying import is_export, verify_certificate, verify_export
    from ..store.verifying import is_run, verify_run

    exports = [folder] if is_export(folder) else []
    if not exports and is_run(folder):
        run = folder
        yield from ((folder, one) for one in verify_run(folder))
        yield folder, verify_certificate(folder)
        exports = [path for path in sorted(folder.glob("exports/*")) if is_export(path)]
    elif not exports:
        raise ExportError(
            f"{folder} is neither a run's folder nor one that `silversmith export` wrote"
        )
    elif run is None and is_run(folder.resolve().parent.parent):
        run = folder.resolve().parent.parent
    mended = _mended(run, database) if run is not None else set()
    for export in exports:
        yield from ((export, one) for one in verify_export(export, run, mended))


def _mended(run: Path, database: str) -> set[str]:
    """The samples that people have mended."""
    from ..review.where import verdicts_in

    return {one.sample for one in verdicts_in(run, database) if one.verdict == "fix"}
