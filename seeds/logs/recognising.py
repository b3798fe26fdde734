"""Which evaluation a log is of, by what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

from ...errors import SeedError
from ..base import OnBadRow
from ..files import File, at_hand, reason_of
from ..rows import SUFFIXES, read_rows
from ..values import plain
from .inspect import is_inspect, read_inspect, read_inspect_zip
from .lm_eval import is_lm_eval, is_lm_eval_totals, read_lm_eval
from .log import Log, Scoring
from .openai_evals import is_openai_evals, read_openai_evals
from .promptfoo import is_promptfoo, is_promptfoo_row, read_promptfoo, read_promptfoo_rows
from .rows import read_rows_log

__all__ = ["LOG_SUFFIXES", "read_log"]

LOG_SUFFIXES = (*SUFFIXES, ".eval")
"""Endings of the files that `read_log` reads."""

_ZIP = b"PK\x03\x04"


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
    with at_hand(file) as here:
        log = _log(here, scoring, on_bad_row)
    if not log.items:
        first = log.unusable[0] if log.unusable else None
        why = "" if first is None else f" ({first.where} {first.reason})"
        raise SeedError(f"{file.name}: holds no item of an evaluation that can be used{why}")
    return log


def _log(file: File, scoring: Scoring, on_bad_row: OnBadRow | None) -> Log:
    try:
        with open(file.path, "rb") as stream:
            head = stream.read(len(_ZIP))
    except OSError as error:
        raise SeedError(f"{file.name}: cannot be read ({reason_of(error)})") from error
    if head == _ZIP:
        return read_inspect_zip(file, scoring)
    if file.name.lower().endswith(".eval"):
        raise SeedError(f"{file.name}: is no log of inspect_ai (an .eval file is a zip)")
    whole = _object(file)
    if whole is not None:
        if is_inspect(whole):
            return read_inspect(file.name, whole, scoring)
        if is_promptfoo(whole):
            return read_promptfoo(file.name, whole, scoring)
        if is_lm_eval_totals(whole):
            raise SeedError(
                f"{file.name}: holds the totals of lm-evaluation-harness and no samples: run it"
                " with --log_samples, and name the files samples_*.jsonl"
            )
    rows = read_rows(file, on_bad_row)
    first = list(islice(rows, 1))
    every = chain(first, rows)
    if first and is_lm_eval(first[0].fields):
        return read_lm_eval(file.name, every, scoring)
    if first and is_openai_evals(first[0].fields):
        return read_openai_evals(file.name, every, scoring)
    if first and is_promptfoo_row(first[0].fields):
        return read_promptfoo_rows(file.name, every, scoring)
    return read_rows_log(file.name, every, scoring)


def _object(file: File) -> Mapping[str, Any] | None:
    """What a .json file holds where it is one object; None for anything else."""
    if not file.name.lower().endswith(".json"):
        return None
    try:
        with open(file.path, encoding="utf-8-sig") as stream:
            value = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return None  # the reader of rows says what is wrong with it, and where
    return plain(value) if isinstance(value, dict) else None
