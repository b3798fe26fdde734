"""`silversmith reviews`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ReviewError

__all__ = ["NAME", "app"]

NAME = "reviews"

app = typer.Typer(
    help="What people decided: as labels, as failures, and from other tools.", no_args_is_help=True
)

_SHOWN = 20

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")]
To = Annotated[Path | None, typer.Option("--to", help="The file to write.")]
Database = Annotated[str, typer.Option(help="The database's URL.", show_default="DIR/review.db")]


@app.command("labels")
def labels(folder: Folder, to: To = None, database: Database = "") -> None:
    """People's verdicts as labels (JSON Lines), for `agreement --labels` and for calibration."""
    from ..review.flowing import label_rows
    from ..review.where import verdicts_in

    path = to or folder / "exports" / "reviews" / "labels.jsonl"
    count = _write(path, label_rows(folder, verdicts_in(folder, database)), "decided about")
    print(
        f"{count:,} samples in {path}; `silversmith agreement {folder} --labels {path}"
        " --human acceptable` sets judges beside them"
    )


@app.command("failures")
def failures(folder: Folder, to: To = None, database: Database = "") -> None:
    """What people rejected or mended (JSON Lines), as tasks for the next round."""
    from ..review.flowing import failure_rows
    from ..review.where import verdicts_in

    path = to or folder / "exports" / "reviews" / "failures.jsonl"
    count = _write(path, failure_rows(folder, verdicts_in(folder, database)), "rejected or mended")
    print(f"{count:,} samples in {path}")


@app.command("import")
def import_(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the other tool exported.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="argilla, label-studio, csv or xlsx.", show_default="by the file"
        ),
    ] = "",
    reviewer: Annotated[
        str, typer.Option("--reviewer", help="Who decided, where the file does not say.")
    ] = "",
    database: Database = "",
) -> None:
    """Verdicts from another tool; those that are here already are passed over."""
    from ..exports import HandOver, kind_of
    from ..pipeline.components import component
    from ..review.returned import match
    from ..review.store import open_reviews

    tool = component("exports", (HandOver,), format_ or kind_of(file), "--format")
    with open_reviews(folder, database) as store:
        found = match(folder, tool.read(file), store.verdicts(), reviewer=reviewer)
        added = store.add(found.verdicts)
    print(
        f"{added:,} verdicts added, {found.known:,} were here already, {found.open:,} rows are"
        " undecided"
    )
    for what, lines in (
        ("conflicts with what was said before, which stays", found.conflicts),
        ("rows of no planned item", found.unknown),
        ("rows that cannot be used", found.faults),
    ):
        if lines:
            more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
            print(f"{len(lines):,} {what}:")
            print("\n".join(f"  {line}" for line in lines[:_SHOWN]) + more)
    if found.faults or found.unknown or found.conflicts:
        raise typer.Exit(1)


def _write(path: Path, rows: Iterable[dict[str, Any]], what: str) -> int:
    import orjson

    from ..store import RunFolder

    lines = [orjson.dumps(row).decode() for row in rows]
    if not lines:
        raise ReviewError(f"People have {what} none of the kept samples: there is nothing to write")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReviewError(f"{path.parent} cannot be made ({error.strerror})") from error
    RunFolder(path.parent).write_text(path, "\n".join(lines) + "\n")
    return len(lines)
