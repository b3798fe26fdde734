"""How far a review has come: for each person, and for its owner."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from .entries import standing
from .people import list_reviewers
from .records import Verdict
from .tables import FREE, assignments, items, log, reasons
from .view import unpack

__all__ = ["add_reason", "known_reasons", "overview", "progress_of", "totals"]

_STEPS = 24
_LONGEST_BREAK_S = 600.0


def known_reasons(connection: Connection) -> list[str]:
    """The defects that a person can name, in the project's order."""
    return list(connection.execute(select(reasons.c.name).order_by(reasons.c.place)).scalars())


def add_reason(connection: Connection, name: str) -> None:
    """One more defect that a person can name; one that is there is not added again."""
    if name in known_reasons(connection):
        return
    last = connection.execute(select(func.max(reasons.c.place))).scalar()
    connection.execute(insert(reasons).values(name=name, place=(last or 0) + 1))


def progress_of(connection: Connection, plan: str, reviewer: int) -> dict[str, int]:
    """How many items a person has decided and skipped."""
    counts = connection.execute(
        select(assignments.c.state, func.count())
        .where(assignments.c.plan == plan, assignments.c.reviewer == reviewer)
        .group_by(assignments.c.state)
    )
    by_state: dict[str, int] = dict(counts.tuples().all())
    return {"decided": by_state.get("done", 0), "skipped": by_state.get("skipped", 0)}


def totals(connection: Connection, plan: str, counts: Mapping[str, int]) -> dict[str, int]:
    """How many items the plan has that are shown to so many people, and how many are decided by as
    many as are to decide them. Gold items and repeats, which have no end, are not counted.

    Args:
        counts: how many items of each role the plan has.
    """
    whole = counts.get("estimate", 0) + counts.get("routed", 0)
    # Gold items are free for ever, and repeats never.
    free = connection.execute(
        select(func.count()).select_from(items).where(items.c.plan == plan, FREE)
    ).scalar_one()
    lent = select(assignments.c.item).where(
        assignments.c.plan == plan, assignments.c.state == "open"
    )
    last = select(func.count()).where(
        items.c.plan == plan,
        items.c.item.in_(set(connection.execute(lent).scalars())),
        items.c.free <= 0,
        items.c.role.in_(["estimate", "routed"]),
    )
    remaining = free - counts.get("gold", 0) + connection.execute(last).scalar_one()
    return {"items": whole, "decided": max(0, whole - remaining)}


def overview(connection: Connection, plan: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """What the owner sees: people and their pace, agreement as it grows, disputed samples."""
    verdicts = [one for one in standing(connection, plan) if one.verdict != "skip"]
    own = [one for one in verdicts if not one.settles]
    settled = {one.item: one for one in verdicts if one.settles}
    by_item: dict[str, list[Verdict]] = defaultdict(list)
    for one in own:
        by_item[one.item].append(one)
    several = [group for group in by_item.values() if len(group) > 1]
    disputed = [group for group in several if len({_acceptable(one) for one in group}) > 1]
    return {
        "totals": totals(connection, plan, counts),
        "people": _people(connection, plan, own),
        "agreement": _agreement(several),
        "disputed": [
            _dispute(connection, plan, group) for group in disputed if group[0].item not in settled
        ],
        "settled": len(settled),
        "reasons": known_reasons(connection),
    }


def _people(connection: Connection, plan: str, verdicts: list[Verdict]) -> list[dict[str, Any]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    shares: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in verdicts:
        shares[one.reviewer][one.verdict] += 1
        if 0 < one.seconds <= _LONGEST_BREAK_S:
            seconds[one.reviewer].append(one.seconds)
    latest = (
        select(log.c.reviewer, func.max(log.c.received))
        .where(log.c.plan == plan)
        .group_by(log.c.reviewer)
    )
    last: dict[str, float] = dict(connection.execute(latest).tuples().all())
    return [
        {
            "name": person.name,
            "owner": person.owner,
            "revoked": person.revoked is not None,
            "verdicts": dict(shares[person.name]),
            "decided": sum(shares[person.name].values()),
            "seconds": _median(seconds[person.name]),
            "last": last.get(person.name),
            "skipped": progress_of(connection, plan, person.id)["skipped"],
        }
        for person in list_reviewers(connection)
    ]


def _agreement(several: list[list[Verdict]]) -> dict[str, Any]:
    """The share of pairs of people who say the same, and Krippendorff's alpha, after more and more
    of the items that several people decided (acceptable as it was, or not)."""
    if not several:
        return {"items": 0, "points": []}
    import numpy as np

    from ..measures.agreement import krippendorff_alpha

    groups = sorted(several, key=lambda group: max(one.when for one in group))
    names = sorted({one.reviewer for group in groups for one in group})
    codes = np.full((len(groups), len(names)), -1, dtype=np.int64)
    for row, group in enumerate(groups):
        for one in group:
            codes[row, names.index(one.reviewer)] = int(_acceptable(one))
    steps = np.unique(np.linspace(1, len(groups), min(_STEPS, len(groups))).astype(int))
    weights = (np.arange(len(groups))[None, :] < steps[:, None]).astype(np.float64)
    with np.errstate(all="ignore"):
        alphas = krippendorff_alpha(weights, codes, np.array([0.0, 1.0]))
    raters = (codes >= 0).sum(axis=1)
    yes = (codes == 1).sum(axis=1)
    no = raters - yes
    same = yes * (yes - 1) + no * (no - 1)
    shares = (weights @ same) / (weights @ (raters * (raters - 1)))
    points = [
        {
            "items": int(step),
            "same": float(share),
            "alpha": None if math.isnan(alpha) else float(alpha),
        }
        for step, share, alpha in zip(steps, shares, alphas, strict=True)
    ]
    return {"items": len(groups), "points": points}


def _dispute(connection: Connection, plan: str, group: list[Verdict]) -> dict[str, Any]:
    found = connection.execute(
        select(items.c.strategy, items.c.body).where(
            items.c.plan == plan, items.c.item == group[0].item
        )
    ).first()
    said = [
        {"name": one.reviewer, "verdict": one.verdict, "reason": one.reason, "text": one.text}
        for one in group
    ]
    start = unpack(found.body).instruction[:160] if found is not None else ""
    strategy = found.strategy if found is not None else ""
    return {"item": group[0].item, "strategy": strategy, "start": start, "said": said}


def _acceptable(verdict: Verdict) -> bool:
    """A fix says that the sample was not acceptable as it was."""
    return verdict.verdict == "accept"


def _median(values: list[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
