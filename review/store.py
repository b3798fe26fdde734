"""Where a review is kept: its plans, the samples that are shown, and people's verdicts."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Table, delete, exists, func, insert, select, update

from ..errors import ReviewError
from ..records import sample_from_row
from .database import Database, open_database
from .entries import add_given, standing
from .population import content_hash, kept_rows
from .records import Forgotten, PlannedItem, ReviewPlan, Verdict
from .tables import assignments, items, log, plans, reasons, reviewers, sessions
from .view import pack

__all__ = ["ReviewStore", "open_reviews"]

FOR_ALL = 1_000_000
"""How many people are to see an item that everybody is to see."""

REASONS = (
    "wrong or made up",
    "does not do what is asked",
    "incomplete",
    "unclear or badly written",
    "unsafe",
    "not natural",
    "wrong label",
    "not grounded in the source",
)
"""The defects that a project begins with."""

_ROWS_AT_ONCE = 1_000


class ReviewStore:
    """The reviews of a run's folder (`records.Reviews`); a context manager.

    Attributes:
        database: that it is kept in.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def verdicts(self) -> list[Verdict]:
        """The verdicts that stand, of all plans, in the order in which they came."""
        return self.database.read(standing)

    def add(self, verdicts: Iterable[Verdict]) -> int:
        """Add verdicts that were given elsewhere; returns how many were not there yet."""
        given = list(verdicts)
        return self.database.write(lambda connection: add_given(connection, given)).result()

    def has(self, plan: ReviewPlan) -> bool:
        """Whether the plan's items are here."""
        query = select(plans.c.plan).where(plans.c.plan == plan.id)
        return self.database.read(lambda connection: connection.execute(query).first()) is not None

    def take(self, plan: ReviewPlan, folder: Path) -> None:
        """Take over a plan's items, each with its sample as it is now. Once it is here nothing is
        done.

        Raises:
            ReviewError: a planned sample is not among the kept ones, or is not what it was.
        """
        if not self.has(plan):
            self.database.write(lambda connection: _take(connection, plan, folder)).result()

    def forget(
        self,
        *,
        samples: Collection[str] = (),
        reviewers: Collection[str] = (),
        dry: bool = False,
    ) -> Forgotten:
        """Take out all that is there about these samples, and all that these people entered;
        `dry` only counts. The file is then written anew, so that nothing of it is left there."""
        ids, names = list(samples), list(reviewers)

        def work(connection: Connection) -> Forgotten:
            trying = connection.begin_nested()
            removed = _remove(connection, ids, names)
            if dry:
                trying.rollback()
            else:
                trying.commit()
            return removed

        found = self.database.write(work).result()
        if not dry and found != Forgotten():
            self.database.alone("VACUUM")
            if self.database.on_sqlite:
                self.database.alone("PRAGMA wal_checkpoint(TRUNCATE)")
        return found


def open_reviews(folder: Path, url: str = "") -> ReviewStore:
    """The reviews of a run's folder: in `review.db` there, or in the database that the URL or the
    variable `SILVERSMITH_REVIEW_DATABASE` names.

    Raises:
        ReviewError: the folder is none, or the database cannot be used; says why and what to do.
    """
    if not folder.is_dir():
        raise ReviewError(f"{folder} is no folder: give the folder of a run")
    return ReviewStore(open_database(folder, url))


def _take(connection: Connection, plan: ReviewPlan, folder: Path) -> None:
    connection.execute(insert(plans).values(plan=plan.id, dataset=plan.dataset, added=time.time()))
    if not connection.execute(select(func.count()).select_from(reasons)).scalar():
        rows = [{"name": name, "place": place} for place, name in enumerate(REASONS)]
        connection.execute(insert(reasons), rows)
    batch: list[dict[str, Any]] = []
    missing = {item.sample for item in plan.items}
    for row, planned in _planned_rows(plan, folder):
        missing.discard(row["id"])
        sample = sample_from_row(row)
        body = pack(sample)
        now = content_hash(row)
        for item in planned:
            if item.content != now:
                raise _changed(folder, plan, f"the sample {item.sample} has another content")
            batch.append(_row(plan, item, sample.strategy, body))
        if len(batch) >= _ROWS_AT_ONCE:
            connection.execute(insert(items), batch)
            batch = []
    if missing:
        count = f"{len(missing):,} of its samples are not among the kept ones"
        raise _changed(folder, plan, count)
    if batch:
        connection.execute(insert(items), batch)


def _planned_rows(
    plan: ReviewPlan, folder: Path
) -> Iterator[tuple[dict[str, Any], list[PlannedItem]]]:
    by_sample: dict[str, list[PlannedItem]] = {}
    for item in plan.items:
        by_sample.setdefault(item.sample, []).append(item)
    for row in kept_rows(folder):
        if planned := by_sample.get(row["id"]):
            yield row, planned


def _row(plan: ReviewPlan, item: PlannedItem, strategy: str, body: bytes) -> dict[str, Any]:
    free = 0 if item.repeats else item.reviewers or FOR_ALL
    return {
        "plan": plan.id,
        "item": item.item,
        "place": item.place,
        "sample": item.sample,
        "content": item.content,
        "role": item.role,
        "repeats": item.repeats,
        "strategy": strategy,
        "free": free,
        "body": body,
    }


def _changed(folder: Path, plan: ReviewPlan, why: str) -> ReviewError:
    return ReviewError(
        f"The kept samples of {folder} are not those that the plan {plan.id} was drawn from"
        f" ({why}): draw a new one by `silversmith review {folder} --plan`; what was decided so"
        " far stays with the old dataset, apart from the new one"
    )


def _remove(connection: Connection, samples: list[str], names: list[str]) -> Forgotten:
    """Take out all that is about these samples or from these people; returns how much it was."""

    def remove(table: Table, *what: Any) -> int:
        return connection.execute(delete(table).where(*what)).rowcount

    verdicts = people = other = 0
    for some in _batched(names):
        found = connection.execute(select(reviewers.c.id).where(reviewers.c.name.in_(some)))
        ids = list(found.scalars())
        verdicts += remove(log, log.c.reviewer.in_(some))
        _give_back(connection, ids)
        other += remove(assignments, assignments.c.reviewer.in_(ids))
        other += remove(sessions, sessions.c.reviewer.in_(ids))
        people += remove(reviewers, reviewers.c.id.in_(ids))
    for some in _batched(samples):
        verdicts += remove(log, log.c.sample.in_(some))
        of = select(items.c.item).where(
            items.c.plan == assignments.c.plan,
            items.c.item == assignments.c.item,
            items.c.sample.in_(some),
        )
        other += remove(assignments, exists(of))
        other += remove(items, items.c.sample.in_(some))
    return Forgotten(verdicts=verdicts, reviewers=people, other=other)


def _give_back(connection: Connection, people: list[int]) -> None:
    """What these people decided is open to others again."""
    held = connection.execute(
        select(assignments.c.plan, assignments.c.item).where(
            assignments.c.reviewer.in_(people), assignments.c.state.in_(["open", "done"])
        )
    ).all()
    for plan, item in held:
        connection.execute(
            update(items)
            .where(items.c.plan == plan, items.c.item == item, items.c.repeats == "")
            .values(free=items.c.free + 1)
        )


def _batched(values: list[str]) -> Iterator[list[str]]:
    """As many at once as a statement takes."""
    for start in range(0, len(values), 500):
        yield values[start : start + 500]
