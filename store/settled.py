"""The settled samples of a run that still goes on."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from .entries import DRAFTED, FAILED, Result

__all__ = ["Settled"]

ROOM, SEGMENT = 16 << 20, 1 << 18
"""Bytes of samples that are held until they are read, and of them in a piece; what is more is read
from the journal."""


class Settled:
    """Reads from a journal what is settled for good, in the dataset's order, up to the first
    sample that is not. A context manager, with a connection of its own: it may be used in another
    thread than the journal.

    Which samples are settled is the journal's to say. The samples themselves it need not read where
    it `hears` of them: that spares unpacking them, and the thread a step for each of them in which
    it hands over the interpreter lock, which costs the event loop more than the reading.

    Args:
        path: the journal, whose run has begun.
        settings: those by which a sample counts as settled.
        retry_failed: whether samples that failed are taken up again.

    Attributes:
        place: the place of the dataset up to which it has read; -1 before the first.
    """

    def __init__(self, path: Path, settings: Collection[bytes], *, retry_failed: bool) -> None:
        self._path = path
        self._settings = tuple(set(settings))
        self._final = (DRAFTED,) if retry_failed else (DRAFTED, FAILED)
        self.place = -1
        self._seen = -1
        # Copied one behind the other: held each by itself, among what comes and goes, they would
        # keep several times their own size from being used again.
        self._segment = bytearray()
        self._heard: dict[int, tuple[bytearray, int, int]] = {}
        self._room = ROOM
        self._lock = Lock()

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
        self._heard.clear()

    def hear(self, result: Result) -> None:
        """Hold a sample that is about to be settled until it is read, where there is room."""
        with self._lock:
            size = len(result.payload)
            if result.failed or size > self._room:
                return
            self._room -= size
            if len(self._segment) + size > SEGMENT:
                self._segment = bytearray()
            start = len(self._segment)
            self._segment += result.payload
            self._heard[result.sample] = self._segment, start, start + size

    def next(self, count: int, least: int | None = None) -> list[bytes] | None:
        """The next so many samples that did not fail, as JSON; None where there are not as many
        yet.

        Args:
            least: how many will do; by default `count`.

        Raises:
            sqlite3.Error, zlib.error: the journal cannot be read.
        """
        # What has been seen to be settled stays so: each look begins where the last one ended.
        # Each statement has one row, so that SQLite does its work in one step.
        self._seen = self._one(
            "SELECT coalesce((SELECT place FROM roster LEFT JOIN results USING (sample)"
            f" WHERE place > ? AND (state IS NULL OR state NOT IN ({_marks(self._final)})"
            f" OR settings NOT IN ({_marks(self._settings)})) ORDER BY place LIMIT 1) - 1,"
            " (SELECT max(place) FROM roster), -1)",
            (self._seen, *self._final, *self._settings),
        )
        span = (self.place, self._seen, DRAFTED)
        there = self._one(f"SELECT count(*) {_DRAFTED}", span)
        if there < (count if least is None else least):
            return None
        listed = self._one(
            "SELECT group_concat(place || ' ' || sample) FROM"
            f" (SELECT place, sample {_DRAFTED} ORDER BY place LIMIT ?)",
            (*span, count),
        )
        pairs = sorted(tuple(map(int, pair.split())) for pair in listed.split(","))
        start, self.place = self.place, pairs[-1][0]
        with self._lock:
            found = {n: self._taken(n) for _, n in pairs if n in self._heard}
        if len(found) < len(pairs):
            rows = self._db.execute(
                f"SELECT sample, payload {_DRAFTED}", (start, self.place, DRAFTED)
            )
            for n, payload in rows.fetchall():
                if n not in found:
                    found[n] = zlib.decompress(payload)
        return [found[n] for _, n in pairs]

    def _taken(self, number: int) -> bytes:
        segment, start, end = self._heard.pop(number)
        self._room += end - start
        with memoryview(segment) as whole:
            return bytes(whole[start:end])

    def _one(self, query: str, values: tuple[object, ...]) -> Any:
        (value,) = self._db.execute(query, values).fetchone()
        return value


_DRAFTED = "FROM roster JOIN results USING (sample) WHERE place > ? AND place <= ? AND state = ?"


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
