"""Redacted texts beside the originals, and a sample as it is exported: with the redacted ones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

from .sample import RedactedSpan, Redaction, Sample, Span, Turn

__all__ = ["PlacedSpan", "places", "redact", "redacted"]


class PlacedSpan(NamedTuple):
    """A span to redact; `where` names the text as in `Redaction`, `start` and `end` are character
    offsets into it."""

    where: str
    label: str
    start: int
    end: int


def places(sample: Sample) -> Iterator[tuple[str, str]]:
    """The texts of a sample that a model wrote or that were given, each with its name."""
    for name, turns in (("messages", sample.messages), ("rejected", sample.rejected)):
        for number, turn in enumerate(turns):
            yield f"{name}[{number}]", turn.content
    if sample.answer is not None:
        yield "answer", sample.answer
    for number, step in enumerate(sample.steps):
        yield f"steps[{number}]", step.text
    for number, candidate in enumerate(sample.candidates):
        yield f"candidates[{number}]", candidate.text
    if sample.passage is not None:
        yield "passage", sample.passage.text


def redact(sample: Sample, spans: Iterable[PlacedSpan]) -> tuple[Redaction, ...]:
    """The redactions of a sample, those that it has already and the new ones together.

    Spans that overlap become one, under the label of the longest (of equal ones, the first).
    """
    found: dict[str, set[tuple[int, int, str]]] = defaultdict(set)
    for known in sample.redactions:
        found[known.where] |= {(one.start, one.end, one.label) for one in known.spans}
    for one in spans:
        found[one.where].add((one.start, one.end, one.label))
    redactions = []
    for where, text in places(sample):
        if where in found:
            apart = _apart(found[where])
            redactions.append(Redaction(where, _replaced(text, apart), apart))
    return tuple(redactions)


def redacted(sample: Sample) -> Sample:
    """The sample with the redacted texts in the place of the originals.

    What else was written about them (quotes, rationales, attributes) has each redacted value
    replaced wherever it stands; offsets of labelled quotes follow the passage; the row as it was
    read is left out, and so are the redactions, which hold nothing that is not in place now.
    """
    if not sample.redactions:
        return sample
    originals = dict(places(sample))
    by_place = {one.where: one for one in sample.redactions}
    values = {
        originals[one.where][span.start : span.end]: _mark(span.label)
        for one in sample.redactions
        for span in one.spans
        if one.where in originals
    }
    rest = _Words(values)
    passage = by_place.get("passage")

    def turns(name: str, originals: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(
            replace(rest.of(turn), content=_text(by_place, f"{name}[{number}]", turn.content))
            for number, turn in enumerate(originals)
        )

    changed: dict[str, Any] = {
        field.name: rest.of(getattr(sample, field.name))
        for field in fields(sample)
        if field.name not in _UNTOUCHED
    }
    changed["messages"] = turns("messages", sample.messages)
    changed["rejected"] = turns("rejected", sample.rejected)
    if sample.answer is not None:
        changed["answer"] = _text(by_place, "answer", sample.answer)
    changed["steps"] = tuple(
        replace(step, text=_text(by_place, f"steps[{number}]", step.text))
        for number, step in enumerate(sample.steps)
    )
    changed["candidates"] = tuple(
        replace(one, text=_text(by_place, f"candidates[{number}]", one.text))
        for number, one in enumerate(sample.candidates)
    )
    if sample.passage is not None and passage is not None:
        changed["passage"] = replace(sample.passage, text=passage.text)
        changed["spans"] = tuple(_moved(span, passage) for span in sample.spans)
    return sample.with_(**changed, row=None, redactions=())


_UNTOUCHED = frozenset({"id", "strategy", "seed", "score", "usage", "row", "redactions"})


def _text(redactions: Mapping[str, Redaction], where: str, text: str) -> str:
    return redactions[where].text if where in redactions else text


def _mark(label: str) -> str:
    return f"[{label}]"


def _apart(spans: Iterable[tuple[int, int, str]]) -> tuple[RedactedSpan, ...]:
    """Spans in order, those that overlap as one."""
    apart: list[RedactedSpan] = []
    longest = 0
    for start, end, label in sorted(spans):
        if apart and start < apart[-1].end:
            last = apart[-1]
            label = label if end - start > longest else last.label
            longest = max(longest, end - start)
            apart[-1] = RedactedSpan(label, last.start, max(last.end, end))
        else:
            longest = end - start
            apart.append(RedactedSpan(label, start, end))
    return tuple(apart)


def _replaced(text: str, spans: Sequence[RedactedSpan]) -> str:
    parts = []
    done = 0
    for span in spans:
        parts += [text[done : span.start], _mark(span.label)]
        done = span.end
    return "".join([*parts, text[done:]])


def _moved(span: Span, passage: Redaction) -> Span:
    """A labelled quote of the passage, where it lies in the redacted one; a quote that a redacted
    span cuts takes that span in."""
    start, end = _place(passage, span.start, False), _place(passage, span.end, True)
    return replace(span, start=start, end=end, quote=passage.text[start:end])


def _place(passage: Redaction, offset: int, is_end: bool) -> int:
    shift = 0
    for span in passage.spans:
        mark = len(_mark(span.label))
        if span.end <= offset:
            shift += mark - (span.end - span.start)
        elif span.start < offset:
            return span.start + shift + (mark if is_end else 0)
    return offset + shift


class _Words:
    """Replaces values wherever they stand in a record."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        longest = sorted((value for value in values if value), key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._any.sub(lambda found: self._values[found.group()], value)
        if isinstance(value, tuple):
            return tuple(map(self.of, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{f.name: self.of(getattr(value, f.name)) for f in fields(value)}
            )
        return value
