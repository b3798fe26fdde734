"""Failures in groups: what the items are about, and in which way the answers fail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..checks.content_words import content_words
from ..measures.shares import share_of
from ..records.evaluation import EvaluatedItem
from .kinds import KINDS, tell_kind
from .topics import telling

__all__ = ["Assigned", "Group", "grouped"]

_WORDS_KEPT = 24


@dataclass(frozen=True, slots=True)
class Assigned:
    """An item with its place in the groups.

    Attributes:
        item: the item.
        topic: the name of its topic; "" where the whole evaluation is one.
        kind: how it failed, a key of `KINDS`; "" where it passed.
        by: which verifier told.
    """

    item: EvaluatedItem
    topic: str
    kind: str = ""
    by: str = ""


@dataclass(frozen=True)
class Group:
    """Failures of one kind among the items of one topic.

    The share is of all items of the topic, those that passed among them, so that the items that
    make up the denominator are the same in the next evaluation, whatever passes there.

    Attributes:
        name: kind and topic, the same in every round.
        kind: a key of `KINDS`.
        topic: the name of the topic, or "".
        items: how many items the topic has.
        failed: how many of them failed in this way.
        low, high: the interval of the share (Wilson, 95%).
        by: what the verifiers found, with how often.
        examples: the failed items, those first that are most like the others.
        words: words of the topic's items that tell it from other topics, the most telling first;
            each stands in several items.
        title: what a model called it, or "".
        description: how a model described the failure, or "".
        named_kind: the kind that a model took it for, or "".
        specifications: tasks against it, as a model specified them.
    """

    name: str
    kind: str
    topic: str
    items: int
    failed: int
    low: float
    high: float
    by: Mapping[str, int]
    examples: Sequence[EvaluatedItem] = ()
    words: Sequence[str] = ()
    title: str = ""
    description: str = ""
    named_kind: str = ""
    specifications: Sequence[str] = ()

    @property
    def treated_as(self) -> str:
        """The kind by which a strategy is chosen: where no verifier could name it, a model's."""
        return self.named_kind if self.kind == "other" and self.named_kind else self.kind

    @property
    def share(self) -> float:
        """How many of the topic's items failed in this way, 0 to 1."""
        return self.failed / self.items


def grouped(
    items: Sequence[EvaluatedItem], topics: Sequence[str]
) -> tuple[list[Assigned], list[Group]]:
    """The items with kinds, and the groups of failures, the largest first.

    Args:
        items: in the order of their keys.
        topics: the topic of each.
    """
    assigned = []
    for item, topic in zip(items, topics, strict=True):
        told = tell_kind(item) if item.failed else None
        assigned.append(Assigned(item, topic, told.kind if told else "", told.by if told else ""))
    sizes = Counter(one.topic for one in assigned)
    words = _telling_words(assigned)
    members: dict[tuple[str, str], list[Assigned]] = defaultdict(list)
    for one in assigned:
        if one.kind:
            members[one.kind, one.topic].append(one)
    groups = []
    for (kind, topic), those in members.items():
        share = share_of(len(those), sizes[topic])
        groups.append(
            Group(
                name=": ".join(filter(None, (KINDS[kind].title, topic))),
                kind=kind,
                topic=topic,
                items=sizes[topic],
                failed=len(those),
                low=share.low,
                high=share.high,
                by=dict(sorted(Counter(one.by for one in those).items(), key=_most_first)),
                examples=_typical([one.item for one in those]),
                words=words.get(topic, ()),
            )
        )
    return assigned, sorted(groups, key=lambda one: (-one.failed, one.name))


def _most_first(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def _telling_words(assigned: Sequence[Assigned]) -> dict[str, list[str]]:
    parts: dict[str, list[set[str]]] = defaultdict(list)
    for one in assigned:
        parts[one.topic].append(set(content_words(one.item.prompt)))
    names = sorted(parts)
    told = telling([parts[name] for name in names])
    return {name: words[:_WORDS_KEPT] for name, words in zip(names, told, strict=True)}


def _typical(items: Sequence[EvaluatedItem]) -> list[EvaluatedItem]:
    """The items, those first whose words most of the others have."""
    words = {item.key: set(content_words(item.prompt)) for item in items}
    often = Counter(word for those in words.values() for word in those)

    def likeness(item: EvaluatedItem) -> float:
        own = words[item.key]
        return sum(often[word] for word in own) / (len(own) or 1)

    return sorted(items, key=lambda item: (-likeness(item), item.key))
