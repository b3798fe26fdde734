"""Which evaluation a log is of, by what is in it."""

from __future__ import annotations

from itertools import chain, islice

from ...errors import SeedError
from ..base import OnBadRow
from ..files import File
from ..rows import SUFFIXES, read_rows
from .log import Log, Scoring
from .rows import read_rows_log

__all__ = ["LOG_SUFFIXES", "read_log"]

LOG_SUFFIXES = (*SUFFIXES, ".eval")
"""Endings of the files that `read_log` reads."""


def read_log(file: File, scoring: Scoring, on_bad_row: OnBadRow | None = None) -> Log:
    """The items of an evaluation log.

    Args:
        file: the log.
        scoring: how it is to be read.
        on_bad_row: is told of a line that cannot be read at all; without it such a line ends the
            reading.

    Raises:
        SeedError: the log cannot be read, is of a version that is not known, or holds no item
            that can be used.
    """
    rows = read_rows(file, on_bad_row)
    first = list(islice(rows, 1))
    log = read_rows_log(file.name, chain(first, rows), scoring)
    if not log.items:
        why = f" ({log.unusable[0].where} {log.unusable[0].reason})" if log.unusable else ""
        raise SeedError(f"{file.name}: holds no item of an evaluation that can be used{why}")
    return log
