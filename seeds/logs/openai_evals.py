"""Logs of OpenAI evals (`oaieval`): JSON Lines of events, between a spec and a final report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow
from ..rows import Row
from .log import Log, Scoring, said_of, text_of, turns_of, verdict_of

__all__ = ["is_openai_evals", "read_openai_evals"]

_SCORED = ("match", "metrics")
_CHOICE = ("score", "choice_score", "accuracy", "correct")


def is_openai_evals(row: Mapping[str, Any]) -> bool:
    """Whether the first row of a file is that of such a log."""
    spec = row.get("spec")
    return isinstance(spec, Mapping) and "eval_name" in spec


def read_openai_evals(name: str, rows: Iterable[Row], scoring: Scoring) -> Log:
    """The items of a log: each sample with what was asked and answered (`sampling`), and what was
    found (`match`, or `metrics` with a score).

    Raises:
        SeedError: an event is none.
    """
    task = ""
    samples: dict[str, dict[str, tuple[Row, Mapping[str, Any]]]] = {}
    for row in rows:
        fields = row.fields
        if is_openai_evals(fields):
            task = text_of(fields["spec"].get("base_eval") or fields["spec"].get("eval_name"))
            continue
        if "final_report" in fields:
            continue
        if "type" not in fields or not isinstance(fields.get("data"), Mapping):
            raise SeedError(f"{row.where}: is no event of OpenAI evals (no type and data)")
        number = fields.get("sample_id")
        if number is None:
            continue  # an event of the whole evaluation
        events = samples.setdefault(str(number), {})
        # A judge's sampling comes after the model's own: the first one is what was evaluated.
        events.setdefault(str(fields["type"]), (row, fields["data"]))
    items: list[EvaluatedItem] = []
    unusable: list[BadRow] = []
    for number, events in samples.items():
        where = next(iter(events.values()))[0].where
        try:
            items.append(_item(name, number, events, task, scoring))
        except ValueError as error:
            unusable.append(BadRow(where, str(error)))
    return Log(name, "OpenAI evals", items, unusable)


def _item(
    name: str,
    number: str,
    events: Mapping[str, tuple[Row, Mapping[str, Any]]],
    task: str,
    scoring: Scoring,
) -> EvaluatedItem:
    said, score, found = _scored(events, scoring)
    asked = events["sampling"][1] if "sampling" in events else found
    try:
        prompt, turns, last = turns_of(asked.get("prompt") or "")
    except SeedError as error:
        raise ValueError(f"has no prompt that can be read: {error}") from error
    if not prompt.strip():
        raise ValueError("has no prompt")
    output = asked.get("sampled", found.get("sampled", found.get("picked")))
    if isinstance(output, list):
        output = output[0] if output else ""
    expected = found.get("expected", found.get("ideal"))
    given = expected if isinstance(expected, list) else [expected]
    answers = tuple(text for one in given if (text := text_of(one)).strip())
    return EvaluatedItem(
        source=f"{name}#{number}",
        prompt=prompt,
        output=text_of(output),
        failed=scoring.has_failed(score),
        score=score,
        expected=answers,
        task=task,
        verdict=verdict_of((said,)),
        turns=turns,
        texts=tuple(dict.fromkeys((last or prompt, *answers))),
    )


def _scored(
    events: Mapping[str, tuple[Row, Mapping[str, Any]]], scoring: Scoring
) -> tuple[str, float, Mapping[str, Any]]:
    """What decides: its name, the score, and the event's data."""
    for kind in _SCORED:
        if kind not in events:
            continue
        data = events[kind][1]
        names = (scoring.metric,) if scoring.metric else ("correct", *_CHOICE)
        for name in names:
            score = said_of(data[name]) if name in data else None
            if score is not None:
                return kind if name == "correct" else name, score, data
    raise ValueError("was not scored (no event match, and no metrics with a score)")
