"""The certificate of a run's kept samples, from its plan and people's verdicts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ..errors import ReviewError
from .agreeing import attention, defects, judges_agreed, people_agreed
from .certified import Certificate, Rate
from .outcomes import Outcome, outcomes, verdicts_of
from .plan_file import read_plan
from .population import kept_rows, read_population
from .rates import estimates
from .records import ReviewPlan, Verdict

__all__ = ["certificate_of"]


def certificate_of(folder: Path, verdicts: Iterable[Verdict]) -> Certificate:
    """What the verdicts say of the samples that a run's folder keeps now.

    Raises:
        ReviewError: there is no plan, it was drawn from other samples than those kept now, or
            nobody has decided about any of its items.
    """
    plan = read_plan(folder)
    if plan is None:
        raise ReviewError(
            f"{folder} has no plan of a review: make one by `silversmith review {folder} --plan`"
        )
    population = read_population(folder)
    if population.hash != plan.dataset:
        raise ReviewError(
            f"The kept samples of {folder} are not those that the plan was drawn from"
            f" (dataset {plan.dataset[:12]}, now {population.hash[:12]}): draw a new one by"
            f" `silversmith review {folder} --plan --replan`; the verdicts stay in the log, apart"
            " from the new ones"
        )
    given = list(verdicts)
    mine = verdicts_of(plan, given)
    found = outcomes(plan, mine)
    by_lot = [one for one in found if one.item.role == "estimate"]
    states = Counter(one.state for one in by_lot)
    seen = len(by_lot) - states["open"]
    if not seen:
        elsewhere = f" ({len(given):,} verdicts are of other plans)" if given else ""
        raise ReviewError(
            f"Nobody has decided about any of the {len(by_lot):,} samples drawn by lot in"
            f" {folder}{elsewhere}: start with `silversmith review {folder}`"
        )
    wanted = {one.item.sample for one in by_lot if one.state != "open"}
    rows = {
        row["id"]: row
        for row in kept_rows(folder, {"id", "messages", "score", "judgements"})
        if row["id"] in wanted
    }
    rates = estimates(plan, population, found)
    people = {verdict.reviewer for verdict in mine}
    return Certificate(
        dataset=population.hash,
        population=len(population),
        plan=plan.id,
        seed=plan.seed,
        design=plan.design,
        allocation=plan.allocation,
        level=plan.level,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("silversmith"),
        reviewers=len(people),
        planned=len(by_lot),
        seen=seen,
        accepted=states["good"],
        not_accepted=states["bad"],
        skipped=states["skipped"],
        disputed=states["disputed"],
        overall=rates.overall,
        exact=rates.exact,
        groups=rates.groups,
        people=people_agreed(found, plan.level),
        judges=judges_agreed(found, rows, plan.level),
        defects=defects(found),
        attention=attention(found),
        notes=(*_stopping(plan, rates.overall), *_notes(plan, found, mine, given)),
        says=_sentence(rates.overall, plan.level, len(people)),
    )


def _stopping(plan: ReviewPlan, rate: Rate) -> Iterator[str]:
    """Whether a review that may end early is clear."""
    if plan.clear_at is None:
        return
    if rate.low >= plan.clear_at:
        yield f"Clearly good: the rate is {plan.clear_at:.1%} or more, and the review may end."
    elif rate.high < plan.clear_at:
        yield f"Clearly bad: the rate is below {plan.clear_at:.1%}, and the review may end."
    else:
        yield f"Not clear yet: the rate may be on either side of {plan.clear_at:.1%}."


def _sentence(rate: Rate, level: float, people: int) -> str:
    """What the rate means. Ends are rounded away from each other, so that no digit promises more
    than is known."""
    low = math.floor(rate.low * 1000 + 1e-9) / 10
    who = "one person" if people == 1 else f"{people:,} people"
    likely = "" if rate.value is None else f"; the estimate is {rate.value:.1%}"
    return (
        f"With {level:.0%} confidence at least {low:.1f}% of the {rate.size:,} kept samples are"
        f" acceptable{likely}, from {rate.seen:,} drawn by lot and decided by {who}."
    )


def _notes(
    plan: ReviewPlan, found: Sequence[Outcome], mine: Sequence[Verdict], given: Sequence[Verdict]
) -> Iterator[str]:
    by_lot = [one for one in found if one.item.role == "estimate"]
    states = Counter(one.state for one in by_lot)
    yield (
        "A sample that had to be fixed counts as not acceptable, as it was not acceptable as it is"
        " kept."
    )
    if left := states["open"]:
        yield (
            f"{left:,} of the {len(by_lot):,} samples drawn by lot are not decided yet. Samples are"
            " given out in the order of the draw, so that those decided are a random sample too,"
            " as long as none was left lying for what it is."
        )
    if left and not plan.sequential:
        yield (
            "The interval is for one look: end the review for the time it takes, not for what the"
            " number says (a plan with --sequential is for many looks)."
        )
    if unresolved := states["skipped"] + states["disputed"]:
        yield (
            f"{unresolved:,} are unresolved ({states['disputed']:,} disputed,"
            f" {states['skipped']:,} skipped by everybody). They count as not acceptable in the"
            " lower end of each interval, and as acceptable in the upper end: settle them, and the"
            " intervals become shorter."
        )
    if plan.sequential:
        yield (
            "The interval holds at every time, however often it was looked at, so that the review"
            " may stop at any time."
        )
    shown = sum(verdict.scores_shown for verdict in mine)
    if shown:
        yield f"{shown:,} of {len(mine):,} verdicts were given with the judges' scores in view."
    if others := len(given) - len(mine):
        yield (
            f"{others:,} more verdicts are about other plans or other contents, and count for"
            " nothing here."
        )
    if any(one.item.role == "routed" for one in found):
        yield (
            "Samples that were chosen because judges disagreed, gold and repeats are no part of"
            " any rate."
        )
