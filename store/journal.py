"""The journal: every reply of a model and every sample's state, in one SQLite file.

The event loop's own thread writes, in groups: what is added within a few milliseconds is one
transaction, and `durable()` returns when it is committed. (A writer thread of its own was slower:
each statement hands the interpreter lock back and forth.) The file is in WAL mode with
`synchronous=NORMAL`: a killed process loses nothing that was committed; a power cut may lose
what was committed since the last checkpoint, at most about a second's worth, and harms nothing.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from isal import isal_zlib

from ..errors import RunFolderError
from ..records import Usage
from .entries import (
    DRAFTED,
    FAILED,
    FAILED_TRANSIENT,
    KeptReply,
    ReplyKey,
    Result,
    Spending,
    Standing,
)
from .gathering import Gathering
from .numbers import Numbers
from .standings import Standings
from .tables import SCHEMA_VERSION, create_tables

__all__ = ["Journal"]

GROUP_REPLIES = 32
CHECKPOINT_SECONDS = 1.0
LOG_PAGES = 16_384
"""Pages of 4 KiB from which on the log (WAL) is begun anew: 64 MiB. A writer that never rests adds
to it while it is moved into the file, so that it would grow to many times the journal."""
_SHORT_READ = sqlite3.SQLITE_IOERR | 2 << 8


class Journal:
    """The journal of one run folder; a context manager, used from one event loop.

    Args:
        path: the file.
        enrols: False in a process that is told the samples' numbers by another.

    Attributes:
        numbers: the samples' numbers by their ids.
        first_new: the first number that no earlier run has given.
        on_settled: is told of each sample that is being settled.

    Raises:
        RunFolderError: the file is damaged, of a newer version, or the disk is full.
    """

    def __init__(self, path: Path, *, enrols: bool = True) -> None:
        self.path = path
        self.numbers = Numbers()
        self.on_settled: Callable[[Result], object] | None = None
        self._samples: list[tuple[Any, ...]] = []
        self._roster: list[tuple[Any, ...]] = []
        self._replies: list[tuple[Any, ...]] = []
        self._results: list[tuple[Any, ...]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._afterwards: list[Callable[[], object]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_loop: asyncio.AbstractEventLoop
        self._written = -math.inf
        self._gathering = Gathering()
        self._closing = threading.Event()
        with self._explained("opening"):
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint=0")
            self._db.execute("PRAGMA cache_size=-16000")
            self._create_or_check()
            if enrols:
                (count,) = self._db.execute("SELECT count(*) FROM samples").fetchone()
                self.numbers = Numbers(room_for=count)
                for n, id_ in self._db.execute("SELECT n, id FROM samples"):
                    self.numbers.add(id_, n)
            # A number is never given twice, even where damage took the sample that had it.
            used = "SELECT max(sample) FROM replies UNION SELECT max(sample) FROM results"
            numbers = [n for (n,) in self._db.execute(used) if n is not None]
        self._last = max([self.numbers.last, *numbers])
        self.first_new = self._last + 1
        self._checkpointer = threading.Thread(target=self._checkpoint, daemon=True)

    def __enter__(self) -> Self:
        self._checkpointer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.flush()
        finally:
            self._closing.set()
            self._checkpointer.join()
            self._db.close()

    # What is planned

    def begin(self, settings: Collection[bytes]) -> None:
        """Begin a run: what an earlier one planned is forgotten (the samples themselves stay),
        and what was settled by other settings counts as pending until it is settled again."""
        with self._explained("writing"):
            self._db.execute("DELETE FROM roster")
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS current(settings BLOB PRIMARY KEY)")
            self._db.execute("DELETE FROM current")
            rows = [(one,) for one in set(settings)]
            self._db.executemany("INSERT INTO current VALUES (?)", rows)
            self._db.execute(
                "CREATE TEMP VIEW IF NOT EXISTS done AS SELECT place, sample, state, reason,"
                " payload FROM roster JOIN results USING (sample)"
                " WHERE settings IN (SELECT settings FROM current)"
            )

    def enrol(self, place: int, sample_id: bytes) -> int:
        """Note that the sample stands at `place` of the dataset, instead of any that was noted
        there before; returns its number."""
        n = self.numbers.get(sample_id)
        if n is None:
            self._last = n = self._last + 1
            self.numbers.add(sample_id, n)
            self._samples.append((n, sample_id))
        self._roster.append((place, n))
        self._later()
        return n

    def settled(self) -> Standings:
        """How each settled sample stands, by its number."""
        with self._explained("reading"):
            rows = self._db.execute("SELECT sample, settings, state FROM results")
            return Standings((n, Standing(settings, state)) for n, settings, state in rows)

    # What models said, and what became of it

    def keep(self, reply: KeptReply) -> None:
        """Keep a reply; it is safe once `durable()` has returned."""
        usage = reply.usage
        self._replies.append(
            (
                reply.sample,
                reply.key.asker,
                reply.key.turn,
                reply.key.attempt,
                reply.key.fingerprint,
                reply.model,
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_tokens,
                usage.reasoning_tokens,
                reply.paid,
                _packed(reply.body),
            )
        )
        self._later()

    def settle(self, result: Result) -> None:
        """Keep a settled sample, instead of what was known of it before."""
        payload = _packed(result.payload)
        row = (result.sample, result.settings, result.state, result.reason, payload)
        self._results.append(row)
        if self.on_settled is not None:
            self.on_settled(result)
        self._later()

    async def durable(self) -> None:
        """Return when all that has been added so far is committed."""
        if self._timer is not None:
            waiting = self._timer_loop.create_future()
            self._waiting.append(waiting)
            await waiting

    def afterwards(self, then: Callable[[], object]) -> None:
        """Call `then` as soon as the journal has tried to commit all that has been added so far,
        before anybody goes on who waits for it by `durable()`."""
        if self._timer is None:
            then()
        else:
            self._afterwards.append(then)

    def replies(self, sample: int) -> dict[ReplyKey, bytes]:
        """The bodies of the replies that a sample has, by what they answered."""
        with self._explained("reading"):
            rows = self._db.execute(
                "SELECT asker, turn, attempt, fingerprint, body FROM replies WHERE sample = ?"
                " ORDER BY n",
                (sample,),
            )
            return {ReplyKey(*key): zlib.decompress(body) for *key, body in rows}

    def replies_by_id(self, sample_id: bytes) -> dict[ReplyKey, bytes]:
        """The replies of a sample that is named by its id."""
        n = self.numbers.get(sample_id)
        return {} if n is None else self.replies(n)

    def spending(self) -> list[Spending]:
        """What has been used, by asker and model."""
        self.flush()
        with self._explained("reading"):
            rows = self._db.execute(
                "SELECT asker, model, count(*), sum(input_tokens), sum(output_tokens),"
                " sum(cached_tokens), sum(reasoning_tokens), sum(attempt > 0),"
                " sum(input_tokens + output_tokens = 0) FROM replies WHERE paid"
                " GROUP BY asker, model ORDER BY asker, model"
            )
            return [
                Spending(asker, model, Usage(*counts), repeated, unmetered)
                for asker, model, *counts, repeated, unmetered in rows
            ]

    # The dataset

    def dataset(self, *, failed: bool, after: int = -1) -> Iterator[bytes]:
        """The settled samples of the roster as JSON, in the dataset's order: those that failed,
        or those that did not; only those behind the place `after`."""
        self.flush()
        states = (FAILED, FAILED_TRANSIENT) if failed else (DRAFTED, DRAFTED)
        with self._explained("reading"):
            rows = self._db.execute(
                "SELECT payload FROM done WHERE state IN (?, ?) AND place > ? ORDER BY place",
                (*states, after),
            )
            for (payload,) in rows:
                yield zlib.decompress(payload)

    def counts(self) -> tuple[int, int, int]:
        """How many samples of the roster there are: planned, drafted and judged, failed."""
        self.flush()
        with self._explained("reading"):
            (planned,) = self._db.execute("SELECT count(*) FROM roster").fetchone()
            by_state = dict(self._db.execute("SELECT state, count(*) FROM done GROUP BY state"))
        failed = by_state.get(FAILED, 0) + by_state.get(FAILED_TRANSIENT, 0)
        return planned, by_state.get(DRAFTED, 0), failed

    def failures(self) -> list[tuple[str, int]]:
        """How often each reason occurs among the roster's failed samples, the commonest first."""
        with self._explained("reading"):
            return self._db.execute(
                "SELECT reason, count(*) FROM done WHERE state != 0 GROUP BY reason"
                " ORDER BY count(*) DESC, reason"
            ).fetchall()

    def transient_failures(self) -> int:
        """How many of the roster's samples failed in a way that may pass."""
        with self._explained("reading"):
            (count,) = self._db.execute(
                "SELECT count(*) FROM roster JOIN results USING (sample) WHERE state = ?",
                (FAILED_TRANSIENT,),
            ).fetchone()
        return int(count)

    def asked(self, asker: str) -> tuple[int, Usage]:
        """For how many samples an asker has replies, and what these took in all."""
        with self._explained("reading"):
            samples, *counts = self._db.execute(
                "SELECT count(DISTINCT sample), count(*), total(input_tokens),"
                " total(output_tokens), total(cached_tokens), total(reasoning_tokens)"
                " FROM replies WHERE asker = ?",
                (asker,),
            ).fetchone()
        return samples, Usage(*(int(c) for c in counts))

    def samples_of(self, asker: str) -> set[int]:
        """The samples for which an asker has replies."""
        with self._explained("reading"):
            rows = self._db.execute("SELECT DISTINCT sample FROM replies WHERE asker = ?", (asker,))
            return {n for (n,) in rows}

    def begun(self) -> dict[str, int]:
        """For each asker, for how many of the roster's samples that are not settled it has
        replies."""
        self.flush()
        with self._explained("reading"):
            return dict(
                self._db.execute(
                    "SELECT asker, count(DISTINCT sample) FROM roster JOIN replies USING (sample)"
                    " WHERE sample NOT IN (SELECT sample FROM results) GROUP BY asker"
                )
            )

    # Notes

    def note(self, key: str) -> str | None:
        """The value noted under a key, or None."""
        with self._explained("reading"):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, key: str, value: str) -> None:
        """Note a value under a key, at once."""
        with self._explained("writing"):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def change_note(self, key: str, change: Callable[[str | None], str]) -> None:
        """Replace what is noted under a key by what `change` makes of it, with no other process
        in between."""
        with self._explained("writing"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self.set_note(key, change(self.note(key)))
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # Writing in groups

    def _later(self) -> None:
        """See to it that what has been added is committed: soon, or now if it is much.

        Raises:
            RunFolderError: it was much, and could not be written.
        """
        if len(self._replies) >= GROUP_REPLIES:
            self.flush()
        elif self._timer is None:
            self._timer_loop = asyncio.get_running_loop()
            at = max(self._timer_loop.time(), self._written + self._gathering.seconds)
            self._timer = self._timer_loop.call_at(at, self._write_group)

    def _write_group(self) -> None:
        self._written = self._timer_loop.time()
        self._gathering.look()
        with suppress(RunFolderError):  # whoever waits is told
            self.flush()

    def flush(self) -> None:
        """Commit all that has been added so far, and tell those who wait for it how it went."""
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting, self._timer = self._waiting, [], None
        afterwards, self._afterwards = self._afterwards, []
        waiting = [one for one in waiting if not one.get_loop().is_closed()]
        try:
            self._write()
        except RunFolderError as error:
            for one in waiting:
                if not one.done():
                    one.set_exception(error)
            raise
        finally:
            for then in afterwards:
                then()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    def _write(self) -> None:
        if not (self._samples or self._roster or self._replies or self._results):
            return
        db = self._db
        with self._explained("writing"):
            db.execute("BEGIN IMMEDIATE")
            try:
                db.executemany("INSERT INTO samples VALUES (?, ?)", self._samples)
                db.executemany("INSERT OR REPLACE INTO roster VALUES (?, ?)", self._roster)
                db.executemany(
                    "INSERT INTO replies VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    self._replies,
                )
                db.executemany(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", self._results
                )
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        self._samples.clear()
        self._roster.clear()
        self._replies.clear()
        self._results.clear()

    def _checkpoint(self) -> None:
        """Move the log (WAL) into the file now and then, outside the event loop's thread: it waits
        for the disk. Where the log is long, the writer is held up for the little that is left to
        move, and then writes it from its beginning again."""
        # A full or broken disk is the writer's to report: it meets it too.
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.path)) as db:
            while not self._closing.wait(CHECKPOINT_SECONDS):
                with suppress(sqlite3.Error):
                    _, pages, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                    if pages >= LOG_PAGES:
                        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    # What may be wrong with the file

    def _create_or_check(self) -> None:
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        if not tables:
            create_tables(self._db)
            return
        version = self.note("schema_version") if "meta" in tables else None
        if version is None or not version.isdecimal():
            raise RunFolderError(f"{self.path} is no journal of silversmith; choose another --out")
        if int(version) > SCHEMA_VERSION:
            raise RunFolderError(
                f"{self.path} was written by a newer silversmith (journal version {version}, this"
                f" one knows {SCHEMA_VERSION}): upgrade silversmith, or choose another --out"
            )

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Turn what SQLite raises into a sentence."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # ours, not the file's
        except sqlite3.Error as error:
            raise RunFolderError(self._explain(doing, error)) from error
        except zlib.error as error:
            raise RunFolderError(self._damaged(f"{error} while {doing}")) from error

    def _explain(self, doing: str, error: sqlite3.Error) -> str:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        kind = code & 0xFF
        if kind == sqlite3.SQLITE_FULL or (kind == sqlite3.SQLITE_IOERR and code != _SHORT_READ):
            return (
                f"The disk is full or failing ({text} while {doing} {self.path}): make room and"
                " run the same command again; what is in the journal is safe"
            )
        if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"{self.path} cannot be written ({text}): check the folder's permissions"
        if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return f"{self.path} is in use by another program: wait for it, or choose another --out"
        return self._damaged(f"{text} while {doing}")

    def _damaged(self, why: str) -> str:
        return (
            f"The journal {self.path} is damaged ({why}): restore it from a copy, or save what can"
            f" still be read of it by `silversmith recover {self.path.parent}`"
        )


def _packed(data: bytes) -> bytes:
    """Compressed, in zlib's format (RFC 1950). The Intelligent Storage Acceleration Library takes
    a third of zlib's time for the same size; whatever reads zlib reads it."""
    return isal_zlib.compress(data, 2)
