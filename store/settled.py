"""The settled samples of a run that still goes on."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from .entries import DRAFTED, FAILED

__all__ = ["Settled"]


class Settled:
    """Reads from a journal what is settled for good, in the dataset's order, up to the first
    sample that is not. A context manager, with a connection of its own: it may be used in another
    thread than the journal.

    Args:
        path: the journal, whose run has begun.
        settings: those by which a sample counts as settled.
        retry_failed: whether samples that failed are taken up again.

    Attributes:
        place: the place of the dataset up to which it has read; -1 before the first.
    """

    def __init__(self, path: Path, settings: Collection[bytes], *, retry_failed: bool) -> None:
        self._path = path
        self._settings = frozenset(settings)
        self._final = {DRAFTED} if retry_failed else {DRAFTED, FAILED}
        self.place = -1
        self._seen = -1
        self._waiting = 0

    def __enter__(self) -> Self:
        self._db = sqlite3.connect(self._path, check_same_thread=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def next(self, count: int) -> list[bytes] | None:
        """The next so many samples that did not fail, as JSON; None where there are not as many
        yet.

        Raises:
            sqlite3.Error, zlib.error: the journal cannot be read.
        """
        # What has been seen to be settled stays so: each look begins where the last one ended, and
        # the samples themselves are read once there are enough of them.
        rows = self._db.execute(
            "SELECT place, state, results.settings FROM roster LEFT JOIN results USING (sample)"
            " WHERE place > ? ORDER BY place",
            (self._seen,),
        )
        with closing(rows):  # an open reader would keep the log from being moved into the file
            for place, state, settings in rows:
                if state not in self._final or settings not in self._settings:
                    return None
                self._seen = place
                self._waiting += state == DRAFTED
                if self._waiting == count:
                    break
            else:
                return None
        found = self._db.execute(
            "SELECT payload FROM roster JOIN results USING (sample)"
            " WHERE place > ? AND place <= ? AND state = ? ORDER BY place",
            (self.place, self._seen, DRAFTED),
        ).fetchall()
        self.place, self._waiting = self._seen, 0
        return [zlib.decompress(payload) for (payload,) in found]
