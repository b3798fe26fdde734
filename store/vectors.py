"""Embeddings that have been paid for, kept in a run's folder so that none is paid for twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import RunFolderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["VectorStore"]

_KEYS_AT_ONCE = 500


class VectorStore:
    """A SQLite file of vectors by keys; a context manager.

    Args:
        path: the file, which is made where there is none.

    Raises:
        RunFolderError: it is damaged, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained("opening"):
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS vectors(key BLOB PRIMARY KEY, vector BLOB)"
                " WITHOUT ROWID"
            )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS spent(model TEXT PRIMARY KEY, calls INTEGER,"
                " tokens INTEGER, unmetered INTEGER)"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are known, by their keys."""
        import numpy as np

        found: dict[bytes, NDArray[np.float32]] = {}
        with self._explained("reading"):
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                some = keys[start : start + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                for key, vector in self._db.execute(query, some):
                    found[key] = np.frombuffer(vector, "<f4")
        return found

    def put(
        self, model: str, vectors: Mapping[bytes, NDArray[np.float32]], tokens: int | None
    ) -> None:
        """Keep what one request gave; it is safe when this returns.

        Args:
            model: what the recipe calls the model.
            vectors: by their keys.
            tokens: what the request took; 0 where the endpoint does not say, None where the
                model is on this machine and nothing was asked of an endpoint.
        """
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        with self._explained("writing"):
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            if tokens is not None:
                self._db.execute(
                    "INSERT INTO spent VALUES (?, 1, ?, ?) ON CONFLICT (model) DO UPDATE SET"
                    " calls = calls + 1, tokens = tokens + excluded.tokens,"
                    " unmetered = unmetered + excluded.unmetered",
                    (model, tokens, int(not tokens)),
                )
            self._db.execute("COMMIT")

    def spent(self) -> list[tuple[str, int, int, int]]:
        """Model, requests, tokens, and requests of which nobody knows the tokens."""
        with self._explained("reading"):
            return list(self._db.execute("SELECT * FROM spent ORDER BY model"))

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise RunFolderError(
                f"{self._path}: {doing} it failed ({error}); free some space, or move the file "
                "away: the embeddings in it are asked for again then"
            ) from error
