"""The journal's tables.

`samples` gives each sample's id a small number, so that all else has integer keys that grow;
`replies` holds raw bodies, compressed; `results` holds samples that are settled, whole or failed;
`roster` is what the latest run plans, in the dataset's order; `meta` holds notes.
"""

from __future__ import annotations

import sqlite3

__all__ = ["SCHEMA_VERSION", "create_tables"]

SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE samples(n INTEGER PRIMARY KEY, id BLOB NOT NULL);
CREATE TABLE replies(
    n INTEGER PRIMARY KEY, sample INTEGER NOT NULL, asker TEXT NOT NULL, turn INTEGER NOT NULL,
    attempt INTEGER NOT NULL, fingerprint BLOB NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, paid INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX replies_of_sample ON replies(sample);
CREATE TABLE results(
    sample INTEGER PRIMARY KEY, settings BLOB NOT NULL, state INTEGER NOT NULL,
    reason TEXT, payload BLOB NOT NULL);
CREATE TABLE roster(place INTEGER PRIMARY KEY, sample INTEGER NOT NULL);
"""


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables of a new journal, all at once: a process that is killed meanwhile leaves
    none.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    version = f"INSERT INTO meta VALUES ('schema_version', '{SCHEMA_VERSION}');"
    db.executescript(f"BEGIN IMMEDIATE;{_TABLES}{version}COMMIT;")
