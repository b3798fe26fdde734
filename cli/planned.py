"""A forecast as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ..pipeline.forecast import Forecast, Range, Stage
    from ..pipeline.variety import Variety

__all__ = ["show"]

LEAVES_SHOWN = 5
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def show(plan: Forecast, stream: TextIO | None = None, *, advice: bool = True) -> None:
    """Print what a run would make, ask for and cost; by default on standard output.

    Args:
        advice: whether to say that a few samples tell more.
    """
    console = Console(file=stream, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    table.add_column("model")
    for name in ("samples", "calls", "tokens in", "tokens out", "cost"):
        table.add_column(name, justify="right")
    for stage in plan.stages:
        table.add_row(*_row(stage))
    console.print(table)
    for line in _lines(plan, advice=advice):
        console.print(Text(line))


def _row(stage: Stage) -> tuple[str, ...]:
    if not stage.rehearsed and stage.samples:
        return (stage.asker, stage.model, f"{stage.samples:,}", *(["unknown"] * 4))
    return (
        stage.asker,
        stage.model,
        f"{stage.samples:,}",
        _count(stage.calls),
        _count(stage.input_tokens),
        _count(stage.output_tokens),
        _money(stage.cost),
    )


def _lines(plan: Forecast, *, advice: bool) -> Iterator[str]:
    yield from _what_there_is(plan)
    if plan.to_finish is not None and plan.to_finish.seen and not plan.changed:
        yield f"By what was spent there, {plan.to_finish}."
    elif advice and plan.calls.low:
        yield "Run a few samples (--limit 20): then a plan says what the rest takes at their rate."
    yield from _what_it_costs(plan)
    size = plan.footprint
    yield (
        f"Disk: about {_size(size.journal)} for the journal, {_size(size.parquet)} for the Parquet"
        " files."
    )
    for need in size.memory:
        takes = "does not say what it needs"
        if need.bytes is not None:
            takes = f"takes at most about {_size(need.bytes)}"
        yield f"Memory: the filter {need.filter} {takes}."


def _what_there_is(plan: Forecast) -> Iterator[str]:
    least = "" if plan.complete else "at least "
    unused = ""
    if plan.unused_seeds:
        first = plan.unused_listed[0]
        unused = f", {plan.unused_seeds:,} of them suit no generator (the first: {first})"
    kept = f", drawn until {plan.target:,} are kept" if plan.target is not None else ""
    samples = f"{least}{plan.samples:,} samples{kept}"
    yield f"{least.capitalize()}{plan.seeds:,} seeds{unused}; {samples}."
    if not plan.complete:
        times = f", about {plan.times:.1f} times as many by the files' size" if plan.times else ""
        yield f"The seeds go on{times}; all figures are of those that were read for this plan."
    for generator, needs in plan.idle.items():
        yield f"No seed suits {generator}, which needs {needs}."
    for variety in plan.varieties:
        yield _how_draws_differ(variety)
    if plan.aimed:
        yield _how_leaves_are_covered(plan.aimed)
    if plan.refused:
        yield f"A run there would be refused: {plan.refused}. This plan is of a new folder."
    elif plan.folder is not None:
        yield (
            f"{plan.folder} has {plan.settled:,} of these samples already; the table is of what is"
            " still to be asked for."
        )
    if plan.changed:
        yield f"Changed since then: {', '.join(plan.changed)}; a run there wants --again."


def _how_draws_differ(variety: Variety) -> str:
    names = " × ".join(variety.attributes)
    sentence = (
        f"Draws of {variety.generator} differ by {names}: {variety.combinations:,} combinations,"
        f" {variety.draws:,} {'draw' if variety.draws == 1 else 'draws'} of each seed"
    )
    if variety.draws > variety.combinations:
        sentence += (
            "; there are more draws than combinations, so that each seed goes through all of them"
            " and begins again, in an order drawn anew"
        )
    if variety.weighted and variety.draws > variety.by_weight:
        sentence += (
            f". The weights can be kept for about the first {variety.by_weight:,} of them: no"
            " combination comes again before all have occurred, so that heavy values run out, and"
            f" in a whole round of {variety.combinations:,} all values are alike. More values or"
            " attributes make room, and so do more seeds with fewer draws"
        )
    return f"{sentence}."


def _how_leaves_are_covered(aimed: Mapping[str, int]) -> str:
    least, most = min(aimed.values()), max(aimed.values())
    numbers = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    sentence = f"{len(aimed):,} leaves of the taxonomy, with {numbers} samples planned for each."
    if missed := [leaf for leaf, samples in aimed.items() if not samples]:
        shown = ", ".join(missed[:LEAVES_SHOWN]) + (" …" if len(missed) > LEAVES_SHOWN else "")
        sentence += f" Nothing is planned for {len(missed):,} of them ({shown}): raise `draws`."
    return sentence


def _what_it_costs(plan: Forecast) -> Iterator[str]:
    cost = f"cost {_money(plan.cost)}"
    if plan.unpriced:
        known = f", and {_money(plan.cost)} of the others" if plan.cost.low else ""
        cost = f"cost unknown (no prices: {', '.join(plan.unpriced)}){known}"
    yield (
        f"To be asked for: {_count(plan.calls)} calls, {_count(plan.input_tokens)} tokens in,"
        f" {_count(plan.output_tokens)} out; {cost}."
    )
    yield (
        "From: each first reply is usable and as long as a simulated one. To: each question takes"
        " all its attempts, and each reply is as long as max_tokens allows."
    )
    endless = sorted({s.model for s in plan.stages if s.calls.low and s.reply_limit is None})
    if endless:
        yield f"Nothing limits the replies of {', '.join(endless)}: parameters.max_tokens would."
    guessed = sorted({s.model for s in plan.stages if s.calls.low and not s.counted})
    if guessed:
        yield (
            f"Tokens are estimated from characters for {', '.join(guessed)}; given a `tokenizer`,"
            " they are counted."
        )
    blind = [s.asker for s in plan.stages if s.samples and not s.rehearsed]
    if blind:
        yield f"No rehearsed sample got as far as {', '.join(blind)}, so that it is in no sum."


def _count(range_: Range) -> str:
    return _from_to(range_, _short)


def _money(range_: Range | None) -> str:
    if range_ is None:
        return "unknown"
    return _from_to(range_, lambda dollars: f"${dollars:,.{2 if dollars >= 1 else 4}f}")


def _from_to(range_: Range, spell: Callable[[float], str]) -> str:
    low = spell(range_.low)
    if range_.high is None:
        return f"{low} up"
    high = spell(range_.high)
    return low if low == high else f"{low}–{high}"


def _short(number: float) -> str:
    """Whole up to 9,999, then with three digits and a unit."""
    if number < 10_000:
        return f"{number:,.0f}"
    for unit in ("k", "M"):
        number /= 1000
        if number < 999.5:
            return f"{number:.{max(0, 2 - int(math.log10(number)))}f}{unit}"
    return f"{number / 1000:,.2f}G"


def _size(bytes_: float) -> str:
    """In the largest unit of which there is at least one."""
    for unit in UNITS[:-1]:
        if bytes_ < 999.5:
            return f"{bytes_:.0f} {unit}" if bytes_ >= 10 else f"{bytes_:.1f} {unit}"
        bytes_ /= 1000
    return f"{bytes_:,.1f} {UNITS[-1]}"
