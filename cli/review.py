"""`silversmith review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..review.records import ReviewPlan

NAME = "review"
PLAN = "With --plan"


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
    plan: Annotated[
        bool, typer.Option("--plan", help="Decide which samples are shown, and end.")
    ] = False,
    replan: Annotated[
        bool, typer.Option("--replan", help="Put the plan in the place of an earlier one.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Plan for an interval of this half width, such as 0.03.", rich_help_panel=PLAN
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Plan for so many minutes of people's time.", rich_help_panel=PLAN),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Plan so many samples for the estimate.", rich_help_panel=PLAN),
    ] = None,
    expect: Annotated[
        float,
        typer.Option(
            help="The acceptance rate expected; 0.5 needs the most samples.", rich_help_panel=PLAN
        ),
    ] = 0.5,
    level: Annotated[
        float, typer.Option(help="The confidence of the interval.", rich_help_panel=PLAN)
    ] = 0.95,
    stratify: Annotated[
        list[str] | None,
        typer.Option(help="Draw from strata: some of strategy,label,score.", rich_help_panel=PLAN),
    ] = None,
    sequential: Annotated[
        bool,
        typer.Option("--sequential", help="Let the review stop at any time.", rich_help_panel=PLAN),
    ] = False,
    clear_at: Annotated[
        float | None,
        typer.Option(
            help="With --sequential: the rate, such as 0.9, that it may end at once it is clearly"
            " reached or clearly not.",
            rich_help_panel=PLAN,
        ),
    ] = None,
    people: Annotated[
        int, typer.Option(help="How many review; all see the gold ones.", rich_help_panel=PLAN)
    ] = 1,
    seconds_each: Annotated[
        float, typer.Option(help="How long one decision takes.", rich_help_panel=PLAN)
    ] = 40.0,
    overlap: Annotated[
        float, typer.Option(help="The share that several people decide.", rich_help_panel=PLAN)
    ] = 0.1,
    overlap_reviewers: Annotated[
        int, typer.Option(help="How many people these are.", rich_help_panel=PLAN)
    ] = 2,
    repeats: Annotated[
        float, typer.Option(help="The share that one person sees twice.", rich_help_panel=PLAN)
    ] = 0.05,
    routed: Annotated[
        int | None,
        typer.Option(
            help="How many on which judges disagree are shown beside.",
            show_default="a twentieth",
            rich_help_panel=PLAN,
        ),
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            help="A file of samples whose right verdict is known: columns id, verdict.",
            rich_help_panel=PLAN,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of the draw.", show_default="random", rich_help_panel=PLAN),
    ] = None,
) -> None:
    """Serve the page on which people spot-check the kept samples. Ctrl-C ends it."""
    if plan or replan:
        from ..review.wanted import Wanted
        from .review_plan import draw_and_show, gold_in, names

        wanted = Wanted(
            precision=precision, minutes=minutes, samples=samples, expect=expect, level=level,
            stratify=names(stratify), sequential=sequential, clear_at=clear_at, people=people,
            seconds_each=seconds_each, overlap=overlap, overlap_reviewers=overlap_reviewers,
            repeats=repeats, routed=routed, gold=gold_in(gold), seed=seed,
        )  # fmt: skip
        draw_and_show(folder, wanted, anew=replan)
        return
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
