"""Results of promptfoo: JSON of versions 2 and 3 (`promptfoo eval --output results.json`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow
from ..rows import Row
from .log import Log, Scoring, said_of, text_of, texts_in, turns_of, verdict_of

__all__ = ["is_promptfoo", "is_promptfoo_row", "read_promptfoo", "read_promptfoo_rows"]

_VERSIONS = (2, 3)
_EXACT = frozenset({"equals", "contains", "icontains", "starts-with", "similar", "factuality"})
"""Assertions whose value is a right answer."""


def is_promptfoo(value: Mapping[str, Any]) -> bool:
    """Whether an object is a file of results."""
    results = value.get("results")
    return isinstance(results, Mapping) and isinstance(results.get("results"), list)


def read_promptfoo(name: str, value: Mapping[str, Any], scoring: Scoring) -> Log:
    """The items of a file of results.

    Raises:
        SeedError: it is of another version.
    """
    results = value["results"]
    version = results.get("version")
    if version not in _VERSIONS:
        raise SeedError(
            f"{name}: holds results of promptfoo of version {version}, and this silversmith knows"
            f" {' and '.join(map(str, _VERSIONS))}: export them with a version of promptfoo that"
            " writes these, or upgrade silversmith"
        )
    config = value.get("config")
    task = text_of(config.get("description")) if isinstance(config, Mapping) else ""
    found = (
        (f"{name}#{number}", f"{name}, result {number}", one)
        for number, one in enumerate(results["results"], 1)
    )
    return _log(name, found, task, scoring)


def is_promptfoo_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is a result of its own (`--output results.jsonl`)."""
    return "gradingResult" in row and "testCase" in row


def read_promptfoo_rows(name: str, rows: Iterable[Row], scoring: Scoring) -> Log:
    """The items of results in JSON Lines."""
    return _log(name, ((row.source, row.where, row.fields) for row in rows), "", scoring)


def _log(name: str, found: Iterable[tuple[str, str, Any]], task: str, scoring: Scoring) -> Log:
    items: list[EvaluatedItem] = []
    unusable: list[BadRow] = []
    for source, where, one in found:
        try:
            items.append(_item(source, one, task, scoring))
        except ValueError as error:
            unusable.append(BadRow(where, str(error)))
    return Log(name, "promptfoo", items, unusable)


def _item(place: str, one: Any, task: str, scoring: Scoring) -> EvaluatedItem:
    if not isinstance(one, Mapping):
        raise ValueError("is no object")
    failed, score = _failed(one, scoring)
    prompt, turns, last = _prompt(one)
    if not prompt.strip():
        raise ValueError("has no prompt")
    given = one.get("vars")
    case = one.get("testCase")
    if not isinstance(given, Mapping) and isinstance(case, Mapping):
        given = case.get("vars")
    expected = tuple(dict.fromkeys(_expected(case)))
    # The prompt is a frame with an item's own values in it: these are what must stay out.
    own = [text for text in texts_in(given or {}) if len(text.split()) > 1]
    return EvaluatedItem(
        source=place,
        prompt=prompt,
        output=_output(one),
        failed=failed,
        score=score,
        expected=expected,
        task=task,
        verdict=verdict_of(_said(one)),
        turns=turns,
        texts=tuple(dict.fromkeys([*(own or [last or prompt]), *expected])),
    )


def _failed(one: Mapping[str, Any], scoring: Scoring) -> tuple[bool, float | None]:
    grading = one.get("gradingResult")
    if scoring.metric:
        named = one.get("namedScores")
        score = said_of(named.get(scoring.metric)) if isinstance(named, Mapping) else None
        if score is None:
            raise ValueError(f"has no score called {scoring.metric!r}")
        return scoring.has_failed(score), score
    if one.get("error") and not isinstance(grading, Mapping):
        raise ValueError(f"was not graded ({' '.join(text_of(one['error']).split())[:80]})")
    score = said_of(one.get("score"))
    if scoring.pass_from is not None and score is not None:
        return scoring.has_failed(score), score
    passed = one.get("success")
    if not isinstance(passed, bool) and isinstance(grading, Mapping):
        passed = grading.get("pass")
    if not isinstance(passed, bool):
        raise ValueError("does not say whether it passed")
    return not passed, score


def _prompt(one: Mapping[str, Any]) -> tuple[str, int, str]:
    prompt = one.get("prompt")
    raw = prompt.get("raw") if isinstance(prompt, Mapping) else prompt
    if isinstance(raw, str) and raw.lstrip().startswith("[{"):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return str(raw), 1, str(raw)
    try:
        return turns_of(raw if raw is not None else "")
    except SeedError as error:
        raise ValueError(f"has no prompt that can be read: {error}") from error


def _output(one: Mapping[str, Any]) -> str:
    response = one.get("response")
    return text_of(response.get("output") if isinstance(response, Mapping) else response)


def _expected(case: Any) -> Iterator[str]:
    asserts = case.get("assert") if isinstance(case, Mapping) else None
    for one in asserts or ():
        if isinstance(one, Mapping) and one.get("type") in _EXACT:
            text = text_of(one.get("value"))
            if text.strip():
                yield text


def _said(one: Mapping[str, Any]) -> Iterable[str]:
    """The assertions that did not hold, with the reasons given."""
    grading = one.get("gradingResult")
    if not isinstance(grading, Mapping):
        return
    parts = grading.get("componentResults")
    broken = [p for p in parts or () if isinstance(p, Mapping) and p.get("pass") is False]
    for part in broken:
        assertion = part.get("assertion")
        kind = text_of(assertion.get("type")) if isinstance(assertion, Mapping) else ""
        yield f"{kind}: {text_of(part.get('reason'))}" if kind else text_of(part.get("reason"))
    if not broken:
        yield text_of(grading.get("reason"))
