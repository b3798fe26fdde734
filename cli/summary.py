"""The end of a run in words: the books, the funnel, and what to do next."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .judged import judge_tables, warnings
from .page import page
from .selected import said_of_embeddings, selection

if TYPE_CHECKING:
    from ..pipeline import RunReport

__all__ = ["show", "write"]

FAILURES_SHOWN = 3
PAIRS_OF_A_FLAW = 10
LEAVES_SHOWN = 24
LEAVES_AMONG_OTHERS = 5


def show(report: RunReport) -> None:
    """Print how a run ended."""
    console = Console(highlight=False, markup=False)
    console.print()
    for part in _parts(report):
        # Lines are broken between words for people, and left whole for programs.
        whole = not console.is_terminal or (isinstance(part, Text) and bool(part.no_wrap))
        console.print(part, soft_wrap=whole)
        if isinstance(part, Table):
            console.print()


def write(report: RunReport, path: Path) -> None:
    """Write what `show` prints as a page to hand on.

    Raises:
        OSError: it cannot be written.
    """
    name = str(report.manifest["name"])
    path.write_text(page(name, _parts(report)), encoding="utf-8")


def _parts(report: RunReport) -> Iterator[Table | Text]:
    """Tables and sentences, an empty one where a line is left free."""
    manifest = report.manifest
    yield from _tables(report)
    for sentence in _emptied(manifest["funnel"]):
        yield Text(sentence)
    for part in selection(manifest["funnel"]):
        yield part
        if isinstance(part, Text):
            yield Text()
    for said in said_of_embeddings(manifest["funnel"]):
        yield Text(said)
    for failure in manifest["failures"][:FAILURES_SHOWN]:
        yield Text(f"failed {failure['samples']:>6,} × {failure['reason']}")
    seeds = manifest["seeds"]
    if seeds["bad_rows"]:
        first = seeds["bad_rows_listed"][0]
        yield Text(
            f"{_number(seeds['bad_rows'], 'row')} could not be read, and not used; the first:"
            f" {first['where']}: {first['reason']} (all are in the manifest)"
        )
    if seeds["unused"]:
        verb = "suits" if seeds["unused"] == 1 else "suit"
        yield Text(
            f"{_number(seeds['unused'], 'seed')} {verb} no generator of the recipe; the first:"
            f" {seeds['unused_listed'][0]}"
        )
    for generator, needs in manifest["idle"].items():
        yield Text(f"no seed suits {generator}, which needs {needs}")
    yield Text(str(report.balance), no_wrap=True)
    yield Text(_spent(report))
    for sentence in _served(manifest):
        yield Text(sentence)
    for warning in (*warnings(manifest), *_cues(manifest["pairs"])):
        yield Text(warning, style="bold red")
    yield Text()
    for name, text in _what_where_next(report):
        yield Text.assemble((f"{name:<6}", "bold"), text, no_wrap=True)


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


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
    if manifest["pairs"]:
        yield _pairs(manifest["pairs"])
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
    length: what a model could learn from a pair beside its flaw. By strategy, and by flaw where
    it has several and so many pairs that shares mean something; the manifest has all."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rejected half", no_wrap=True)
    for name in ("pairs", "proven", "longer by", "in s.d.", "shorter", "longer"):
        table.add_column(name, justify="right")
    flaws = Counter(one["strategy"] for one in pairs if one["flaw"])
    for one in pairs:
        if one["flaw"] and (flaws[one["strategy"]] == 1 or one["pairs"] < PAIRS_OF_A_FLAW):
            continue
        spread = one["standardised"]
        name = f"  {one['flaw']}" if one["flaw"] else one["strategy"] or "(not known)"
        by_flaw = one["by_flaw"] and one["by_flaw"] == one["pairs"]
        table.add_row(
            f"{name}, on purpose" if by_flaw else name,
            f"{one['pairs']:,}",
            f"{one['proven']:,}",
            f"{one['difference']:+,.0f} chars",
            "" if spread is None else f"{spread:+.2f}",
            f"{one['rejected_shorter']:.0%}",
            f"{one['rejected_longer']:.0%}",
        )
    return table


def _cues(pairs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Pairs of which length alone tells which half is the chosen one."""
    cues = [one for one in pairs if one["cue"]]
    by_flaw = {one["strategy"] for one in cues if one["flaw"]}
    told = []
    for one in cues:
        if one["flaw"] or one["strategy"] not in by_flaw:
            side = "longer" if one["difference"] > 0 else "shorter"
            told.append(
                f"{one['strategy']}{' ' if one['flaw'] else ''}{one['flaw']} (the rejected half is"
                f" {side} in {one[f'rejected_{side}']:.0%} of {one['pairs']:,} pairs, by"
                f" {abs(one['difference']):,.0f} characters on the mean)"
            )
    if told:
        yield (
            f"LENGTH TELLS THE CHOSEN HALF FROM THE REJECTED ONE in {'; '.join(told)}: training on"
            " these pairs teaches length. Have another model write them, say in a template of your"
            " own how long the halves are to be, or let the filter even_lengths leave pairs out"
        )


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
