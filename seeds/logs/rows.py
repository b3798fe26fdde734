"""Rows of any evaluation or of production: prompt, output, expected, and a score or a thumb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow
from ..rows import Row
from .log import Log, Scoring, said_of, text_of, texts_in, turns_of, verdict_of

__all__ = ["FIELDS", "read_rows_log"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "input", "question", "instruction", "query", "messages", "problem"),
    "output": (
        "output", "response", "completion", "prediction", "model_output", "reply",
        "wrong_response", "generation",
    ),
    "expected": (
        "expected", "target", "reference", "gold", "ideal", "label", "expected_output",
        "ground_truth", "answer",
    ),
    "score": (
        "score", "correct", "passed", "pass", "success", "is_correct", "accuracy", "acc",
        "exact_match", "thumbs", "thumb", "feedback", "vote", "rating", "thumbs_up",
    ),
    "verdict": ("verdict", "explanation", "reason", "comment", "error", "failed_checks"),
    "kind": ("failure_kind",),
    "topic": ("topic", "category", "subject", "skill", "failure_group"),
    "task": ("task", "benchmark", "dataset", "eval"),
}  # fmt: skip
FIELDS = tuple(_NAMES)
"""What `--map` may name."""

_THUMBS_DOWN = ("thumbs_down", "thumb_down", "downvoted", "disliked", "failed", "is_failure")
"""Columns that say of a failure that it is one."""

_ALL_FAILED = ("wrong_response",)
"""Columns that only files of failures have, as `silversmith reviews failures` writes them."""


def read_rows_log(name: str, rows: Iterable[Row], scoring: Scoring) -> Log:
    """The items in rows whose columns say what they hold by their names, or by `scoring.columns`.

    Raises:
        SeedError: a column that is mapped is not there, or nothing says whether items failed.
    """
    if unknown := set(scoring.columns) - set(FIELDS):
        raise SeedError(f"--map {min(unknown)}: there is no such field; known: {', '.join(FIELDS)}")
    items: list[EvaluatedItem] = []
    unusable: list[BadRow] = []
    for row in rows:
        try:
            items.append(_item(row, scoring))
        except ValueError as error:
            unusable.append(BadRow(row.where, str(error)))
    return Log(name, "rows", items, unusable)


def _item(row: Row, scoring: Scoring) -> EvaluatedItem:
    fields = row.fields
    columns = _columns(row, scoring.columns)
    given: dict[str, Any] = {
        name: fields.get(columns[name]) if name in columns else None for name in FIELDS
    }
    failed, score = _failed(row, columns, given["score"], scoring)
    try:
        prompt, turns, last = turns_of(given["prompt"] if given["prompt"] is not None else "")
    except SeedError as error:
        raise ValueError(f"has no prompt that can be read: {error}") from error
    if not prompt.strip():
        raise ValueError("has no prompt")
    answers = given["expected"] if isinstance(given["expected"], list) else [given["expected"]]
    expected = tuple(text for one in answers if (text := text_of(one)).strip())
    return EvaluatedItem(
        source=row.source,
        prompt=prompt,
        output=text_of(given["output"]),
        failed=failed,
        score=score,
        expected=expected,
        task=text_of(given["task"]),
        verdict=verdict_of(texts_in(given["verdict"])),
        kind=text_of(given["kind"]),
        topic=text_of(given["topic"]),
        turns=turns,
        texts=tuple(dict.fromkeys((last or prompt, *expected))),
    )


def _columns(row: Row, mapping: Mapping[str, str]) -> dict[str, str]:
    for name, column in mapping.items():
        if column not in row.fields:
            raise SeedError(
                f"{row.where}: there is no column {column!r} for --map {name}={column}; columns:"
                f" {', '.join(row.fields)}"
            )
    taken = set(mapping.values())
    found = dict(mapping)
    by_name = {column.casefold(): column for column in reversed(list(row.fields))}
    for field, names in _NAMES.items():
        if field in found:
            continue
        there = (by_name[name] for name in names if name in by_name)
        column = next((one for one in there if one not in taken), None)
        if column is not None:
            found[field] = column
            taken.add(column)
    return found


def _failed(
    row: Row, columns: Mapping[str, str], value: Any, scoring: Scoring
) -> tuple[bool, float | None]:
    if scoring.all_failed:
        return True, None
    if "score" in columns:
        score = said_of(value)
        if score is None:
            raise ValueError(f"has nothing in the column {columns['score']!r}, so is not scored")
        return scoring.has_failed(score), score
    by_name = {column.casefold(): column for column in row.fields}
    for name in _THUMBS_DOWN:
        if name in by_name:
            score = said_of(row.fields[by_name[name]])
            if score is None:
                raise ValueError(f"has nothing in the column {by_name[name]!r}, so is not scored")
            return score > 0, None
    if any(name in by_name for name in _ALL_FAILED):
        return True, None
    raise SeedError(
        f"{row.where}: no column says whether the answer was right (columns:"
        f" {', '.join(row.fields)}); name it with --map score=COLUMN, or say --all-failed where"
        " every row is a failure"
    )
