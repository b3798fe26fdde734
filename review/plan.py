"""How many samples people are to see, and which."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from ..errors import ReviewError
from ..measures.lots import sample_size
from .items import decisions, planned_items
from .plan_file import read_plan, write_plan
from .population import Population, read_population
from .records import ReviewPlan, Stratum
from .strata import Strata, allocated, strata_of
from .wanted import Wanted

__all__ = ["draw_plan", "plan_review"]

PRECISION = 0.03
_FEWEST = 50


def plan_review(folder: Path, wanted: Wanted, *, anew: bool = False) -> ReviewPlan:
    """Draw the samples that people are to see of a run's kept ones, and keep the plan there.

    Args:
        folder: a run's folder.
        wanted: what it is to reach.
        anew: whether it may take the place of another plan; verdicts that were given under that
            one stay, and count for it alone.

    Raises:
        ReviewError: nothing was kept, there is another plan already, or `wanted` cannot be had.
        RunFolderError: the plan cannot be written.
    """
    population = read_population(folder)
    before = read_plan(folder)
    if before is not None and wanted.seed is None and before.dataset == population.hash:
        wanted = replace(wanted, seed=before.seed)
    plan = draw_plan(population, wanted)
    if before is not None and before.id == plan.id:
        return before
    if before is not None and not anew:
        raise ReviewError(
            f"{folder} has a plan already ({len(before.items):,} items, drawn {before.made}"
            f"{'' if before.dataset == plan.dataset else ' from other kept samples'}): go on"
            " with it, or add --replan to put this one in its place (verdicts that were given stay"
            " in the log, and count for the old plan)"
        )
    write_plan(folder, plan)
    return plan


def draw_plan(population: Population, wanted: Wanted) -> ReviewPlan:
    """The plan for a population; the same ids and the same seed give the same items.

    Raises:
        ReviewError: `wanted` cannot be had.
    """
    _check(population, wanted)
    seed = secrets.randbits(32) if wanted.seed is None else wanted.seed
    count = _count(population, wanted)
    strata = (
        strata_of(population, wanted.stratify, count) if wanted.stratify else _whole(population)
    )
    share = allocated(strata, count, wanted.level, wanted.expect)
    plan = ReviewPlan(
        id="",
        dataset=population.hash,
        population=len(population),
        design="stratified" if wanted.stratify else "simple",
        strata=tuple(
            Stratum(name, int(size), int(drawn_of))
            for name, size, drawn_of in zip(strata.names, strata.sizes, share.counts, strict=True)
        ),
        strata_by=wanted.stratify,
        allocation="neyman" if share.neyman else "proportional",
        half_width=share.half_width,
        seed=seed,
        level=wanted.level,
        precision=wanted.precision,
        minutes=wanted.minutes,
        seconds_each=wanted.seconds_each,
        overlap=wanted.overlap,
        overlap_reviewers=wanted.overlap_reviewers,
        sequential=wanted.sequential,
        clear_at=wanted.clear_at,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    items = planned_items(population, strata, share, wanted, seed)
    names = [[one.sample, one.role, one.reviewers, one.expected] for one in items]
    digest = orjson.dumps([plan.dataset, seed, plan.design, wanted.level, wanted.sequential, names])
    return replace(plan, id=hashlib.blake2b(digest, digest_size=8).hexdigest(), items=items)


def _check(population: Population, wanted: Wanted) -> None:
    lot = len(population)
    if wanted.samples is not None and wanted.samples > lot:
        raise ReviewError(
            f"The plan asks for {wanted.samples:,} samples, and {lot:,} are kept: ask for no more"
            " than these"
        )
    known = set(population.ids) if wanted.gold else set()
    for sample in wanted.gold:
        if sample not in known:
            raise ReviewError(f"The gold sample {sample!r} is not among the kept ones")


def _whole(population: Population) -> Strata:
    import numpy as np

    told = population.probabilities
    expected = None if np.isnan(told).any() else np.array([told.mean()])
    return Strata(
        ("",), np.zeros(len(population), dtype=np.int64), np.array([len(population)]), expected
    )


def _count(population: Population, wanted: Wanted) -> int:
    """How many samples are drawn for the estimate: for a precision so many that it is reached
    whatever strata give, or fewer where calibrated scores say how mixed each stratum is."""
    import numpy as np

    lot = len(population)
    if wanted.samples is not None:
        return wanted.samples
    if wanted.minutes is not None:
        most = int(wanted.minutes * 60 / wanted.seconds_each)
        count = _first_too_many(most, lot, wanted) - 1
        if count < 1:
            raise ReviewError(
                f"{wanted.minutes:g} minutes are {most:,} decisions of"
                f" {wanted.seconds_each:g} s, which gold, repeats and routed samples use up: allow"
                " more time, or fewer of these"
            )
        return count
    precision = PRECISION if wanted.precision is None else wanted.precision
    count = sample_size(precision, wanted.expect, lot, wanted.level)
    if not wanted.stratify or np.isnan(population.probabilities).any():
        return count

    def reached(fewer: int) -> bool:
        strata = strata_of(population, wanted.stratify, fewer)
        return allocated(strata, fewer, wanted.level, wanted.expect).half_width <= precision

    low, high = min(_FEWEST, count), count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def _first_too_many(most: int, lot: int, wanted: Wanted) -> int:
    """The fewest samples that take longer than there is time; one above the lot if all fit."""
    low, high = 1, lot + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if decisions(middle, wanted) > most else (middle + 1, high)
    return low
