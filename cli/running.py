"""Running a recipe in front of a person: a live view while it goes on, and the end in words."""

from __future__ import annotations

import asyncio
import json as json_
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .stopping import Stoppable

if TYPE_CHECKING:
    from ..pipeline import Recipe, RunReport

__all__ = ["filter_and_show", "run", "run_and_show"]


def run_and_show(
    recipe: Recipe,
    out: Path,
    *,
    again: bool,
    reuse: Sequence[Path],
    retry_failed: bool,
    processes: int,
    quiet: bool,
    json: bool,
    page: bool = False,
) -> None:
    """Run a recipe, show how it goes, and end with its exit status.

    Args:
        page: whether what is said at the end is also written into the run's folder.

    Raises:
        SilversmithError: as `Recipe.run_async`; or the page cannot be written.
        Interrupted: a signal stopped it.
    """
    report = run(
        recipe,
        out,
        again=again,
        reuse=reuse,
        retry_failed=retry_failed,
        processes=processes,
        quiet=quiet,
    )
    if page:
        _write_page(report)
    _end(report, quiet=quiet, json=json)


def run(
    recipe: Recipe,
    out: Path,
    *,
    again: bool,
    reuse: Sequence[Path],
    retry_failed: bool,
    processes: int,
    quiet: bool,
) -> RunReport:
    """Run a recipe, and show how it goes.

    Raises:
        SilversmithError: as `Recipe.run_async`.
        Interrupted: a signal stopped it.
    """
    from ..pipeline import Books
    from .live import watching

    books = Books()

    async def work() -> RunReport:
        return await recipe.run_async(
            out,
            again=again,
            reuse=reuse,
            retry_failed=retry_failed,
            processes=processes,
            books=books,
        )

    sentence = f"stopped; every reply so far is in {out}: the same command goes on from there"
    if any(spec.batch for spec in recipe.models.values()):
        sentence += "; batches go on at the provider, and it collects them"
    if not quiet:
        _say_what_stays(recipe)
    with Stoppable(sentence) as stoppable, watching(books, recipe, quiet=quiet):
        return asyncio.run(stoppable.run(work))


def filter_and_show(recipe: Recipe, out: Path, *, quiet: bool, json: bool) -> None:
    """Filter a dataset, and end in words."""
    from ..pipeline import Books
    from ..pipeline.existing import filter_existing
    from .live import watching

    books = Books()
    if not quiet:
        _say_what_stays(recipe)
    with watching(books, recipe, quiet=quiet):
        report = filter_existing(recipe, out, books)
    _end(report, quiet=quiet, json=json)


def _say_what_stays(recipe: Recipe) -> None:
    """Name the filters that a cluster does not take off this process."""
    if recipe.engine is None:
        return
    from ..pipeline.cluster.filtering import in_driver

    if kinds := in_driver(recipe.filters):
        print(
            f"{', '.join(kinds)}: decided in this process, as on one machine, with the columns of"
            " all samples in its memory",
            file=sys.stderr,
        )


def _write_page(report: RunReport) -> None:
    from ..errors import RunFolderError
    from .summary import write

    path = report.folder / "report.html"
    try:
        write(report, path)
    except OSError as error:
        raise RunFolderError(
            f"{path}: cannot be written ({error.strerror}); all that it says is in the manifest"
        ) from error


def _end(report: RunReport, *, quiet: bool, json: bool) -> None:
    if json:
        print(json_.dumps(report.manifest, indent=2, ensure_ascii=False))
    elif quiet:
        print(report.balance)
    else:
        from .summary import show

        show(report)
    if report.stopped_by is not None:
        print(f"silversmith: {report.stopped_by}", file=sys.stderr)
        raise SystemExit(report.exit_status)
