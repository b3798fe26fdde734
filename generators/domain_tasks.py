"""The tasks of the strategy `domain`: what is asked of the model, and the sample made of its
reply."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from ..checks.flows import check_flow, flow_as_steps
from ..checks.labels import find_label
from ..checks.pairs import Likeness
from ..checks.quotes import Place, find_quote, find_quotes
from ..prompts import Template
from ..records import Ask, Check, Draw, Flaw, Passage, Sample, Seed, Span, Turn
from ..records.taxonomy import NONE, Category, Taxonomy
from .base import variant
from .domain_replies import (
    Answered,
    Bordering,
    Classified,
    Diagnosed,
    Marked,
    fault_of_answer,
    fault_of_border,
    fault_of_classes,
    fault_of_flow,
    fault_of_spans,
)

__all__ = ["ANNOTATIONS", "TASKS", "Asked", "TaskName", "Work"]

TaskName = Literal["classify", "spans", "qa", "troubleshooting", "boundary"]

ANNOTATIONS = ("classify", "spans")
"""The tasks that write nothing of their own: no attribute of a draw can change what is there."""

Reply = TypeVar("Reply", bound=BaseModel)

_MOST = 1.35
"""How many times as long as the other one of the two reasons of a close case may be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The values of the template `domain_asked`, which makes the user message of a sample.

    Attributes:
        task: the task's name.
        variant: a number to choose the wording by.
        taxonomy, categories: the taxonomy, and those of its leaves that are asked about.
        passage: the text that it is about.
        question: the question or issue, or "".
        as_steps: whether a flow is wanted as numbered steps, not as a graph in JSON.
    """

    task: str
    variant: int
    taxonomy: Taxonomy
    categories: Sequence[Category]
    passage: Passage
    question: str = ""
    as_steps: bool = False

    @classmethod
    def names(cls) -> frozenset[str]:
        """The names of the values."""
        return frozenset(field.name for field in fields(cls))


@dataclass(frozen=True, slots=True)
class Work:
    """One draw.

    Attributes:
        target: the leaf that it is planned for.
        categories: the leaves that are asked about, in the taxonomy's order.
        passage: the text to annotate, or to work from.
        asked: the template of the sample's user message.
        assumptions_heading: as the option.
    """

    ask: Ask
    seed: Seed
    draw: Draw
    taxonomy: Taxonomy
    target: Category
    categories: tuple[Category, ...]
    passage: Passage
    asked: Template
    assumptions_heading: str

    @property
    def paths(self) -> list[str]:
        """The paths of the leaves that are asked about."""
        return [leaf.path for leaf in self.categories]

    @property
    def variant(self) -> int:
        """A number to choose wordings by."""
        return variant(self.seed, self.draw)

    async def reply(
        self, form: type[Reply], template: str, fault: Callable[[Reply], str | None], **more: Any
    ) -> Reply:
        """The model's reply to a task."""
        return await self.ask(
            form,
            template=template,
            check=fault,
            seed=self.seed,
            draw=self.draw,
            variant=self.variant,
            taxonomy=self.taxonomy,
            categories=self.categories,
            target=self.target,
            passage=self.passage,
            **more,
        )

    def prompt(self, task: TaskName, **more: Any) -> tuple[Turn, ...]:
        """What the tuned model is asked."""
        asked = Asked(
            task=task,
            variant=self.variant,
            taxonomy=self.taxonomy,
            categories=self.categories,
            **{"passage": self.passage, **more},
        )
        values = {name: getattr(asked, name) for name in Asked.names()}
        return tuple(Turn(each["role"], each["content"]) for each in self.asked.render(values))

    def spans(self, found: Sequence[tuple[str, Place | str]]) -> tuple[Span, ...]:
        """Labels and places as spans of the passage, in its order, each once."""
        text = self.passage.text
        spans = {
            Span(find_label(label, self.paths) or NONE, at.start, at.end, text[at.start : at.end])
            for label, at in found
            if isinstance(at, Place)
        }
        return tuple(sorted(spans, key=lambda span: (span.start, span.end, span.label)))

    def evidence(self, label: str, quotes: Sequence[str]) -> tuple[Span, ...]:
        """The words of the passage that a reply rests on."""
        places = [find_quote(quote, self.passage.text, any_place=True) for quote in quotes]
        return self.spans([(label, place) for place in places])

    def labels(self, label: str) -> tuple[str, ...]:
        """The path that a label means; nothing where it says that no category fits."""
        path = find_label(label, self.paths)
        return () if path is None else (path,)


async def _classify(work: Work) -> Sample:
    text = work.passage.text
    reply = await work.reply(
        Classified, "domain_classify", partial(fault_of_classes, text, work.paths)
    )
    places = [find_quote(each.quote, text, any_place=True) for each in reply.labels]
    found = list(zip((each.label for each in reply.labels), places, strict=True))
    spans = work.spans(found)
    answer = {"labels": [{"quote": span.quote, "label": span.label} for span in spans]}
    return Sample(
        messages=(*work.prompt("classify"), Turn("assistant", _json(answer))),
        spans=spans,
        labels=tuple(dict.fromkeys(span.label for span in spans)),
        checks=_annotation_checks(spans, places),
    )


async def _mark(work: Work) -> Sample:
    text = work.passage.text
    reply = await work.reply(Marked, "domain_spans", partial(fault_of_spans, text, work.paths))
    places = find_quotes([(each.quote, each.within) for each in reply.spans], text)
    spans = work.spans(list(zip((each.label for each in reply.spans), places, strict=True)))
    answer = {"spans": [{"quote": span.quote, "label": span.label} for span in spans]}
    return Sample(
        messages=(*work.prompt("spans"), Turn("assistant", _json(answer))),
        spans=spans,
        labels=tuple(dict.fromkeys(span.label for span in spans)),
        checks=_annotation_checks(spans, places),
    )


async def _answer(work: Work) -> Sample:
    fault = partial(fault_of_answer, work.passage.text, work.paths)
    reply = await work.reply(Answered, "domain_qa", fault)
    spans = work.evidence(reply.label, reply.quotes)
    assumed = "\n".join(f"- {assumption}" for assumption in reply.assumptions)
    response = f"{reply.answer}\n\n{work.assumptions_heading}\n{assumed}"
    return Sample(
        messages=(*work.prompt("qa", question=reply.question), Turn("assistant", response)),
        spans=spans,
        labels=work.labels(reply.label),
        checks=(
            *_evidence_checks(work.labels(reply.label), spans),
            Check("terms_in_question", True, ", ".join(dict.fromkeys(reply.terms))),
            Check("assumptions_unsaid", True, _count(reply.assumptions, "assumption")),
        ),
    )


async def _diagnose(work: Work) -> Sample:
    fault = partial(fault_of_flow, work.passage.text, work.paths)
    reply = await work.reply(Diagnosed, "domain_troubleshooting", fault)
    flow = reply.flow()
    spans = work.evidence(reply.label, reply.quotes)
    as_steps = work.variant % 2 == 1
    prompt = work.prompt("troubleshooting", question=reply.issue, as_steps=as_steps)
    response = flow_as_steps(flow) if as_steps else _json(asdict(flow))
    return Sample(
        messages=(*prompt, Turn("assistant", response)),
        spans=spans,
        labels=work.labels(reply.label),
        flow=flow,
        checks=(*_evidence_checks(work.labels(reply.label), spans), *check_flow(flow)),
    )


async def _border(work: Work) -> Sample:
    """A text of the planned leaf that nearly fits a sibling, as a pair: the right label, and the
    sibling's."""
    siblings = work.taxonomy.siblings(work.target)
    wrong = siblings[variant(work.seed, work.draw, of=2) % len(siblings)]
    right = work.target
    paths = {wrong.path, *work.paths}
    shown = tuple(leaf for leaf in work.taxonomy.leaves if leaf.path in paths)
    work = replace(work, categories=shown)
    likeness = Likeness.drawn(
        _MOST, f"{work.seed.id}/{work.draw.number}", ("reason", "wrong_reason")
    )
    reply = await work.reply(
        Bordering,
        "domain_boundary",
        partial(fault_of_border, work.passage.text, right.path, wrong.path, likeness),
        wrong=wrong,
        demands=[f"wrong_reason: {likeness.words()}"],
    )
    text = reply.passage
    passage = Passage(
        source=f"written after {work.passage.source}", start=0, end=len(text), text=text
    )
    places = [
        find_quote(quote, text, any_place=True) for quote in (reply.quote, reply.misleading_quote)
    ]
    quotes = [text[at.start : at.end] if isinstance(at, Place) else "" for at in places]
    prompt = work.prompt("boundary", passage=passage)
    chosen = {"quote": quotes[0], "reason": reply.reason, "label": right.path}
    rejected = {"quote": quotes[1], "reason": reply.wrong_reason, "label": wrong.path}
    alike = likeness.check(reply.reason, reply.wrong_reason)
    at = places[0]
    assert isinstance(at, Place)  # or the reply would have been sent back
    return Sample(
        messages=(*prompt, Turn("assistant", _json(chosen))),
        rejected=(*prompt, Turn("assistant", _json(rejected))),
        flaw=Flaw("sibling_label", quotes[1]),
        passage=passage,
        spans=(Span(right.path, at.start, at.end, quotes[0]),),
        labels=(right.path,),
        checks=(
            Check("labels_in_taxonomy", True, f"{right.path}, not {wrong.path}"),
            Check("quotes_in_source", True, _repaired(places)),
            Check("reasons alike in length", alike.passed, alike.detail),
        ),
    )


TASKS: Mapping[str, Callable[[Work], Awaitable[Sample]]] = {
    "classify": _classify,
    "spans": _mark,
    "qa": _answer,
    "troubleshooting": _diagnose,
    "boundary": _border,
}


def _annotation_checks(spans: Sequence[Span], places: Sequence[Place | str]) -> tuple[Check, ...]:
    """That nothing fits is what no machine can tell."""
    told = True if spans else None
    labels = ", ".join(dict.fromkeys(span.label for span in spans))
    return (
        Check("labels_in_taxonomy", told, labels or "none fits"),
        Check("quotes_in_source", told, _repaired(places)),
    )


def _evidence_checks(labels: Sequence[str], spans: Sequence[Span]) -> tuple[Check, ...]:
    return (
        Check("labels_in_taxonomy", True if labels else None, "".join(labels) or "none fits"),
        Check("quotes_in_source", True, _count(spans, "quote")),
    )


def _repaired(places: Sequence[Place | str]) -> str:
    repaired = sum(isinstance(place, Place) and place.repaired for place in places)
    return _count(places, "quote") + (f", {repaired} repaired" if repaired else "")


def _count(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _json(value: Any) -> str:
    """With spaces after commas and colons, as models write it."""
    return json.dumps(value, ensure_ascii=False)
