"""Who may come in: people, their tokens and their browsers' sessions.

Tokens and session keys are 256 random bits. The database has their hashes alone; with that many
bits a plain hash cannot be turned back, so that nothing slower is needed.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from ..errors import ReviewError
from .tables import log, reviewers, sessions

__all__ = [
    "Person",
    "Session",
    "add_reviewer",
    "list_reviewers",
    "log_in",
    "log_out",
    "owner_token",
    "reviewer_id",
    "revoke_reviewer",
    "session_of",
]

SESSION_DAYS = 30
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Person:
    """One who reviews: how many verdicts they gave, and whether they may come in."""

    id: int
    name: str
    owner: bool
    added: float
    revoked: float | None
    decided: int


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in; `csrf` is to come with everything that changes something."""

    reviewer: int
    name: str
    owner: bool
    csrf: str


def add_reviewer(connection: Connection, name: str, *, owner: bool = False) -> str:
    """Give a person a new token, and return it; it is shown once, and kept nowhere. The one that
    the person had before, and their sessions, hold no longer.

    Raises:
        ReviewError: the name is empty, too long, or has signs that no name has.
    """
    name = _tidy(name)
    token = secrets.token_urlsafe(32)
    values = {"token": _hash(token), "owner": owner, "revoked": None}
    found = connection.execute(
        update(reviewers).where(reviewers.c.name == name).values(**values)
    ).rowcount
    if found:
        _end_sessions(connection, name)
    else:
        connection.execute(insert(reviewers).values(name=name, added=time.time(), **values))
    return token


def revoke_reviewer(connection: Connection, name: str) -> None:
    """From now on neither the person's link nor their open browser lets them in; what they decided
    stays.

    Raises:
        ReviewError: nobody has this name.
    """
    found = connection.execute(
        update(reviewers)
        .where(reviewers.c.name == name.strip())
        .values(revoked=time.time(), token=_hash(secrets.token_urlsafe(32)))
    ).rowcount
    if not found:
        known = connection.execute(select(reviewers.c.name).order_by(reviewers.c.name)).scalars()
        raise ReviewError(
            f"There is no reviewer {name!r}; known: {', '.join(known) or 'nobody yet'}"
        )
    _end_sessions(connection, name.strip())


def list_reviewers(connection: Connection) -> list[Person]:
    """Everybody, by name."""
    counts = (
        select(log.c.reviewer, func.count().label("decided"))
        .where(log.c.kind == "verdict")
        .group_by(log.c.reviewer)
        .subquery()
    )
    rows = connection.execute(
        select(reviewers, func.coalesce(counts.c.decided, 0).label("decided"))
        .join(counts, counts.c.reviewer == reviewers.c.name, isouter=True)
        .order_by(reviewers.c.name)
    )
    return [Person(r.id, r.name, r.owner, r.added, r.revoked, r.decided) for r in rows]


def reviewer_id(connection: Connection, name: str) -> int:
    """The number of a person, who is entered where they are not known yet (with no token)."""
    name = _tidy(name)
    found = connection.execute(select(reviewers.c.id).where(reviewers.c.name == name)).scalar()
    if found is not None:
        return int(found)
    made = connection.execute(
        insert(reviewers)
        .values(name=name, token=_hash(secrets.token_urlsafe(32)), owner=False, added=time.time())
        .returning(reviewers.c.id)
    )
    return int(made.scalar_one())


def owner_token(connection: Connection, name: str) -> str:
    """A token for the person who serves the page; other sessions of theirs go on."""
    name = _tidy(name)
    token = secrets.token_urlsafe(32)
    reviewer_id(connection, name)
    connection.execute(
        update(reviewers)
        .where(reviewers.c.name == name)
        .values(token=_hash(token), owner=True, revoked=None)
    )
    return token


def log_in(connection: Connection, token: str) -> str | None:
    """The key of a new session for whoever has this token; None where nobody has."""
    found = connection.execute(
        select(reviewers.c.id, reviewers.c.owner).where(
            reviewers.c.token == _hash(token), reviewers.c.revoked.is_(None)
        )
    ).first()
    if found is None:
        return None
    key = secrets.token_urlsafe(32)
    now = time.time()
    connection.execute(delete(sessions).where(sessions.c.until < now))
    connection.execute(
        insert(sessions).values(
            key=_hash(key),
            reviewer=found.id,
            owner=found.owner,
            csrf=secrets.token_urlsafe(32),
            until=now + SESSION_DAYS * 86_400,
        )
    )
    return key


def log_out(connection: Connection, key: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.key == _hash(key)))


def session_of(connection: Connection, key: str) -> Session | None:
    """The session of a key, or None where it has ended."""
    found = connection.execute(
        select(sessions.c.reviewer, reviewers.c.name, sessions.c.owner, sessions.c.csrf)
        .join(reviewers, reviewers.c.id == sessions.c.reviewer)
        .where(
            sessions.c.key == _hash(key),
            sessions.c.until > time.time(),
            reviewers.c.revoked.is_(None),
        )
    ).first()
    return None if found is None else Session(*found)


def _end_sessions(connection: Connection, name: str) -> None:
    of = select(reviewers.c.id).where(reviewers.c.name == name).scalar_subquery()
    connection.execute(delete(sessions).where(sessions.c.reviewer == of))


def _tidy(name: str) -> str:
    tidied = " ".join(name.split())
    if not tidied or len(tidied) > LONGEST_NAME or not tidied.isprintable():
        raise ReviewError(
            f"{name!r} is no name for a reviewer: give 1 to {LONGEST_NAME} printable characters"
        )
    return tidied


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
