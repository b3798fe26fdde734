"""Verdicts that come back from other tools, matched with the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ..errors import ReviewError
from ..records import sample_from_row, sample_to_json
from .fixes import mend
from .outcomes import verdicts_of
from .plan_file import read_plan
from .population import content_hash, kept_rows
from .records import PlannedItem, Returned, ReviewPlan, Verdict

__all__ = ["Matched", "match"]

_VERDICTS = ("accept", "reject", "fix", "skip")


@dataclass(frozen=True)
class Matched:
    """What came back.

    Attributes:
        verdicts: the new ones.
        known: how many were there already, the same.
        open: how many rows nobody decided about.
        conflicts: rows that say other than what the same person said before, here or in the file;
            what was said first stays.
        unknown: rows of items that are not in the plan.
        faults: rows that cannot be used, and why.
    """

    verdicts: tuple[Verdict, ...]
    known: int
    open: int
    conflicts: tuple[str, ...]
    unknown: tuple[str, ...]
    faults: tuple[str, ...]


def match(
    folder: Path, returned: Iterable[Returned], before: Iterable[Verdict], *, reviewer: str = ""
) -> Matched:
    """Match what came back with the plan of a run's folder. Nothing is changed.

    Args:
        returned: what another tool gave back; matched by item, or by sample where it lacks one.
        before: the verdicts that stand here.
        reviewer: who decided where the tool does not say.

    Raises:
        ReviewError: there is no plan.
    """
    plan = read_plan(folder)
    if plan is None:
        raise ReviewError(f"{folder} has no plan of a review that verdicts could belong to")
    items = {one.item: one for one in plan.items}
    of_sample: dict[str, list[PlannedItem]] = {}
    for planned in plan.items:
        of_sample.setdefault(planned.sample, []).append(planned)
    said = {(given.item, given.reviewer): given for given in verdicts_of(plan, before)}
    rows = _rows(folder, plan)
    new: list[Verdict] = []
    known = unfinished = 0
    conflicts: list[str] = []
    unknown: list[str] = []
    faults: list[str] = []
    for one in returned:
        if not one.verdict.strip():
            unfinished += 1
            continue
        item = items.get(one.item)
        if item is None and not one.item and len(of_sample.get(one.sample, ())) == 1:
            item = of_sample[one.sample][0]
        if item is None or one.sample not in ("", item.sample):
            unknown.append(f"{one.where}: {one.item or one.sample or 'no id'} is not in the plan")
            continue
        try:
            verdict = _verdict(plan, item, replace(one, reviewer=one.reviewer or reviewer), rows)
        except ReviewError as error:
            faults.append(f"{one.where}: {error}")
            continue
        there = said.setdefault((verdict.item, verdict.reviewer), verdict)
        if there is verdict:
            new.append(verdict)
        elif _same(there, verdict):
            known += 1
        else:
            conflicts.append(
                f"{one.where}: {verdict.reviewer} says {verdict.verdict} of {item.item}, and said"
                f" {there.verdict} before"
            )
    return Matched(tuple(new), known, unfinished, tuple(conflicts), tuple(unknown), tuple(faults))


def _rows(folder: Path, plan: ReviewPlan) -> dict[str, dict[str, Any]]:
    wanted = {one.sample for one in plan.items}
    return {row["id"]: row for row in kept_rows(folder) if row["id"] in wanted}


def _same(one: Verdict, other: Verdict) -> bool:
    return (one.verdict, one.reason, one.text, one.fixed) == (
        other.verdict, other.reason, other.text, other.fixed,
    )  # fmt: skip


def _verdict(
    plan: ReviewPlan, item: PlannedItem, one: Returned, rows: Mapping[str, dict[str, Any]]
) -> Verdict:
    """The verdict in a row.

    Raises:
        ReviewError: it cannot be used.
    """
    given = one.verdict.strip().lower()
    if given not in _VERDICTS:
        raise ReviewError(f"{one.verdict!r} is no verdict: {', '.join(_VERDICTS)}")
    if not one.reviewer.strip():
        raise ReviewError("nobody is named who decided: fill in the reviewer, or add --reviewer")
    row = rows.get(item.sample)
    if row is None or content_hash(row) != item.content:
        raise ReviewError(f"the sample {item.sample} is not what it was when it was handed over")
    fixed = _fixed(row, one.response) if given == "fix" else ""
    fields = [plan.id, item.item, one.reviewer.strip(), given, one.reason, one.text, fixed]
    return Verdict(
        id=hashlib.blake2b(orjson.dumps(fields), digest_size=16).hexdigest(),
        plan=plan.id,
        dataset=plan.dataset,
        item=item.item,
        sample=item.sample,
        content=item.content,
        reviewer=one.reviewer.strip(),
        verdict=given,  # type: ignore[arg-type]  # it is one of them
        when=one.when or datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=one.seconds,
        reason=one.reason.strip(),
        text=one.text.strip(),
        fixed=fixed,
        scores_shown=True,
    )


def _fixed(row: dict[str, Any], response: str) -> str:
    """The change of the last answer, as `Verdict.fixed` has it."""
    sample = sample_from_row(row)
    turns = orjson.loads(sample_to_json(sample))["messages"]
    if not response.strip() or not turns or turns[-1]["role"] != "assistant":
        raise ReviewError("a fix without the answer as it should be")
    turns[-1]["content"] = response
    mend(sample, {"messages": turns})
    return orjson.dumps({"messages": turns}, option=orjson.OPT_SORT_KEYS).decode()
