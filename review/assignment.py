"""Who sees what: items are lent out in the plan's order, to as many people as the plan says."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, select, update

from .tables import FREE, assignments, items

__all__ = ["DUE_AFTER", "assigned", "close_item", "give_out", "reopen_item", "take_up_skipped"]

DUE_AFTER = 10
"""So many decisions at least lie between an item and its hidden repeat, where there are as many."""


def give_out(
    connection: Connection,
    plan: str,
    reviewer: int,
    *,
    have: Collection[str],
    decided: Collection[str] = (),
    count: int,
    lease_s: float,
) -> list[str]:
    """Lend a person the next items.

    What they have already (`have`, `decided`) is lent to them anew, so that it does not run out
    while they work. What others left lying is free again once their lease has ended. Of items that
    several people are to see, each is lent to different people; hidden repeats come when their
    time has come.

    Args:
        have: the items that their page holds; these are not given again.
        decided: the items that they have decided about, of which their page has not sent the
            verdict yet; neither are these.
        count: how many it is to hold in all.
    """
    now = time.time()
    mine = and_(assignments.c.plan == plan, assignments.c.reviewer == reviewer)
    kept = [*have, *decided]
    if kept:
        connection.execute(
            update(assignments)
            .where(mine, assignments.c.state == "open", assignments.c.item.in_(kept))
            .values(until=now + lease_s)
        )
    _take_back(connection, now)
    wanted = count - len(have)
    given: list[str] = []
    if wanted > 0:
        held = (
            select(assignments.c.item)
            .where(mine, assignments.c.state == "open", assignments.c.item.not_in(kept))
            .order_by(assignments.c.place)
            .limit(wanted)
        )
        given += connection.execute(held).scalars()
        connection.execute(
            update(assignments)
            .where(mine, assignments.c.item.in_(given))
            .values(until=now + lease_s)
        )
    if len(given) < wanted:
        given += _lend_due(connection, plan, reviewer, wanted - len(given), now + lease_s)
    if len(given) < wanted:
        given += _lend_free(connection, plan, reviewer, wanted - len(given), now + lease_s)
    if not given and not kept:
        given += _lend_due(connection, plan, reviewer, wanted, now + lease_s, early=True)
    return given


def assigned(connection: Connection, plan: str, reviewer: int, item: str) -> Any | None:
    """The assignment of an item to a person (its state, place, nth), or None."""
    return connection.execute(
        select(assignments.c.state, assignments.c.place, assignments.c.nth).where(
            assignments.c.plan == plan,
            assignments.c.item == item,
            assignments.c.reviewer == reviewer,
        )
    ).first()


def close_item(
    connection: Connection, plan: str, reviewer: int, item: str, lent: Any, *, skipped: bool
) -> None:
    """A person has decided about an item that was lent to them, or passes it on.

    Args:
        lent: its assignment, as `assigned` gives it.
    """
    nth = _decided(connection, plan, reviewer) + (0 if skipped else 1)
    state = "skipped" if skipped else "done"
    connection.execute(
        update(assignments)
        .where(*_one(plan, item, reviewer))
        .values(state=state, nth=nth, until=0.0)
    )
    holds = {"open": True, "done": True, "lost": False, "skipped": False, "due": False}
    _change_free(connection, plan, item, int(holds[lent.state]) - int(holds[state]))
    if state == "done":
        _plan_repeats(connection, plan, reviewer, item, nth)


def reopen_item(
    connection: Connection, plan: str, reviewer: int, item: str, *, lease_s: float
) -> None:
    """A person takes back what they decided about an item."""
    found = assigned(connection, plan, reviewer, item)
    if found is None:
        return
    connection.execute(
        update(assignments)
        .where(*_one(plan, item, reviewer))
        .values(state="open", nth=0, until=time.time() + lease_s)
    )
    if found.state in ("skipped", "lost"):
        _change_free(connection, plan, item, -1)
    repeats = select(items.c.item).where(items.c.plan == plan, items.c.repeats == item)
    connection.execute(
        delete(assignments).where(
            assignments.c.plan == plan,
            assignments.c.reviewer == reviewer,
            assignments.c.state == "due",
            assignments.c.item.in_(repeats),
        )
    )


def take_up_skipped(connection: Connection, plan: str, reviewer: int) -> int:
    """Let a person see again what they skipped and nobody else has decided; returns how many."""
    open_to_all = select(items.c.item).where(items.c.plan == plan, FREE)
    return connection.execute(
        update(assignments)
        .where(
            assignments.c.plan == plan,
            assignments.c.reviewer == reviewer,
            assignments.c.state == "skipped",
            assignments.c.item.in_(open_to_all),
        )
        .values(state="lost")
    ).rowcount


def _take_back(connection: Connection, now: float) -> None:
    ended = connection.execute(
        select(assignments.c.plan, assignments.c.item, assignments.c.reviewer, items.c.repeats)
        .join(items, and_(items.c.plan == assignments.c.plan, items.c.item == assignments.c.item))
        .where(assignments.c.state == "open", assignments.c.until < now)
        .limit(500)
        .with_for_update(skip_locked=True, of=assignments)
    ).all()
    for plan, item, reviewer, repeats in ended:
        state = "due" if repeats else "lost"  # a repeat is for this person alone
        connection.execute(
            update(assignments).where(*_one(plan, item, reviewer)).values(state=state, until=0.0)
        )
        _change_free(connection, plan, item, 1)


def _lend_due(
    connection: Connection,
    plan: str,
    reviewer: int,
    count: int,
    until: float,
    *,
    early: bool = False,
) -> list[str]:
    due = (
        select(assignments.c.item)
        .where(
            assignments.c.plan == plan,
            assignments.c.reviewer == reviewer,
            assignments.c.state == "due",
        )
        .order_by(assignments.c.nth)
        .limit(count)
    )
    if not early:
        due = due.where(assignments.c.nth <= _decided(connection, plan, reviewer))
    found = list(connection.execute(due).scalars())
    if found:
        connection.execute(
            update(assignments)
            .where(
                assignments.c.plan == plan,
                assignments.c.reviewer == reviewer,
                assignments.c.item.in_(found),
            )
            .values(state="open", until=until, nth=0)
        )
    return found


def _lend_free(
    connection: Connection, plan: str, reviewer: int, count: int, until: float
) -> list[str]:
    seen = exists().where(
        assignments.c.plan == items.c.plan,
        assignments.c.item == items.c.item,
        assignments.c.reviewer == reviewer,
        assignments.c.state != "lost",
    )
    rows: Sequence[Any] = connection.execute(
        select(items.c.item, items.c.place)
        .where(items.c.plan == plan, FREE, ~seen)
        .order_by(items.c.place)
        .limit(count)
        .with_for_update(skip_locked=True)
    ).all()
    for item, place in rows:
        again = connection.execute(
            update(assignments)
            .where(*_one(plan, item, reviewer))
            .values(state="open", until=until, nth=0)
        ).rowcount
        if not again:
            connection.execute(
                insert(assignments).values(
                    plan=plan, item=item, reviewer=reviewer, place=place, state="open",
                    until=until, nth=0,
                )
            )  # fmt: skip
        _change_free(connection, plan, item, -1)
    return [item for item, _ in rows]


def _plan_repeats(connection: Connection, plan: str, reviewer: int, item: str, nth: int) -> None:
    """Who has decided an item is to see its hidden repeats, after some others."""
    repeats = connection.execute(
        select(items.c.item, items.c.place).where(items.c.plan == plan, items.c.repeats == item)
    ).all()
    for other, place in repeats:
        if assigned(connection, plan, reviewer, other) is None:
            connection.execute(
                insert(assignments).values(
                    plan=plan, item=other, reviewer=reviewer, place=place, state="due",
                    until=0.0, nth=nth + DUE_AFTER,
                )
            )  # fmt: skip


def _decided(connection: Connection, plan: str, reviewer: int) -> int:
    found = connection.execute(
        select(func.max(assignments.c.nth)).where(
            assignments.c.plan == plan,
            assignments.c.reviewer == reviewer,
            assignments.c.state == "done",
        )
    ).scalar()
    return int(found or 0)


def _change_free(connection: Connection, plan: str, item: str, by: int) -> None:
    if by:
        connection.execute(
            update(items)
            .where(items.c.plan == plan, items.c.item == item, items.c.repeats == "")
            .values(free=items.c.free + by)
        )


def _one(plan: str, item: str, reviewer: int) -> tuple[Any, ...]:
    return (
        assignments.c.plan == plan,
        assignments.c.item == item,
        assignments.c.reviewer == reviewer,
    )
