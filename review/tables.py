"""The tables that a review is kept in, and how an older database becomes a newer one."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from ..errors import ReviewError

__all__ = [
    "DATABASE_VERSION",
    "FREE",
    "assignments",
    "items",
    "log",
    "notes",
    "plans",
    "prepare",
    "reasons",
    "reviewers",
    "sessions",
]

DATABASE_VERSION = 2

_metadata = MetaData()

notes = Table(
    "review_notes",
    _metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What the database says of itself: its version, and where the page was last served."""

reviewers = Table(
    "review_reviewers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("owner", Boolean, nullable=False),
    Column("added", Float, nullable=False),
    Column("revoked", Float),
)
"""People. Of their tokens only the hash is here."""

sessions = Table(
    "review_sessions",
    _metadata,
    Column("key", String(64), primary_key=True),
    Column("reviewer", ForeignKey(reviewers.c.id), nullable=False, index=True),
    Column("owner", Boolean, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("until", Float, nullable=False),
)
"""Browsers that are logged in; of a session's cookie only the hash is here."""

plans = Table(
    "review_plans",
    _metadata,
    Column("plan", String(64), primary_key=True),
    Column("dataset", String(64), nullable=False),
    Column("added", Float, nullable=False),
)

items = Table(
    "review_items",
    _metadata,
    Column("plan", String(64), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("sample", String(64), nullable=False, index=True),
    Column("content", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("repeats", String(64), nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("free", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("review_items_repeats", "plan", "repeats"),
)
"""What is to be decided, each with its sample as it was when the plan was made, so that a dataset
that is made anew changes nothing of what people were shown. `free` is how many more people are to
see it."""

FREE = text("review_items.free > 0")  # in these very words, by which the index is found
Index(
    "review_items_free",
    items.c.plan,
    items.c.place,
    sqlite_where=FREE,
    postgresql_where=FREE,
)

assignments = Table(
    "review_assignments",
    _metadata,
    Column("plan", String(64), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("reviewer", ForeignKey(reviewers.c.id), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("until", Float, nullable=False),
    Column("nth", Integer, nullable=False),
    Index("review_assignments_of", "plan", "reviewer", "state", "nth"),
    Index("review_assignments_until", "state", "until"),
)
"""Who has an item: `open` until its lease ends, then `lost` to others; `done`, `skipped`, or `due`
to be shown a second time. `nth` counts what the person has decided in this plan up to it; for one
that is due, from which count on it may come."""

log = Table(
    "review_log",
    _metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("undoes", String(64), nullable=False),
    Column("plan", String(64), nullable=False),
    Column("dataset", String(64), nullable=False),
    Column("item", String(64), nullable=False),
    Column("sample", String(64), nullable=False, index=True),
    Column("content", String(64), nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("fixed", Text, nullable=False),
    Column("wrong_steps", Text, nullable=False),
    Column("shown", String(64), nullable=False),
    Column("scores_shown", Boolean, nullable=False),
    Column("settles", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("decided", String(40), nullable=False),
    Column("received", Float, nullable=False),
    Column("pick", String(8), nullable=False, server_default=""),
    UniqueConstraint("id", name="review_log_id"),
    Index("review_log_item", "plan", "item"),
    Index("review_log_reviewer", "reviewer"),
)
"""What people decided, and what they took back: rows are added and never changed. `pick` is the
half of a pair that the person held for the better one, before knowing which is which."""

reasons = Table(
    "review_reasons",
    _metadata,
    Column("name", String(80), primary_key=True),
    Column("place", Integer, nullable=False),
)
"""The defects that a person can name."""

_UPGRADES = {
    1: ("ALTER TABLE review_log ADD COLUMN pick VARCHAR(8) DEFAULT '' NOT NULL",),
}
"""From each older version to the next one."""


def prepare(connection: Connection, where: str) -> None:
    """Make the tables where there are none, and bring older ones up to date.

    Args:
        where: names the database to the user.

    Raises:
        ReviewError: a newer version wrote it, or it holds something else under these names.
    """
    if connection.dialect.name == "postgresql":  # of several servers that start, one makes them
        connection.execute(select(func.pg_advisory_xact_lock(7_016_310)))
    found = inspect(connection)
    if not found.has_table(notes.name):
        taken = sorted(set(_metadata.tables) & set(found.get_table_names()))
        if taken:
            raise ReviewError(
                f"{where} holds tables of another program ({', '.join(taken)}) or is half made:"
                " name another database"
            )
        _metadata.create_all(connection)
        connection.execute(insert(notes).values(name="version", value=str(DATABASE_VERSION)))
        return
    said = connection.execute(select(notes.c.value).where(notes.c.name == "version")).scalar()
    if said is None or not said.isdigit() or int(said) < 1:
        raise ReviewError(
            f"{where} is damaged (its version is {said!r}): put it back from a copy, or name"
            " another database"
        )
    version = int(said)
    if version > DATABASE_VERSION:
        raise ReviewError(
            f"{where} was written by a newer silversmith (database version {version}, this one"
            f" knows {DATABASE_VERSION}): upgrade silversmith, or name another database"
        )
    for step in range(version, DATABASE_VERSION):
        for statement in _UPGRADES[step]:
            connection.execute(text(statement))
    if version < DATABASE_VERSION:
        connection.execute(
            update(notes).where(notes.c.name == "version").values(value=str(DATABASE_VERSION))
        )
