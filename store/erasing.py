"""Samples taken out of a journal for good, each with a tombstone in its place."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from ..errors import RunFolderError
from .entries import FAILED

__all__ = ["FORGOTTEN", "erase", "set_aside", "settled_rows", "tombstone", "unsettled"]

FORGOTTEN = "forgotten on request"
"""The reason that stands in a tombstone."""


def settled_rows(journal: Path) -> Iterator[dict[str, Any]]:
    """All settled samples of a journal, those of earlier plans included.

    Raises:
        RunFolderError: it cannot be read.
    """
    try:
        with closing(sqlite3.connect(journal)) as db:
            for (payload,) in db.execute("SELECT payload FROM results ORDER BY sample"):
                yield orjson.loads(zlib.decompress(payload))
    except (sqlite3.Error, zlib.error) as error:
        raise _unreadable(journal, error) from error


def unsettled(journal: Path) -> int:
    """How many samples have replies in a journal and are not settled: which seed these are of is
    not known there."""
    query = (
        "SELECT count(DISTINCT sample) FROM replies WHERE sample NOT IN"
        " (SELECT sample FROM results)"
    )
    try:
        with closing(sqlite3.connect(journal)) as db:
            return int(db.execute(query).fetchone()[0])
    except sqlite3.Error as error:
        raise _unreadable(journal, error) from error


def set_aside(journal: Path) -> list[Path]:
    """Damaged journals that `recover` has set aside, with their logs."""
    return sorted(journal.parent.glob("journal.damaged-*"))


def tombstone(row: dict[str, Any]) -> dict[str, Any]:
    """What is left of a sample: its id, its strategy, and that it is forgotten."""
    failure = {"stage": "forgotten", "reason": FORGOTTEN, "reply": "", "transient": False}
    return {
        "id": row["id"],
        "strategy": row.get("strategy") or "",
        "messages": [],
        "failure": failure,
    }


def erase(journal: Path, ids: Collection[str], *, with_unsettled: bool = False) -> tuple[int, int]:
    """Take the replies and texts of samples out of a journal, and leave tombstones.

    A tombstone is a failed sample that is settled by the same settings, so that the same command
    does not ask for it again and the books still balance. The file is then written anew and its log
    emptied, so that no free page holds what was taken out.

    Args:
        ids: of settled samples.
        with_unsettled: whether the replies of all samples that are not settled go too.

    Returns:
        How many samples, and how many replies.

    Raises:
        RunFolderError: it cannot be written.
    """
    try:
        with closing(sqlite3.connect(journal, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete=ON")
            db.execute("BEGIN IMMEDIATE")
            db.execute("CREATE TEMP TABLE going(sample INTEGER PRIMARY KEY)")
            stones = []
            for sample, payload in db.execute("SELECT sample, payload FROM results"):
                row = orjson.loads(zlib.decompress(payload))
                if row["id"] in ids:
                    stone = zlib.compress(orjson.dumps(tombstone(row)), 6)
                    stones.append((FAILED, FORGOTTEN, stone, sample))
            db.executemany(
                "UPDATE results SET state = ?, reason = ?, payload = ? WHERE sample = ?", stones
            )
            db.executemany("INSERT INTO going VALUES (?)", [(one[3],) for one in stones])
            if with_unsettled:
                db.execute(
                    "INSERT INTO going SELECT DISTINCT sample FROM replies WHERE sample NOT IN"
                    " (SELECT sample FROM results)"
                )
            # The bodies go; that they were paid for, and what for, stays in the books.
            gone = db.execute(
                "UPDATE replies SET body = ?, fingerprint = x'' WHERE sample IN"
                " (SELECT sample FROM going)",
                (zlib.compress(b""),),
            ).rowcount
            db.execute("COMMIT")
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, zlib.error) as error:
        raise _unreadable(journal, error) from error
    return len(stones), gone


def _unreadable(journal: Path, error: Exception) -> RunFolderError:
    return RunFolderError(
        f"{journal} cannot be read or written ({error}): make room or check the permissions, or"
        f" save what can be read of it by `silversmith recover {journal.parent}`"
    )
