"""What the model answers to each task of the strategy `domain`, and what can be wrong with it.

Each check says what is wrong in words that are sent back to the model, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from ..checks import count_words, find_refusal, normalise, split_words
from ..checks.content_words import says_something
from ..checks.flows import faults_of_flow
from ..checks.labels import find_label, unknown_label
from ..checks.pairs import Likeness
from ..checks.quotes import Place, find_quote, find_quotes
from ..records import Edge, Flow, Node
from ..records.taxonomy import NONE

__all__ = [
    "Answered",
    "Bordering",
    "Classified",
    "Diagnosed",
    "Marked",
    "fault_of_answer",
    "fault_of_border",
    "fault_of_classes",
    "fault_of_flow",
    "fault_of_spans",
]

Text = Annotated[str, StringConstraints(min_length=1)]

_SHORTEST_PASSAGE = 15  # words
_LONGEST_PASSAGE = 250
_MOST_FAULTS = 4
_WORDS_THAT_DECIDE = 40
_MATERIAL = re.compile(
    r"\b(?:the|this) (?:given |provided |above )?(?:passage|excerpt)\b(?! (?:of|to|from|through)\b)"
    r"|\b(?:according to|as (?:stated|described) in) (?:the|this) (?:text|document|article)\b"
    r"|\b(?:the|this) (?:given|provided|above) (?:text|document|article)\b",
    re.IGNORECASE,
)
"""What a question says that was written about a text and not at work."""


class _Reply(BaseModel, str_strip_whitespace=True):
    """White space around texts does not count."""


class Label(_Reply):
    """A category with the words that decide."""

    quote: Text = Field(
        description="The words of the passage that decide, copied exactly; the shortest run of "
        "words that an expert would point at."
    )
    label: Text = Field(description="The category, by its whole name as in the list.")


class Classified(_Reply):
    """The categories of a passage."""

    labels: list[Label] = Field(
        max_length=8,
        description="Every category of the list that the passage belongs to, each once; empty "
        "where none fits.",
    )


class MarkedSpan(_Reply):
    """A piece of the passage that belongs to a category."""

    quote: Text = Field(description="The whole piece, copied exactly from the passage.")
    within: str = Field(
        description="Empty, unless the same words stand in the passage more than once: then a "
        "longer quote around the place that is meant."
    )
    label: Text = Field(description="The category, by its whole name as in the list.")


class Marked(_Reply):
    """The pieces of a passage that belong to categories."""

    spans: list[MarkedSpan] = Field(
        max_length=20, description="In the order of the passage; empty where there is none."
    )


class Answered(_Reply):
    """A question of a practitioner, and its answer."""

    label: Text = Field(
        description=f"The category of the list that the question is about, or {NONE!r}."
    )
    question: Text = Field(description="What the practitioner asks, in the jargon of the field.")
    terms: list[Text] = Field(
        min_length=1, max_length=8, description="The field's terms in the question, as used there."
    )
    assumptions: list[Text] = Field(
        min_length=1,
        max_length=6,
        description="What the question takes for granted and does not say, and the answer depends "
        "on; each a sentence.",
    )
    answer: Text = Field(
        description="The answer, for somebody to whom the assumptions are listed underneath it."
    )
    quotes: list[Text] = Field(
        min_length=1,
        max_length=6,
        description="The words of the passage that the answer rests on, copied exactly.",
    )


class FlowNode(_Reply):
    """A place in a flow."""

    id: Text = Field(description="A short name, such as n1.")
    kind: Literal["check", "fix", "end"] = Field(
        description="check: something to look at; fix: something to do; end: where it is over."
    )
    text: Text = Field(description="What to look at or to do, or how it ended; one sentence.")


class FlowEdge(_Reply):
    """A way from one place of a flow to another."""

    source: Text = Field(description="The id of the node that it leads away from.")
    target: Text = Field(description="The id of the node that it leads to.")
    condition: str = Field(
        description="When to go this way, such as 'the key is listed'; empty where it is the only "
        "way on."
    )


class Diagnosed(_Reply):
    """An issue, and the flow that leads from it to a fix."""

    label: Text = Field(
        description=f"The category of the list that the issue is about, or {NONE!r}."
    )
    issue: Text = Field(description="What the user reports: symptoms, in the user's words.")
    nodes: list[FlowNode] = Field(
        min_length=3, max_length=24, description="The first one is where the reader begins."
    )
    edges: list[FlowEdge] = Field(min_length=2, max_length=48)
    quotes: list[Text] = Field(
        min_length=1,
        max_length=8,
        description="The words of the passage that checks and fixes rest on, copied exactly.",
    )

    def flow(self) -> Flow:
        """The flow as a record."""
        return Flow(
            tuple(Node(node.id, node.kind, node.text) for node in self.nodes),
            tuple(Edge(edge.source, edge.target, edge.condition) for edge in self.edges),
        )


class Bordering(_Reply):
    """A text of one category that nearly fits another."""

    passage: Text = Field(description="The text, 30 to 150 words, with nothing around it.")
    quote: Text = Field(
        description="The words of your text that decide for the right category, copied exactly."
    )
    reason: Text = Field(
        description="Why it is the right category, by the definitions; a sentence."
    )
    misleading_quote: Text = Field(
        description="The words of your text that suggest the wrong category, copied exactly."
    )
    wrong_reason: Text = Field(
        description="Why a careless reader takes it for the wrong category, as that reader would "
        "say it: sure of it, and as long as the other reason."
    )


def fault_of_classes(text: str, paths: Sequence[str], reply: Classified) -> str | None:
    """What is wrong with the categories of a passage."""
    faults = [*_wrong_labels((each.label for each in reply.labels), paths)]
    faults += _lost((each.quote for each in reply.labels), text)
    faults += _undecided([each.quote for each in reply.labels], text)
    found = [find_label(each.label, paths) for each in reply.labels]
    faults += [f"{path!r} is there twice" for path in _twice(found)]
    return _said(faults)


def fault_of_spans(text: str, paths: Sequence[str], reply: Marked) -> str | None:
    """What is wrong with the marked pieces of a passage."""
    faults = [*_wrong_labels((each.label for each in reply.spans), paths)]
    places = find_quotes([(each.quote, each.within) for each in reply.spans], text)
    faults += [place for place in places if isinstance(place, str)]
    faults += _empty(each.quote for each in reply.spans)
    placed = [
        (find_label(span.label, paths), place)
        for span, place in zip(reply.spans, places, strict=True)
        if isinstance(place, Place)
    ]
    for number, (label, one) in enumerate(placed):
        for other_label, other in placed[:number]:
            if label == other_label and one.start < other.end and other.start < one.end:
                faults.append(
                    f"two spans of {label!r} overlap ({text[other.start : other.end][:40]!r} and"
                    f" {text[one.start : one.end][:40]!r}); mark the whole piece once"
                )
    return _said(faults)


def fault_of_answer(text: str, paths: Sequence[str], reply: Answered) -> str | None:
    """What is wrong with a question and its answer."""
    faults = [*_wrong_labels([reply.label], [*paths, NONE]), *_lost(reply.quotes, text)]
    faults += _empty(reply.quotes)
    question = " ".join(reply.question.casefold().split())
    if found := _MATERIAL.search(reply.question):
        faults.append(f"the question says {found.group()!r}, which a practitioner does not")
    if refusal := find_refusal(reply.answer):
        faults.append(f"the answer declines ({refusal!r}); ask what the passage answers")
    if normalise(reply.answer) == normalise(reply.question):
        faults.append("the answer is the question once more")
    missing = [t for t in reply.terms if " ".join(t.casefold().split()) not in question]
    faults += [f"the term {term!r} is not in the question" for term in missing]
    asked = set(split_words(question))
    faults += [
        f"the assumption {assumption[:60]!r} is in the question already, so that it is not implicit"
        for assumption in reply.assumptions
        if set(split_words(assumption.casefold())) <= asked
    ]
    return _said(faults)


def fault_of_flow(text: str, paths: Sequence[str], reply: Diagnosed) -> str | None:
    """What is wrong with a troubleshooting flow."""
    faults = [*_wrong_labels([reply.label], [*paths, NONE]), *_lost(reply.quotes, text)]
    return _said([*faults, *_empty(reply.quotes), *faults_of_flow(reply.flow())])


def fault_of_border(
    source: str, right: str, wrong: str, likeness: Likeness, reply: Bordering
) -> str | None:
    """What is wrong with a text between two categories.

    Args:
        source: the passage that it was to be like.
        right, wrong: the paths of the two categories.
        likeness: how alike in length the reasons are to be.
    """
    passage = reply.passage
    words = count_words(passage)
    faults = []
    if not _SHORTEST_PASSAGE <= words <= _LONGEST_PASSAGE:
        faults.append(f"'passage' has {words} words; write 30 to 150")
    elif " ".join(passage.split()) in " ".join(source.split()):
        faults.append("'passage' is copied from the material; write a new text")
    faults += [
        f"'passage' names the category {path!r}, which gives the answer away"
        for path in (right, wrong)
        if "/" in path and path.casefold() in passage.casefold()
    ]
    quotes = (reply.quote, reply.misleading_quote)
    faults += [*_lost(quotes, passage), *_empty(quotes)]
    places = [find_quote(quote, passage, any_place=True) for quote in quotes]
    ends = [place[:2] for place in places if isinstance(place, Place)]
    if len(ends) == 2 and ends[0] == ends[1]:
        faults.append("'quote' and 'misleading_quote' are the same words")
    if fault := likeness.fault(reply.reason, reply.wrong_reason):
        faults.append(fault)
    if reply.reason.casefold() == reply.wrong_reason.casefold():
        faults.append("'reason' and 'wrong_reason' are the same")
    return _said(faults)


def _wrong_labels(labels: Iterator[str] | Sequence[str], paths: Sequence[str]) -> Iterator[str]:
    return (unknown_label(label, paths) for label in labels if find_label(label, paths) is None)


def _lost(quotes: Iterator[str] | Sequence[str], text: str) -> Iterator[str]:
    """What is wrong with quotes of which any place will do."""
    places = (find_quote(quote, text, any_place=True) for quote in quotes)
    return (place for place in places if isinstance(place, str))


def _empty(quotes: Iterable[str]) -> Iterator[str]:
    """What is wrong with quotes that could stand in any text."""
    return (
        f"the quote {quote!r} says nothing; quote the words that decide"
        for quote in quotes
        if not says_something(quote)
    )


def _undecided(quotes: Sequence[str], text: str) -> Iterator[str]:
    """What is wrong with quotes that are to be the few words that decide."""
    yield from _empty(quotes)
    most = max(_WORDS_THAT_DECIDE, count_words(text) // 2)
    for quote in quotes:
        if (words := count_words(quote)) > most:
            yield f"a quote has {words} words; quote the shortest run of words that decides"


def _twice(found: Sequence[str | None]) -> list[str]:
    paths = [path for path in found if path is not None]
    return [path for path in dict.fromkeys(paths) if paths.count(path) > 1]


def _said(faults: Sequence[str]) -> str | None:
    if not faults:
        return None
    more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    return "; ".join(faults[:_MOST_FAULTS]) + more
