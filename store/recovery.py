"""What can be saved of a damaged journal.

Everything that is whole goes into a fresh journal: replies, settled samples, notes. The damaged
one is never changed; it is set aside under another name. What is lost is asked for again by the
next run, and only where it is still needed.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ..errors import RunFolderError
from .folder import RunFolder, full_disk
from .pages import Pages, Row, Value
from .tables import SCHEMA_VERSION, create_tables

__all__ = ["Recovered", "recover"]

_SIDES = ("-wal", "-shm")
_INSERT = {
    "meta": "INSERT OR REPLACE INTO meta VALUES (?, ?)",
    "samples": "INSERT OR REPLACE INTO samples VALUES (?, ?)",
    "replies": "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "results": "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
}
_COUNTS = (int,) * 5
_SHAPES: dict[tuple[bool, tuple[type, ...]], str] = {
    (False, (str, str)): "meta",
    (True, (bytes,)): "samples",
    (True, (int, str, int, int, bytes, str, *_COUNTS, bytes)): "replies",
    (True, (bytes, int, str, bytes)): "results",
    (True, (bytes, int, type(None), bytes)): "results",
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was saved of a journal.

    Attributes:
        replies, settled: replies of models, and settled samples, in the fresh journal.
        lost_replies: how many replies are missing, at least; what was cut off at the end left
            no trace to count.
        kept_as: where the damaged journal is now.
    """

    replies: int
    settled: int
    lost_replies: int
    kept_as: Path


def recover(folder: RunFolder) -> Recovered | None:
    """Put a fresh journal with all that can be read in the place of a damaged one.

    A recovery that was cut short is ended. Wants room on the disk for a second journal.

    Returns:
        What was saved; None where the journal is sound, and nothing was done.

    Raises:
        RunFolderError: there is no journal, or nothing can be read of it; or the disk is full.
    """
    fresh = folder.recovered_journal
    if not (folder.journal.exists() or fresh.exists()):
        raise RunFolderError(f"{folder.path} holds no journal: name a run's folder")
    with folder.open(recovering=True):
        try:
            if not fresh.exists():
                if _is_sound(folder.journal):
                    return None
                _save(folder.journal, fresh)
            kept_as = _swap(folder.journal, fresh)
            return _counted(folder, kept_as)
        except OSError as error:
            raise full_disk(folder.journal, error) from error


def _is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong, and every reply and sample is whole."""
    if not path.stat().st_size:
        return False
    # Without a log there is nothing to wait for, and SQLite need not put one beside the file.
    logged = path.with_name(path.name + "-wal").exists()
    uri = f"{path.resolve().as_uri()}?{'mode=ro' if logged else 'immutable=1'}"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            version = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
            for table, column in (("replies", "body"), ("results", "payload")):
                for (data,) in db.execute(f"SELECT {column} FROM {table}"):
                    zlib.decompress(data)
    except (sqlite3.DatabaseError, zlib.error, TypeError):
        return False
    return found == "ok" and version is not None


def _save(journal: Path, fresh: Path) -> None:
    """Write what can be read into the fresh journal; it has its name when it is whole."""
    part = fresh.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            create_tables(db)
            db.execute("BEGIN")
            found = 0
            with Pages(journal) as pages:
                for table, values in _entries(pages.rows()):
                    db.execute(_INSERT[table], values)
                    found += table != "meta"
            if not found:
                raise RunFolderError(
                    f"Nothing can be read of {journal}: restore it from a copy, or choose another"
                    " --out; it has not been changed"
                )
            _name_samples(db)
            db.execute("COMMIT")
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        part.rename(fresh)
    except sqlite3.OperationalError as error:
        raise full_disk(part, OSError(str(error))) from error
    finally:
        part.unlink(missing_ok=True)


def _entries(rows: Iterator[Row]) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The rows that are whole entries of a journal, and their tables.

    Raises:
        RunFolderError: the journal is of a newer version.
    """
    for row in rows:
        # In a table with rowids the first column is the rowid, and stored as null.
        numbered = row.rowid is not None
        values = row.values[1:] if numbered else row.values
        table = _SHAPES.get((numbered, tuple(type(value) for value in values)))
        if table == "meta":
            if values[0] == "schema_version":
                _check_version(str(values[1]))
            else:
                yield table, values
        elif table and row.rowid and row.values[0] is None and _is_whole(table, values[-1]):
            yield table, (row.rowid, *values)


def _check_version(version: str) -> None:
    if version.isdecimal() and int(version) > SCHEMA_VERSION:
        raise RunFolderError(
            f"The journal was written by a newer silversmith (version {version}, this one knows"
            f" {SCHEMA_VERSION}): upgrade silversmith to recover it"
        )


def _is_whole(table: str, data: Any) -> bool:
    if table == "samples":
        return len(data) == 16
    try:
        zlib.decompress(data)
    except zlib.error:
        return False
    return True


def _name_samples(db: sqlite3.Connection) -> None:
    """Settle which sample each result belongs to: where its name is lost, the sample itself
    says it."""
    known = {id_ for (id_,) in db.execute("SELECT id FROM samples")}
    nameless = "SELECT sample FROM results WHERE sample NOT IN (SELECT n FROM samples)"
    for (n,) in db.execute(nameless).fetchall():
        (payload,) = db.execute("SELECT payload FROM results WHERE sample = ?", (n,)).fetchone()
        try:
            name = bytes.fromhex(orjson.loads(zlib.decompress(payload))["id"])
        except (ValueError, KeyError, TypeError):
            name = b""
        if len(name) == 16 and name not in known:
            known.add(name)
            db.execute(_INSERT["samples"], (n, name))
        else:
            db.execute("DELETE FROM results WHERE sample = ?", (n,))


def _swap(journal: Path, fresh: Path) -> Path:
    """Set the damaged journal aside and put the fresh one in its place. The log goes first: next
    to another journal SQLite would take it for that one's."""
    aside = _free_name(journal)
    for side in _SIDES:
        beside = journal.with_name(journal.name + side)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + side))
    if journal.exists():
        journal.rename(aside)
    fresh.rename(journal)
    return aside


def _free_name(journal: Path) -> Path:
    """journal.damaged-1.db and on. A recovery that was cut short goes on under the same name."""
    number = 1
    while (name := journal.with_name(f"journal.damaged-{number}.db")).exists():
        number += 1
    if not journal.exists():
        name = journal.with_name(f"journal.damaged-{number - 1}.db")
    return name


def _counted(folder: RunFolder, kept_as: Path) -> Recovered:
    with closing(sqlite3.connect(folder.journal)) as db:
        replies, last = db.execute("SELECT count(*), max(n) FROM replies").fetchone()
        (settled,) = db.execute("SELECT count(*) FROM results").fetchone()
    noted = folder.manifest() or {}
    once = sum(one["calls"] for one in noted.get("usage", ()))
    return Recovered(replies, settled, max(last or 0, once) - replies, kept_as)
