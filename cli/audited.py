"""A bias audit: what it would ask, its calls, and what it found."""

from __future__ import annotations

import asyncio
import json as json_
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ..errors import Interrupted, RecipeError

if TYPE_CHECKING:
    from ..measures.bias import Position
    from ..measures.effects import Effect
    from ..measures.self_preference import SelfPreference
    from ..measures.verbosity import Verbosity
    from ..pipeline import Recipe
    from ..pipeline.auditing import Audit, JudgeAudit

__all__ = ["audit_and_show"]

_MUCH = 0.5
"""A share of answers with one and the same score from which on they crowd."""


def audit_and_show(
    data: str,
    judges: str,
    out: Path | None,
    answers: int,
    *,
    mapping: Mapping[str, str],
    split: str,
    written_by: str,
    changes: Mapping[str, Any],
    models: Sequence[str],
    make: Callable[..., Recipe],
    capped: bool,
    again: bool,
    reuse: Sequence[Path],
    retry_failed: bool,
    processes: int,
    quiet: bool,
    json: bool,
) -> None:
    """Show what an audit would ask for, make its calls, and print what it found.

    Args:
        make: as `audit_recipe`.
        capped: whether the user has agreed to the calls already, or set a limit to them.

    Raises:
        RecipeError: nobody agreed to the calls.
        SilversmithError: as `Recipe.run_async`.
        Interrupted: a signal stopped it, or the user said no.
    """
    from ..pipeline.auditing import audit_recipe, audited
    from .running import run

    folder = out or Path("runs") / f"{Path(data).stem}-audit"
    recipe, picked = audit_recipe(
        data,
        judges,
        folder,
        answers,
        mapping=mapping,
        split=split,
        written_by=written_by,
        changes=changes,
        models=models,
        make=make,
    )
    if not (quiet and capped):
        _foretell(recipe, folder, len(picked.samples), to_stderr=json or quiet)
    if not capped:
        _agree()
    report = run(
        recipe,
        folder,
        again=again,
        reuse=reuse,
        retry_failed=retry_failed,
        processes=processes,
        quiet=quiet,
    )
    if report.stopped_by is not None:
        print(f"silversmith: {report.stopped_by}", file=sys.stderr)
        raise SystemExit(report.exit_status)
    found = audited(folder, picked)
    whole = asdict(found)
    path = folder / "audit.json"
    path.write_text(json_.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if json:
        print(json_.dumps(whole, indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(found, picked.unusable):
        console.print(Text(line))
    console.print(Text(f"All figures: {path}. Every reply: {folder}."))


def _foretell(recipe: Recipe, folder: Path, answers: int, *, to_stderr: bool) -> None:
    """Show the calls, tokens and cost of an audit; nothing is asked."""
    from ..pipeline.forecast import forecast
    from .planned import show

    plan = asyncio.run(forecast(recipe, folder))
    stream = sys.stderr if to_stderr else sys.stdout
    print(
        f"The audit asks about {answers:,} answers, each as it is, followed by its own words once"
        " more, and with or without Markdown:",
        file=stream,
    )
    show(plan, stream, advice=False)


def _agree() -> None:
    """Ask whether the calls may be made.

    Raises:
        RecipeError: there is nobody to ask.
        Interrupted: the answer is no.
    """
    if not sys.stdin.isatty():
        raise RecipeError(
            "no call was made: add --yes to make these, or a limit (--max-calls, --max-tokens,"
            " --max-cost)"
        )
    print("Make these calls? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Interrupted("no call was made")


def _lines(found: Audit, unusable: int) -> Iterator[str]:
    some = "all" if found.answers + unusable == found.rows else f"of {found.rows:,} rows"
    yield f"{found.answers:,} answers were asked about ({some}), scores from 0 to 1."
    if unusable:
        yield f"Rows that hold no answer, and were passed over: {unusable:,}."
    if found.failed:
        yield (
            f"On {found.failed:,} of their forms a judge gave no verdict; they are in failed/, and"
            " left out below."
        )
    for one in found.judges:
        yield ""
        name = f"{one.judge}.{one.criterion}" if one.criterion else one.judge
        yield f"{name} by {one.model} ({one.answers:,} answers)"
        yield from _of_judge(one)
    yield ""
    yield "In brackets: 95% intervals. An effect is shown where its interval leaves out 0."


def _of_judge(one: JudgeAudit) -> Iterator[str]:
    yield f"  position         {_position(one.position)}"
    yield f"  verbosity        {_effect(one.verbosity, 'the same words twice', _VERBOSITY)}"
    if one.lengths is not None and one.lengths.longer is not None:
        yield f"                   {_longer(one.lengths)}"
    yield f"  Markdown         {_effect(one.format, 'the same words with Markdown', _FORMAT)}"
    yield f"  self-preference  {_self(one.self_preference, one.without_self)}"
    yield f"  clustering       {_clustering(one)}"


def _position(found: Position | None) -> str:
    if found is None:
        return "does not apply: this judge sees one answer at a time, with nothing beside it"
    turned = found.reversed
    said = "no verdict is decided"
    if (first := found.first) is not None:
        said = "no liking for a place shown"
        if not first.low <= 0.5 <= first.high:
            said = f"favours the {'first' if first.value > 0.5 else 'second'} place"
        said += (
            f": the first place wins {first.value:.0%} [{first.low:.0%},{first.high:.0%}] of the"
            " decided verdicts"
        )
    return (
        f"{said}; the other order reverses {turned.value:.0%} [{turned.low:.0%},{turned.high:.0%}]"
        f" of {turned.n:,} pairs"
    )


def _longer(found: Verbosity) -> str:
    longer = found.longer
    assert longer is not None
    said = (
        f"of the pairs as they are, the longer answer wins {longer.value:.0%}"
        f" [{longer.low:.0%},{longer.high:.0%}] of {longer.n:,}, which may be its due"
    )
    if (weight := found.weight) is not None:
        said += f"; length adds {weight.value:+.2f} [{weight.low:+.2f},{weight.high:+.2f}] log-odds"
    return said


_VERBOSITY = ("favours length", "holds repetition against an answer", "no liking for length shown")
_FORMAT = ("favours Markdown", "favours plain text", "no liking for Markdown shown")


def _effect(effect: Effect | None, what: str, words: tuple[str, str, str]) -> str:
    if effect is None:
        return f"unknown: fewer than two answers have a score both ways ({what})"
    up, down, none = words
    said = none if not effect.shown else up if effect.mean.value > 0 else down
    mean = effect.mean
    return (
        f"{said}: {what} {mean.value:+.3f} [{mean.low:+.3f},{mean.high:+.3f}]; raised in"
        f" {effect.raised.value:.0%} [{effect.raised.low:.0%},{effect.raised.high:.0%}], lowered in"
        f" {effect.lowered.value:.0%} of {mean.n:,}"
    )


def _self(found: SelfPreference | None, why: str) -> str:
    if found is None:
        return f"unknown: {why}"
    gap = found.gap
    said = f"own family {gap.value:+.3f} [{gap.low:+.3f},{gap.high:+.3f}] against others"
    if found.excess is None:
        return (
            f"{said}; the answers' true quality is in it: judge with a second family of models, or"
            " compare with people, to take that off"
        )
    over = found.excess
    verdict = "not shown"
    if not over.low <= 0 <= over.high:
        verdict = "favours its own family" if over.value > 0 else "favours others"
    return (
        f"{verdict}: {over.value:+.3f} [{over.low:+.3f},{over.high:+.3f}] beyond what judges of"
        f" other families see ({said})"
    )


def _clustering(one: JudgeAudit) -> str:
    found = one.clustering
    if found is None:
        return "unknown: no answer has a score"
    if found.constant:
        return f"ALWAYS {found.mode:g}: this judge says the same of every answer, and tells nothing"
    share = found.modal_share
    said = "crowds: " if share.low >= _MUCH else ""
    return (
        f"{said}{share.value:.0%} [{share.low:.0%},{share.high:.0%}] get {found.mode:g};"
        f" {found.distinct} different scores, entropy {found.entropy.value:.2f} bits"
    )
