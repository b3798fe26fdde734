"""`silversmith reviewers`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ReviewError

if TYPE_CHECKING:
    from ..review.store import ReviewStore

__all__ = ["NAME", "app"]

NAME = "reviewers"

app = typer.Typer(help="Who may review: add, list and revoke people.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")]
Run = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="The run's folder.", show_default="the one in runs/"),
]
Database = Annotated[str, typer.Option(help="The database's URL.", show_default="DIR/review.db")]


@app.command("add")
def add(
    name: Name,
    run: Run = None,
    database: Database = "",
    owner: Annotated[
        bool, typer.Option("--owner", help="Let them see the owner's page and settle disputes.")
    ] = False,
) -> None:
    """Let a person in: prints their link, once. Adding a name again makes a new link, and the old
    one holds no longer."""
    from ..review.people import add_reviewer
    from ..review.serving import DEFAULT_PORT, link, served_at

    with _reviews(run, database) as store:
        token = store.database.write(
            lambda connection: add_reviewer(connection, name, owner=owner)
        ).result()
        url = store.database.read(served_at)
    print(link(url or f"http://127.0.0.1:{DEFAULT_PORT}", token))
    if not url:
        typer.echo("The page is not served yet: `silversmith review DIR` does it", err=True)


@app.command("list")
def list_(run: Run = None, database: Database = "") -> None:
    """Everybody who may review or might once."""
    from ..review.people import list_reviewers

    with _reviews(run, database) as store:
        people = store.database.read(list_reviewers)
    for person in people:
        notes = [f"{person.decided:,} verdicts"]
        notes += ["owner"] if person.owner else []
        notes += ["revoked"] if person.revoked is not None else []
        print(f"{person.name}: {', '.join(notes)}")
    if not people:
        print("Nobody yet: `silversmith reviewers add NAME` prints a person's link")


@app.command("revoke")
def revoke(name: Name, run: Run = None, database: Database = "") -> None:
    """Keep a person out from now on, also where their page is open. What they decided stays."""
    from ..review.people import revoke_reviewer

    with _reviews(run, database) as store:
        store.database.write(lambda connection: revoke_reviewer(connection, name)).result()
    print(f"{name} is kept out from now on")


def _reviews(run: Path | None, database: str) -> ReviewStore:
    from ..review.store import open_reviews

    return open_reviews(run or _only_run(), database)


def _only_run() -> Path:
    """The run's folder that has a review, where there is only one: here, or in `runs/`."""
    places = [Path(), *sorted(Path("runs").glob("*/"))]
    marks = ("review-plan.json", "review.db", "review-database.txt")
    found = [place for place in places if any((place / mark).exists() for mark in marks)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ReviewError(
            "There is no review here or in runs/: name the run's folder by --run, or begin one by"
            " `silversmith review DIR`"
        )
    names = ", ".join(str(place) for place in found)
    raise ReviewError(f"There are several reviews ({names}): name the run's folder by --run")
