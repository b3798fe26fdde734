"""`silversmith review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..review.records import ReviewPlan

NAME = "review"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8600,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    url: Annotated[
        str, typer.Option(help="The address that reviewers use, where a proxy stands before it.")
    ] = "",
    database: Annotated[
        str,
        typer.Option(
            help="PostgreSQL for a team, such as postgresql://user@host/name (or the variable"
            " SILVERSMITH_REVIEW_DATABASE).",
            show_default="DIR/review.db",
        ),
    ] = "",
    name: Annotated[
        str | None, typer.Option("--as", help="Your name as a reviewer.", show_default="your login")
    ] = None,
    guidelines: Annotated[
        Path | None,
        typer.Option(help="Markdown shown beside the samples.", show_default="DIR/guidelines.md"),
    ] = None,
    show_scores: Annotated[
        bool,
        typer.Option("--show-scores", help="Show judges' scores before the person has decided."),
    ] = False,
    lease: Annotated[
        float,
        typer.Option(
            min=1, help="Minutes after which an item that somebody left lying goes to others."
        ),
    ] = 30.0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Serve the page on which people spot-check the kept samples. Ctrl-C ends it."""
    from ..review.serving import ServeOptions, can_open_browser, serve

    def announce(link: str, plan: ReviewPlan, where: str) -> None:
        print(
            f"{len(plan.items):,} items of {plan.population:,} kept samples; verdicts go to"
            f" {where}\n"
            f"You     {link}\n"
            f"Others  silversmith reviewers add NAME --run {folder}\n"
            "Ctrl-C ends it; the same command goes on",
            flush=True,
        )
        if browser and can_open_browser():
            opened.append(_open(link))

    opened: list[Path] = []
    options = ServeOptions(
        host=host, port=port, url=url, database=database, owner=name or _login(),
        with_scores=show_scores, lease_minutes=lease, guidelines=guidelines,
    )  # fmt: skip
    try:
        serve(folder, options, announce)
    finally:
        for page in opened:
            page.unlink(missing_ok=True)


def _open(link: str) -> Path:
    """Show a page in the browser by way of a file that nobody else can read: the arguments of a
    process, where the link would stand otherwise, are for everybody on the machine to see."""
    import tempfile
    import webbrowser

    with tempfile.NamedTemporaryFile(
        "w", prefix="silversmith-", suffix=".html", delete=False, encoding="utf-8"
    ) as page:
        page.write(f'<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={link}">')
    path = Path(page.name)
    webbrowser.open(path.as_uri())
    return path


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "owner"
