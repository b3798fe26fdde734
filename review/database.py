"""The database of a review: SQLite in the run's folder, or PostgreSQL by URL.

What is written goes through one thread, which commits all that has come up in the meantime at
once: with thirty people at work one flush to disk serves several of them, and nobody is answered
before their verdict is safe.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from ..errors import ReviewError, SilversmithError
from .tables import prepare
from .where import DATABASE_VARIABLE

__all__ = ["DATABASE_VARIABLE", "ClashError", "Database", "FullDiskError", "open_database"]

_AT_ONCE = 200

T = TypeVar("T")


class FullDiskError(ReviewError):
    """Nothing can be written for now; what was sent is to be sent again."""


class ClashError(ReviewError):
    """Two did the same at the same moment; done again, it finds what the other one did."""


class Database:
    """A review's database; a context manager.

    Args:
        url: as SQLAlchemy writes it.

    Attributes:
        where: names it to the user, without a password.

    Raises:
        ReviewError: it cannot be reached, is damaged, or is of a newer version.
    """

    def __init__(self, url: str) -> None:
        self.where, self._engine = _engine(url)
        try:
            with _sentences(self.where), self._engine.begin() as connection:
                prepare(connection, self.where)
        except SilversmithError:
            self._engine.dispose()
            raise
        self._waiting: queue.SimpleQueue[tuple[Callable[..., Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._writer = threading.Thread(target=self._write_on, name="verdicts", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def on_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` reads, from one moment of the database.

        Raises:
            ReviewError: the database cannot be read.
        """
        reading = self._engine.execution_options(reads=True)
        with _sentences(self.where), reading.connect() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        """Do `work` in its turn. The result is there once it is safe on disk; where `work` raises,
        nothing of it is kept and the error is the result.

        Raises (from the result):
            FullDiskError: there is no room.
            ReviewError: the database cannot be written.
        """
        result: Future[T] = Future()
        self._waiting.put((work, result))
        return result

    def alone(self, statement: str) -> None:
        """Run a statement outside any transaction (VACUUM and its like).

        Raises:
            ReviewError: the database refuses it.
        """
        level = {} if self.on_sqlite else {"isolation_level": "AUTOCOMMIT"}
        outside = self._engine.execution_options(outside=True, **level)
        with _sentences(self.where), outside.connect() as connection:
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Finish what was begun to be written, and let go of the database."""
        self._waiting.put(None)
        self._writer.join()
        self._engine.dispose()

    def _write_on(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < _AT_ONCE and batch[-1] is not None:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._commit([one for one in batch if one is not None])
            if batch[-1] is None:
                return

    def _commit(self, batch: list[tuple[Callable[..., Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with _sentences(self.where), self._engine.begin() as connection:
                for work, result in batch:
                    try:
                        with _sentences(self.where), connection.begin_nested():
                            done.append((result, work(connection)))
                    except FullDiskError:
                        raise
                    except Exception as error:  # noqa: BLE001 - raised where it is waited for
                        result.set_exception(error)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            for _, result in batch:
                if not result.done():
                    result.set_exception(error)
            return
        for result, value in done:
            result.set_result(value)


def open_database(folder: Path, url: str = "") -> Database:
    """The database of a run's folder: the one that the URL names, or the variable
    `SILVERSMITH_REVIEW_DATABASE`, or else the folder's own `review.db`.

    The folder remembers, without the password, where its reviews are: a command that is not told
    would otherwise find no verdicts where there are thousands.

    Raises:
        ReviewError: the URL is wrong, the database cannot be reached or is not the one that the
            folder's reviews are in.
    """
    url = url or os.environ.get(DATABASE_VARIABLE, "")
    own = folder / "review.db"
    elsewhere = folder / "review-database.txt"
    if not url:
        if elsewhere.exists():
            place = elsewhere.read_text(encoding="utf-8").strip()
            raise ReviewError(
                f"The reviews of {folder} are kept in {place}: give its URL by --database or the"
                f" variable {DATABASE_VARIABLE} (or remove {elsewhere} to begin anew in {own})"
            )
        return Database(f"sqlite:///{own}")
    database = Database(url)
    if not database.on_sqlite or database.where != str(own):
        try:
            elsewhere.write_text(database.where + "\n", encoding="utf-8")
        except OSError as error:
            database.close()
            raise ReviewError(
                f"{elsewhere} could not be written ({error.strerror}): make room or check the"
                " permissions"
            ) from error
    return database


def _engine(url: str) -> tuple[str, Engine]:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and "+" not in parsed.drivername:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise ReviewError(
                f"{parsed.get_backend_name()} is no database for reviews: give a URL such as"
                " postgresql://user@host/name or sqlite:///path/review.db"
            )
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ReviewError("Reviews want a database on disk: sqlite:///path/review.db")
            engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": 30})
            _tend_sqlite(engine)
            return parsed.database, engine
        engine = create_engine(parsed, pool_size=4, max_overflow=4, pool_pre_ping=True)
        shown = parsed.set(drivername="postgresql", query={})
        return shown.set(password=None).render_as_string(), engine
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ReviewError(
            "The database's URL cannot be read: give one such as postgresql://user@host/name or"
            " sqlite:///path/review.db"
        ) from error
    except ImportError as error:
        raise ReviewError(
            "PostgreSQL needs a package that is not installed: pip install"
            " 'silversmith[postgresql]'"
        ) from error


def _tend_sqlite(engine: Engine) -> None:
    """Writers wait for each other from their first statement on; what is answered is on disk."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not in the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")  # what is forgotten is gone from the file
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("outside"):
            return
        connection.exec_driver_sql("BEGIN" if options.get("reads") else "BEGIN IMMEDIATE")


@contextlib.contextmanager
def _sentences(where: str) -> Iterator[None]:
    """What a database says, as a sentence for the user."""
    try:
        yield
    except IntegrityError as error:
        raise ClashError(f"{where}: somebody did the same at the same moment: try again") from error
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        lower = said.lower()
        if "disk is full" in lower or "no space left" in lower or "disk i/o error" in lower:
            raise FullDiskError(
                f"{where} could not be written ({said}): make room; what was decided is kept in"
                " the browser and sent again"
            ) from error
        if "not a database" in lower or "malformed" in lower:
            raise ReviewError(
                f"{where} is damaged or no database ({said}): put it back from a copy, or remove it"
                " to begin anew"
            ) from error
        if "unable to open" in lower or "readonly" in lower:
            raise ReviewError(
                f"{where} cannot be opened ({said}): check the folder and its permissions"
            ) from error
        raise ReviewError(f"{where} does not do what is asked ({said})") from error
