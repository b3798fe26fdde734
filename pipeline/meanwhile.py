"""What is done while models are waited for."""

from __future__ import annotations

import sqlite3
from threading import Event, Thread
from types import TracebackType
from typing import Self

from ..errors import RunFolderError
from ..records import load_columns
from ..store import Settled
from .batches import ROWS_AT_A_TIME
from .books import Books
from .filtering import Filtering
from .planning import expected_samples
from .recipe import Recipe

__all__ = ["Meanwhile"]

WAIT_SECONDS = 0.01
COUNT_SECONDS = 20.0
LOOK_SECONDS = 0.5

LAST_LOOK_SECONDS = 0.05
LAST_ROWS = 100
"""Once all is planned, the models answer the last requests, and there is nothing else to do: so
that little is left when they are answered, it looks more often, and takes fewer samples."""


class Meanwhile:
    """A thread that loads what the filters need, counts how many samples there will be, and
    filters what is settled already. It begins when the first request is under way, by which the
    endpoint is tried out: until it is answered there is nothing else to do.

    A context manager; after `stop`, `settled.place` says up to where the dataset is filtered.

    Args:
        one_by_one: whether the fate of a sample is known as soon as it is settled.
    """

    def __init__(
        self,
        recipe: Recipe,
        books: Books,
        filtering: Filtering,
        settled: Settled,
        *,
        one_by_one: bool,
    ) -> None:
        self.settled = settled
        self._recipe = recipe
        self._books = books
        self._filtering = filtering
        self.one_by_one = one_by_one
        self._ended = Event()
        self._error: Exception | None = None
        self._thread = Thread(target=self._work, name="meanwhile", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def stop(self) -> None:
        """Stop, and wait for it.

        Raises:
            CheckError, RunFolderError: what was settled cannot be filtered.
        """
        self.__exit__(None, None, None)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while not any(meter.calls for meter in self._books.meters.values()):
            if self._ended.wait(WAIT_SECONDS):
                return
        try:
            load_columns()
            if self._recipe.target is None:  # with a target nobody knows yet
                self._books.expected = expected_samples(self._recipe, COUNT_SECONDS, self._ended)
            if self.one_by_one:
                self._filter()
        except sqlite3.Error as error:
            self._error = RunFolderError(f"the journal cannot be read ({error})")
        except Exception as error:  # noqa: BLE001 - carried over to `stop`
            self._error = error

    def _filter(self) -> None:
        with self.settled as settled:
            while not self._ended.wait(LAST_LOOK_SECONDS if self._all_planned else LOOK_SECONDS):
                least = LAST_ROWS if self._all_planned else ROWS_AT_A_TIME
                while not self._ended.is_set() and (rows := settled.next(ROWS_AT_A_TIME, least)):
                    self._filtering.add(rows)

    @property
    def _all_planned(self) -> bool:
        expected = self._books.expected
        return expected is not None and self._books.planned >= expected
