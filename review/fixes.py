"""A sample that a person has mended, held against what its record can be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from ..checks.constraints import KINDS, constraint
from ..errors import ReviewError
from ..records import Sample, Span, Step, Turn

__all__ = ["MENDABLE", "mend"]

MENDABLE = ("messages", "rejected", "answer", "steps", "labels", "spans")
"""The fields that a person can mend."""

_NO_TEXT = re.compile("[\ud800-\udfff\0]")


def mend(sample: Sample, fixed: object) -> Sample:
    """The sample with what a person changed of it.

    Args:
        fixed: the fields as they should be, an object of some of `MENDABLE`.

    Raises:
        ReviewError: a field is none of these, is not of its type, or could not stand in a dataset:
            turns come or go or change their roles, a text is empty, a quote is not in the passage,
            JSON is none any more, a constraint that was met is broken. The sentence begins with the
            field.
    """
    if not isinstance(fixed, dict) or not fixed:
        raise ReviewError("fixed: nothing was changed: accept the sample, or change something")
    changes = {name: _parsed(name, value) for name, value in fixed.items()}
    for name in {"messages", "rejected"} & changes.keys():
        _check_turns(name, getattr(sample, name), changes[name])
    texts = {"answer": changes["answer"]} if "answer" in changes else {}
    texts |= {f"steps.{i}": one.text for i, one in enumerate(changes.get("steps", ()))}
    texts |= {f"labels.{i}": one for i, one in enumerate(changes.get("labels", ()))}
    for where, text in texts.items():
        _check_text(where, text)
    if "spans" in changes:
        changes["spans"] = _placed(sample, changes["spans"])
    mended = sample.with_(**changes)
    if mended == sample:
        raise ReviewError("fixed: nothing was changed: accept the sample, or change something")
    if mended.response != sample.response:
        _check_constraints(mended)
    return mended


def _parsed(name: str, value: object) -> Any:
    """A field's value as its type."""
    from pydantic import TypeAdapter, ValidationError

    kinds: dict[str, Any] = {
        "messages": tuple[Turn, ...],
        "rejected": tuple[Turn, ...],
        "answer": str,
        "steps": tuple[Step, ...],
        "labels": tuple[str, ...],
        "spans": tuple[Span, ...],
    }
    if name not in kinds:
        raise ReviewError(f"{name}: cannot be mended; what can: {', '.join(MENDABLE)}")
    try:
        return TypeAdapter(kinds[name]).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([name, *(str(part) for part in first["loc"])])
        raise ReviewError(f"{where}: {first['msg']}") from error


def _check_constraints(mended: Sample) -> None:
    """What the response met before it was mended, it is to meet still."""
    for one in mended.constraints:
        if not one.satisfied or one.kind not in KINDS:
            continue
        rule = constraint(one.kind, orjson.loads(one.arguments)).bound(mended.instruction)
        if fault := rule.fault(mended.response):
            raise ReviewError(f"messages: the response breaks its constraint {one.kind}: {fault}")


def _check_turns(name: str, before: Sequence[Turn], after: Sequence[Turn]) -> None:
    if [turn.role for turn in before] != [turn.role for turn in after]:
        raise ReviewError(
            f"{name}: has the roles {', '.join(turn.role for turn in after) or 'of nobody'}; the"
            f" sample's are {', '.join(turn.role for turn in before) or 'of nobody'}, and stay"
        )
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        where = f"{name}.{number}"
        _check_text(where, new.content)
        if any(not 0 <= turn < number for turn in new.depends_on):
            raise ReviewError(f"{where}: depends on a turn that does not come before it")
        if _is_json(old.content) and not _is_json(new.content):
            raise ReviewError(f"{where}: is no JSON any more: {_json_fault(new.content)}")


def _check_text(where: str, text: str) -> None:
    if not text.strip():
        raise ReviewError(f"{where}: is empty")
    if _NO_TEXT.search(text):
        raise ReviewError(f"{where}: has a character that is no text (U+0000 or half a pair)")


def _placed(sample: Sample, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans whose quotes stand in the passage, where they say or else where they occur first."""
    text = sample.passage.text if sample.passage is not None else ""
    placed = []
    for number, span in enumerate(spans):
        _check_text(f"spans.{number}", span.quote)
        start = span.start
        if text[max(start, 0) : span.end] != span.quote:
            start = text.find(span.quote)
        if start < 0:
            raise ReviewError(f"spans.{number}: does not stand in the passage: {span.quote[:60]!r}")
        placed.append(Span(span.label, start, start + len(span.quote), span.quote))
    return tuple(placed)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and not _json_fault(text)


def _json_fault(text: str) -> str:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return str(error)
    return ""
