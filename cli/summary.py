"""The end of a run in words: the books, the funnel, and what to do next."""

from __future__ import annotations

import html
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .judged import judge_tables, warnings
from .selected import said_of_embeddings, selection

if TYPE_CHECKING:
    from ..pipeline import RunReport

__all__ = ["show", "write"]

FAILURES_SHOWN = 3
LEAVES_SHOWN = 24
LEAVES_AMONG_OTHERS = 5
PAGE_WIDTH = 110

_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NAME</title>
<style>
body {{ color: {foreground}; background-color: {background}; margin: 1.5rem; }}
pre {{ font: 0.875rem/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-x: auto; }}
</style></head>
<body><h1>NAME</h1><pre>{code}</pre></body></html>
"""


def show(report: RunReport) -> None:
    """Print how a run ended."""
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    _say(report, console)


def write(report: RunReport, path: Path) -> None:
    """Write what `show` prints as a page to hand on.

    Raises:
        OSError: it cannot be written.
    """
    console = Console(
        highlight=False, record=True, file=io.StringIO(), width=PAGE_WIDTH, force_terminal=True
    )
    _say(report, console)
    name = html.escape(str(report.manifest["name"]))
    path.write_text(
        console.export_html(code_format=_PAGE.replace("NAME", name), inline_styles=True),
        encoding="utf-8",
    )


def _say(report: RunReport, console: Console) -> None:
    manifest = report.manifest
    for table in _tables(report):
        console.print(table)
        console.print()
    # Lines are broken between words for people, and left whole for programs.
    whole = not console.is_terminal
    for sentence in _emptied(manifest["funnel"]):
        console.print(Text(sentence), soft_wrap=whole)
    for part in selection(manifest["funnel"]):
        console.print(part, soft_wrap=whole)
        console.print()
    for said in said_of_embeddings(manifest["funnel"]):
        console.print(Text(said), soft_wrap=whole)
    for failure in manifest["failures"][:FAILURES_SHOWN]:
        line = Text(f"failed {failure['samples']:>6,} × {failure['reason']}")
        console.print(line, soft_wrap=whole)
    seeds = manifest["seeds"]
    if seeds["bad_rows"]:
        first = seeds["bad_rows_listed"][0]
        console.print(
            Text(
                f"{seeds['bad_rows']:,} rows could not be read and were passed over; the first:"
                f" {first['where']}: {first['reason']} (all are in the manifest)"
            )
        )
    if seeds["unused"]:
        first = seeds["unused_listed"][0]
        unused = f"{seeds['unused']:,} seeds suit no generator of the recipe; the first: {first}"
        console.print(Text(unused), soft_wrap=whole)
    for generator, needs in manifest["idle"].items():
        console.print(Text(f"no seed suits {generator}, which needs {needs}"), soft_wrap=whole)
    console.print(Text(str(report.balance)))
    console.print(Text(_spent(report)), soft_wrap=whole)
    for sentence in _served(manifest):
        console.print(Text(sentence), soft_wrap=whole)
    for warning in warnings(manifest):
        console.print(Text(warning, style="bold red"), soft_wrap=whole)
    console.print()
    for name, text in _what_where_next(report):
        console.print(Text.assemble((f"{name:<6}", "bold"), text))


def _served(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Where managed servers ran, and how much of what models read they had read before."""
    for name, server in manifest["served"].items():
        yield f"{name} was served by {server}"
    for name, cache in manifest["prefix_cache"].items():
        read = f"{cache['input_tokens']:,} input tokens"
        yield f"{name} found {cache['share']:.0%} of its {read} in the server's prefix cache"


def _tables(report: RunReport) -> Iterator[Table]:
    """What there is to say of the whole, of its strategies, pairs and leaves."""
    manifest = report.manifest
    strategies = manifest["strategies"]
    if manifest["funnel"]:
        yield _funnel(report)
    if len(strategies) > 1 or any(one["verified"] or one["refuted"] for one in strategies):
        yield _strategies(strategies)
    yield from judge_tables(manifest)
    if pairs := [one for one in manifest["pairs"] if not one["flaw"]]:
        yield _pairs(pairs)
    if leaves := manifest["coverage"]:
        # General data may stand beside a taxonomy's strategy; of a recipe of more, a few lines do.
        yield _coverage(leaves, LEAVES_SHOWN if len(strategies) <= 2 else LEAVES_AMONG_OTHERS)


def _funnel(report: RunReport) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("filter")
    for name in ("in", "dropped", "left"):
        table.add_column(name, justify="right")
    for step in report.manifest["funnel"]:
        left = step["samples_in"] - step["dropped"]
        table.add_row(
            step["filter"], f"{step['samples_in']:,}", f"{step['dropped']:,}", f"{left:,}"
        )
    return table


def _emptied(funnel: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Which filter left nothing, and what it saw: its reasons, and the values that decided."""
    for step in funnel:
        if step["samples_in"] and step["samples_in"] == step["dropped"]:
            yield f"{step['filter']} dropped all {step['dropped']:,} samples that came to it:"
            for one in step["reasons"]:
                values = ""
                if one["least"] is not None:
                    least, most = f"{one['least']:g}", f"{one['most']:g}"
                    values = f" (… from {least} to {most}, median {one['median']:g})"
                yield f"  {one['samples']:>6,} × {one['reason']}{values}"


def _strategies(strategies: Sequence[Mapping[str, Any]]) -> Table:
    """What became of each strategy; what is verified is a part of what is kept."""
    columns = ["planned", "kept", "dropped", "failed", "pending", "verified"]
    if not any(one["pending"] for one in strategies):
        columns.remove("pending")
    table = Table(box=None, pad_edge=False)
    table.add_column("strategy")
    for name in columns:
        table.add_column(name, justify="right")
    for one in strategies:
        table.add_row(one["strategy"] or "(not known)", *(f"{one[name]:,}" for name in columns))
    return table


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> Table:
    """Of how many pairs the flaw is proven without a model, and how their halves differ in
    length: what a model could learn from a pair beside its flaw."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rejected half")
    for name in ("pairs", "flaw proven", "longer by", "in s.d.", "longer in"):
        table.add_column(name, justify="right")
    for one in pairs:
        spread = one["standardised"]
        table.add_row(
            one["strategy"] or "(not known)",
            f"{one['pairs']:,}",
            f"{one['proven']:,}",
            f"{one['difference']:+,.0f} chars",
            "" if spread is None else f"{spread:+.2f}",
            f"{one['rejected_longer']:.0%}",
        )
    return table


def _coverage(leaves: Sequence[Mapping[str, Any]], most: int) -> Table:
    """How the leaves of a taxonomy are covered; of many, those that are covered worst."""
    table = Table(box=None, pad_edge=False)
    table.add_column("leaf" if len(leaves) <= most else f"leaf (the worst of {len(leaves):,})")
    for name in ("planned", "kept", "has it", "labelled"):
        table.add_column(name, justify="right")
    if len(leaves) > most:
        leaves = sorted(leaves, key=lambda one: (one["present"], one["kept"]))[:most]
    for one in leaves:
        figures = (one[name] for name in ("planned", "kept", "present", "labelled"))
        table.add_row(one["leaf"], *(f"{figure:,}" for figure in figures))
    return table


def _spent(report: RunReport) -> str:
    run = report.manifest["this_run"]
    usage = report.manifest["usage"]
    tokens = sum(one["input_tokens"] + one["output_tokens"] for one in usage)
    if not usage:
        return f"{run['seconds']:,.1f} s"
    cost = report.manifest["cost"]
    money = f"${cost:,.4f}" if cost is not None else f"cost unknown ({_why_unknown(usage)})"
    calls = sum(one["calls"] for one in usage)
    failed = sum(one["failed"] for one in report.manifest["requests"].values())
    lost = f" and {failed:,} requests without a reply" if failed else ""
    return (
        f"{run['seconds']:,.1f} s, {run['calls']:,} calls now; in all {calls:,} calls{lost},"
        f" {tokens:,} tokens, {money}"
    )


def _why_unknown(usage: Sequence[Mapping[str, Any]]) -> str:
    """Why nobody knows what was spent."""
    unmetered = sum(one["unmetered"] for one in usage)
    if unmetered:
        return f"{unmetered:,} replies came without a count of tokens"
    return f"no prices: {', '.join(sorted({one['model'] for one in usage if one['cost'] is None}))}"


def _what_where_next(report: RunReport) -> list[tuple[str, str]]:
    folder = report.folder
    kept = report.balance.kept
    made = f"{kept:,} samples kept, {report.balance.dropped:,} dropped, each with its reason"
    simulated = report.manifest["simulated"]
    lines = [("Made", made)]
    if simulated:
        lines.append(("", "by the simulated model, so they are only to look at"))
    page = f", {folder / 'report.html'}" if (folder / "report.html").exists() else ""
    lines.append(("Where", f"{folder / 'kept'} (Parquet), {folder / 'manifest.json'}{page}"))
    if report.status != "done":
        return [*lines, ("Next", "the same command goes on where this one stopped")]
    if not kept:
        return [*lines, ("Next", f"see why in {folder / 'dropped'} and {folder / 'failed'}")]
    flag = " --allow-simulated" if simulated else ""
    return [*lines, ("Next", f"{_program()} export {folder} --format trl-sft{flag}")]


def _program() -> str:
    """How this program can be called from here."""
    here = Path(sys.argv[0])
    if here.name != "silversmith":
        return "python -m silversmith"
    if (found := shutil.which("silversmith")) and Path(found).resolve() == here.resolve():
        return "silversmith"
    return os.path.relpath(here) if here.is_relative_to(Path.cwd()) else str(here)
