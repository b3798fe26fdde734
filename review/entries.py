"""The log of verdicts: what people decide and take back is added to it, and nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Row, exists, insert, select

from ..errors import ReviewError
from .assignment import assigned, close_item, reopen_item
from .fixes import mend
from .people import Session
from .records import Verdict
from .tables import items, log, plans
from .view import chosen_side, unpack

__all__ = ["Entry", "Picked", "enter", "standing"]

Picked = Literal["", "left", "right", "neither"]

REJECTED_BETTER = "the rejected answer is better"
NO_DIFFERENCE = "no clear difference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a page sends: a verdict, or that one is taken back.

    Attributes:
        id: made by the page; sent again, it counts once.
        item: what it is about.
        verdict: accept, reject, fix, skip; pick for a pair, which is an acceptance where the better
            half is the chosen one; undo.
        undoes: for undo, the id of what is taken back.
        pick: for pick, which half is the better one.
        settles: of the owner's, whether it decides for others who disagree.
    """

    id: str
    item: str
    verdict: Literal["accept", "reject", "fix", "skip", "pick", "undo"]
    undoes: str = ""
    pick: Picked = ""
    reason: str = ""
    text: str = ""
    fixed: Any = None
    wrong_steps: tuple[int, ...] = ()
    shown: str = ""
    scores_shown: bool = False
    settles: bool = False
    seconds: float = 0.0
    decided: str = ""


def enter(connection: Connection, plan: str, who: Session, entry: Entry, *, lease_s: float) -> str:
    """Add an entry to the log; returns the verdict that it is ("accept" for a right pick).

    An entry that is there already is not added again.

    Raises:
        ReviewError: the item is not lent to this person, there is nothing to take back, a fix
            breaks the sample, or another entry has this id.
    """
    known = connection.execute(select(log).where(log.c.id == entry.id)).first()
    if known is not None:
        if (known.reviewer, known.item, known.plan) != (who.name, entry.item, plan):
            raise ReviewError(f"{entry.id}: another verdict has this id")
        return str(known.verdict)
    if entry.settles and not who.owner:
        raise ReviewError("Only the owner settles what others disagree on")
    item = connection.execute(
        select(items.c.sample, items.c.content, plans.c.dataset)
        .join(plans, plans.c.plan == items.c.plan)
        .where(items.c.plan == plan, items.c.item == entry.item)
    ).first()
    lent = assigned(connection, plan, who.reviewer, entry.item)
    if item is None or ((lent is None or lent.state == "due") and not entry.settles):
        raise ReviewError(f"{entry.item}: is not yours to decide")
    if entry.verdict == "undo":
        return _take_back(connection, plan, who, entry, item, lease_s)
    verdict, reason = _decided(entry, plan, who)
    fixed = ""
    if verdict == "fix":
        body = connection.execute(
            select(items.c.body).where(items.c.plan == plan, items.c.item == entry.item)
        ).scalar_one()
        mend(unpack(body), entry.fixed)
        fixed = orjson.dumps(entry.fixed, option=orjson.OPT_SORT_KEYS).decode()
    _add(connection, plan, who, entry, item, verdict=verdict, reason=reason, fixed=fixed)
    if not entry.settles:
        close_item(connection, plan, who.reviewer, entry.item, lent, skipped=verdict == "skip")
    return verdict


def standing(connection: Connection, plan: str | None = None) -> list[Verdict]:
    """The verdicts that stand, in the order in which they came: of each person the latest one on
    each item that they did not take back. Of one plan, or of all."""
    undo = log.alias("undo")
    taken_back = exists().where(undo.c.undoes == log.c.id, undo.c.reviewer == log.c.reviewer)
    query = select(log).where(log.c.kind == "verdict", ~taken_back).order_by(log.c.seq)
    if plan is not None:
        query = query.where(log.c.plan == plan)
    latest: dict[tuple[str, str, str], Verdict] = {}
    for row in connection.execute(query):
        key = (row.plan, row.item, row.reviewer)
        latest.pop(key, None)  # so that it stands where the later one came
        latest[key] = _verdict(row)
    return list(latest.values())


def _decided(entry: Entry, plan: str, who: Session) -> tuple[str, str]:
    """The verdict and its reason; a pick is told by which half the chosen one is."""
    if entry.verdict != "pick":
        return entry.verdict, entry.reason
    if entry.pick == "neither":
        return "reject", NO_DIFFERENCE
    side = {"left": 0, "right": 1}.get(entry.pick)
    if side is None:
        raise ReviewError(f"{entry.id}: says pick, and not which half")
    if side == chosen_side(plan, entry.item, who.reviewer):
        return "accept", ""
    return "reject", REJECTED_BETTER


def _take_back(
    connection: Connection, plan: str, who: Session, entry: Entry, item: Any, lease_s: float
) -> str:
    undone = connection.execute(
        select(log.c.id).where(
            log.c.id == entry.undoes,
            log.c.plan == plan,
            log.c.item == entry.item,
            log.c.reviewer == who.name,
            log.c.kind == "verdict",
        )
    ).scalar()
    if undone is None:
        raise ReviewError(f"{entry.undoes or entry.id}: there is no such verdict of yours")
    _add(connection, plan, who, entry, item, kind="undo", verdict="undo", undoes=undone)
    reopen_item(connection, plan, who.reviewer, entry.item, lease_s=lease_s)
    return "undo"


def _add(
    connection: Connection, plan: str, who: Session, entry: Entry, item: Any, **values: Any
) -> None:
    row = {
        "id": entry.id,
        "kind": "verdict",
        "undoes": "",
        "plan": plan,
        "dataset": item.dataset,
        "item": entry.item,
        "sample": item.sample,
        "content": item.content,
        "reviewer": who.name,
        "reason": "",
        "text": entry.text,
        "fixed": "",
        "wrong_steps": orjson.dumps(sorted(set(entry.wrong_steps))).decode(),
        "shown": entry.shown,
        "scores_shown": entry.scores_shown or _saw_scores(connection, plan, who, entry.item),
        "settles": entry.settles,
        "seconds": entry.seconds,
        "decided": entry.decided or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "received": time.time(),
        "pick": entry.pick,
    }
    connection.execute(insert(log).values(row | values))


def _saw_scores(connection: Connection, plan: str, who: Session, item: str) -> bool:
    """Whether the person asked for what is hidden before."""
    asked = select(log.c.seq).where(
        log.c.plan == plan,
        log.c.item == item,
        log.c.reviewer == who.name,
        log.c.kind == "reveal",
    )
    return connection.execute(asked.limit(1)).first() is not None


def add_given(connection: Connection, given: Iterable[Verdict]) -> int:
    """Add verdicts that were given elsewhere; those that are there already are passed over."""
    added = 0
    for one in given:
        if connection.execute(select(log.c.seq).where(log.c.id == one.id)).first() is not None:
            continue
        connection.execute(
            insert(log).values(
                id=one.id, kind="verdict", undoes="", plan=one.plan, dataset=one.dataset,
                item=one.item, sample=one.sample, content=one.content, reviewer=one.reviewer,
                verdict=one.verdict, reason=one.reason, text=one.text, fixed=one.fixed,
                wrong_steps=orjson.dumps(one.wrong_steps).decode(), shown=one.shown,
                scores_shown=one.scores_shown, settles=one.settles, seconds=one.seconds,
                decided=one.when, received=time.time(), pick="",
            )
        )  # fmt: skip
        added += 1
    return added


def _verdict(row: Row[Any]) -> Verdict:
    return Verdict(
        id=row.id,
        plan=row.plan,
        dataset=row.dataset,
        item=row.item,
        sample=row.sample,
        content=row.content,
        reviewer=row.reviewer,
        verdict=row.verdict,
        when=row.decided,
        seconds=row.seconds,
        reason=row.reason,
        text=row.text,
        fixed=row.fixed,
        wrong_steps=tuple(orjson.loads(row.wrong_steps)),
        shown=row.shown,
        scores_shown=row.scores_shown,
        settles=row.settles,
    )
