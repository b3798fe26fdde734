"""A plan of a review, drawn as the options ask and shown in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ReviewError

if TYPE_CHECKING:
    from ..review.records import ReviewPlan
    from ..review.wanted import Wanted

__all__ = ["draw_and_show", "gold_in", "names"]


def draw_and_show(folder: Path, wanted: Wanted, *, anew: bool) -> None:
    """Draw a plan, keep it in the run's folder, and say what it is."""
    from ..review.plan import plan_review
    from ..review.plan_file import plan_path

    plan = plan_review(folder, wanted, anew=anew)
    print("\n".join(_lines(plan, wanted)))
    print(f"Written to {plan_path(folder)}; `silversmith review {folder}` serves it")


def gold_in(path: Path | None) -> dict[str, str]:
    """The right verdicts in a file: JSON Lines or CSV with the columns `id` and `verdict`.

    Raises:
        ReviewError: it cannot be read, or a row lacks one of the two.
    """
    if path is None:
        return {}
    from ..seeds.dataset import Dataset

    gold: dict[str, str] = {}
    for row in Dataset(path=str(path)).read(Path(), None):
        name, verdict = row.fields.get("id"), row.fields.get("verdict")
        if not name or not verdict:
            raise ReviewError(f"{row.source}: a gold sample has an 'id' and a 'verdict'")
        gold[str(name)] = str(verdict)
    return gold


def names(words: list[str] | None) -> tuple[str, ...]:
    """Names parted by commas, of an option that may be given several times."""
    return tuple(dict.fromkeys(n.strip() for w in words or () for n in w.split(",") if n.strip()))


def _lines(plan: ReviewPlan, wanted: Wanted) -> list[str]:
    by_lot = [one for one in plan.items if one.role == "estimate"]
    roles = {role: sum(one.role == role for one in plan.items) for role in ("routed", "gold")}
    twice = sum(one.role == "repeat" for one in plan.items)
    several = sum(one.reviewers > 1 for one in by_lot)
    decisions = sum(one.reviewers or wanted.people for one in plan.items)
    hours = decisions * plan.seconds_each / 3600
    lines = [
        f"{len(by_lot):,} of {plan.population:,} kept samples drawn by lot (seed {plan.seed}),"
        f" {_design(plan)}"
    ]
    if plan.design == "stratified":
        width = max(len(one.name) for one in plan.strata)
        lines += [f"  {o.name.ljust(width)}  {o.drawn:>7,} of {o.size:,}" for o in plan.strata]
    if plan.half_width is not None:
        lines.append(
            f"The interval of the acceptance rate is expected to be ± {plan.half_width:.1%} at"
            f" {plan.level:.0%}"
        )
    by_precision = wanted.minutes is None and wanted.samples is None
    if by_precision and wanted.expect == 0.5 and plan.design == "simple":
        lines += _fewer(plan, wanted, len(by_lot))
    lines += [
        f"{several:,} of them are decided by {plan.overlap_reviewers} people, {twice:,} are shown"
        " twice",
        f"Beside them {roles['routed']:,} on which judges disagree, and {roles['gold']:,} gold"
        " ones, which do not count for the rate",
        f"{decisions:,} decisions, about {hours:.1f} hours of people's time at"
        f" {plan.seconds_each:g} s each",
    ]
    if plan.sequential:
        end = "" if plan.clear_at is None else f" and says when it is clear at {plan.clear_at:.0%}"
        lines.append(f"It may stop at any time: `certify` gives an interval that holds then{end}")
    return lines


def _design(plan: ReviewPlan) -> str:
    if plan.design == "simple":
        return "as one simple random sample"
    how = "by Neyman's rule" if plan.allocation == "neyman" else "in proportion to their sizes"
    return f"from strata by {', '.join(plan.strata_by)}, {how}"


def _fewer(plan: ReviewPlan, wanted: Wanted, count: int) -> list[str]:
    from ..measures.lots import sample_size
    from ..review.plan import PRECISION

    precision = PRECISION if wanted.precision is None else wanted.precision
    fewer = sample_size(precision, 0.9, plan.population, plan.level)
    if fewer >= count:
        return []
    return [
        f"That is enough for ± {precision:.1%} whatever the rate is; where 90% or more can be"
        f" expected, {fewer:,} are (--expect 0.9)"
    ]
