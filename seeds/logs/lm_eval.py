"""Sample logs of lm-evaluation-harness (`--log_samples`), as version 0.4 writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow
from ..rows import Row
from .log import Log, Scoring, said_of, text_of, texts_in, turns_of, verdict_of

__all__ = ["is_lm_eval", "is_lm_eval_totals", "read_lm_eval"]

_NEEDED = ("doc_id", "doc", "resps")
_FILE = re.compile(r"samples_(?P<task>.+?)_\d{4}-\d\d-\d\dT[\d.:-]+\.jsonl(?:\.gz)?")
_WORDS = 3
"""From how many words on a field of an item is a text that must not come into training data."""


def is_lm_eval(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of a sample log."""
    return all(name in row for name in _NEEDED)


def is_lm_eval_totals(row: Mapping[str, Any]) -> bool:
    """Whether an object is the file of totals that lies beside the sample logs."""
    return "results" in row and ("n-samples" in row or "lm_eval_version" in row)


def read_lm_eval(name: str, rows: Iterable[Row], scoring: Scoring) -> Log:
    """The items of a sample log.

    A log has each item once for each filter of its task (`strict-match`, `flexible-extract`). The
    first one counts; where the answer passes another, it was right in another form.

    Raises:
        SeedError: a row is none of a sample log, or lacks the metric that is to decide.
    """
    found = _FILE.fullmatch(PurePosixPath(name).name)
    task = found.group("task") if found else ""
    first: dict[str, EvaluatedItem] = {}
    unusable: list[BadRow] = []
    for row in rows:
        try:
            number, item = _item(row, task, scoring)
        except ValueError as error:
            unusable.append(BadRow(row.where, str(error)))
            continue
        known = first.setdefault(number, item)
        if known is not item and known.failed and not item.failed:
            passes = f"passes {row.fields.get('filter')}, in another format than is looked for"
            first[number] = _with_verdict(known, passes)
    return Log(name, "lm-evaluation-harness", list(first.values()), unusable)


def _item(row: Row, task: str, scoring: Scoring) -> tuple[str, EvaluatedItem]:
    fields = row.fields
    if not is_lm_eval(fields):
        missing = next(one for one in _NEEDED if one not in fields)
        raise SeedError(f"{row.where}: is no row of a sample log of version 0.4: no {missing!r}")
    metric, score = _score(row, scoring)
    prompt, turns, last = _prompt(fields)
    if not prompt.strip():
        raise ValueError("has no prompt")
    doc = fields["doc"]
    texts = [last] if not isinstance(doc, Mapping) else []
    texts += [text for text in texts_in(doc) if len(text.split()) >= _WORDS]
    item = EvaluatedItem(
        source=row.source,
        prompt=prompt,
        output=_output(fields),
        failed=scoring.has_failed(score),
        score=score,
        expected=_expected(fields.get("target"), doc),
        task=task,
        verdict=verdict_of((metric, str(fields.get("filter") or ""))),
        turns=turns,
        texts=tuple(dict.fromkeys(texts or [last or prompt])),
    )
    return f"{fields['doc_id']}", item


def _with_verdict(item: EvaluatedItem, more: str) -> EvaluatedItem:
    from dataclasses import replace

    return replace(item, verdict=verdict_of((item.verdict, more)))


def _score(row: Row, scoring: Scoring) -> tuple[str, float]:
    fields = row.fields
    metrics = fields.get("metrics")
    names = [str(one) for one in metrics] if isinstance(metrics, list) else []
    if scoring.metric:
        if scoring.metric not in fields:
            raise SeedError(
                f"{row.where}: there is no metric {scoring.metric!r}; metrics:"
                f" {', '.join(names) or 'none'}"
            )
        names = [scoring.metric]
    for name in names:
        if name in fields:
            value = fields[name]
            if isinstance(value, list) and value and all(isinstance(v, bool) for v in value):
                value = sum(value) / len(value)  # IFEval's metrics by instruction
            if isinstance(value, (int, float, bool)):
                score = said_of(value)
                if score is not None:
                    return name, score
    raise ValueError("has no score that is a number")


def _prompt(fields: Mapping[str, Any]) -> tuple[str, int, str]:
    """What was asked: of multiple choice the context before the options."""
    arguments = fields.get("arguments")
    first: Any = None
    if isinstance(arguments, Mapping):  # {"gen_args_0": {"arg_0": prompt, "arg_1": ...}}
        inner = next(iter(arguments.values()), None)
        first = inner.get("arg_0") if isinstance(inner, Mapping) else inner
    elif isinstance(arguments, list) and arguments:  # [[prompt, options], ...]
        first = arguments[0][0] if isinstance(arguments[0], list) and arguments[0] else arguments[0]
    if isinstance(first, list) and first and isinstance(first[0], str):
        first = first[0]
    if isinstance(first, str) and first.lstrip().startswith("[{"):
        try:
            first = orjson.loads(first)
        except orjson.JSONDecodeError:
            return first, 1, first
    if first is None:
        return "", 0, ""
    try:
        return turns_of(first)
    except SeedError as error:
        raise ValueError(f"has no prompt that can be read: {error}") from error


def _output(fields: Mapping[str, Any]) -> str:
    """The answer as it came; of multiple choice, the option that was found likeliest."""
    resps = fields["resps"]
    if isinstance(resps, list) and resps and isinstance(resps[0], list) and resps[0]:
        answer = resps[0][0]
        if isinstance(answer, str):
            return answer
        return _likeliest(resps, fields)
    return text_of(resps[0]) if isinstance(resps, list) and resps else ""


def _likeliest(resps: list[Any], fields: Mapping[str, Any]) -> str:
    """Of log-likelihoods ([[value, is greedy]] for each option), the best one's option."""
    values: list[float] = []
    for one in resps:
        inner = one[0] if isinstance(one, list) and one else None
        value = inner[0] if isinstance(inner, list) and inner else None
        try:
            values.append(float(str(value)))
        except ValueError:
            return ""
    best = max(range(len(values)), key=values.__getitem__)
    arguments = fields.get("arguments")
    if isinstance(arguments, Mapping):
        option = list(arguments.values())[best] if best < len(arguments) else None
        return text_of(option.get("arg_1")).strip() if isinstance(option, Mapping) else ""
    if isinstance(arguments, list) and best < len(arguments) and len(arguments[best]) > 1:
        return text_of(arguments[best][1]).strip()
    return ""


def _expected(target: Any, doc: Any) -> tuple[str, ...]:
    options = doc.get("choices") if isinstance(doc, Mapping) else None
    if isinstance(options, Mapping):  # {"text": [...], "label": [...]}
        options = options.get("text")
    number = target
    if isinstance(number, str) and number.isdigit() and isinstance(options, list):
        number = int(number)
    if isinstance(number, int) and isinstance(options, list) and 0 <= number < len(options):
        return (text_of(options[number]),)
    given = target if isinstance(target, list) else [target]
    return tuple(text for one in given if (text := text_of(one)).strip())
