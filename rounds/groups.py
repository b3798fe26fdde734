"""Failures in groups: what the items are about, and in which way the answers fail."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..checks.content_words import content_words
from ..measures.shares import share_of
from ..measures.topics import nearest_topic, topics_of
from ..records.evaluation import EvaluatedItem
from .kinds import KINDS, tell_kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

__all__ = ["Assigned", "Group", "grouped", "topics_by_item"]

SMALLEST = 10
"""Items in a topic that is found by clusters, at least."""

MOST = 8
"""Topics that one task is parted into, at most."""

_NAMED_BY = 3
_WORDS_KEPT = 24
_IN_ITEMS = 2
_LONGEST_WORD = 24
_VAGUE = frozenset(
    """again another did does doing done each every get gets getting give given gives got how makes
    many much new now two using was while""".split()  # noqa: SIM905
)
"""Beside the small words that `content_words` leaves out, what names no topic."""


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


def topics_by_item(
    items: Sequence[EvaluatedItem],
    embed: Embed,
    earlier: Mapping[str, tuple[str, str]] | None = None,
) -> list[str]:
    """The topic of each item, by name.

    A topic that the log names is taken. Else the items of a task are parted into clusters of
    embeddings, whether they passed or not, where clusters stand apart. With an earlier round its
    topics stay: an item that was there keeps its topic, and a new one gets that of the nearest
    centre.

    Args:
        items: in the order of their keys.
        embed: makes vectors of texts, one row each.
        earlier: key to prompt and topic, of the items of the round before.
    """
    tasks = {item.task for item in items}
    named: dict[int, str] = {}
    open_: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if earlier and item.key in earlier:
            named[place] = earlier[item.key][1]
        elif item.topic:
            named[place] = item.topic
        else:
            open_[item.task].append(place)
    if earlier and open_:
        _by_centres(
            items, sorted(p for places in open_.values() for p in places), embed, earlier, named
        )
        return [named[place] for place in range(len(items))]
    for task, places in sorted(open_.items()):
        found = topics_of(
            embed([items[place].prompt for place in places]), smallest=SMALLEST, most=MOST
        )
        parts: dict[int, list[int]] = defaultdict(list)
        for place, topic in zip(places, found.tolist(), strict=True):
            parts[topic].append(place)
        names = _names([[items[p].prompt for p in parts[one]] for one in sorted(parts)])
        for one, name in zip(sorted(parts), names, strict=True):
            whole = ": ".join(filter(None, (task if len(tasks) > 1 else "", name)))
            named.update(dict.fromkeys(parts[one], whole))
    return [named[place] for place in range(len(items))]


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


def _by_centres(
    items: Sequence[EvaluatedItem],
    places: Sequence[int],
    embed: Embed,
    earlier: Mapping[str, tuple[str, str]],
    named: dict[int, str],
) -> None:
    """Give new items the topics of the round before."""
    import numpy as np

    names = sorted({topic for _, topic in earlier.values()})
    known = [prompt for _, (prompt, _) in sorted(earlier.items())]
    topics = np.array([names.index(topic) for _, (_, topic) in sorted(earlier.items())])
    vectors = embed([*known, *(items[place].prompt for place in places)])
    found = nearest_topic(vectors[len(known) :], vectors[: len(known)], topics)
    named.update((place, names[at]) for place, at in zip(places, found.tolist(), strict=True))


def _names(parts: Sequence[Sequence[str]]) -> list[str]:
    """A name for each of several sets of texts: the words that tell it from the others."""
    if len(parts) < 2:
        return [""] * len(parts)
    told = _telling([[set(content_words(text)) for text in texts] for texts in parts])
    names: list[str] = []
    for number, words in enumerate(told, 1):
        name = ", ".join(words[:_NAMED_BY]) or f"topic {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _telling_words(assigned: Sequence[Assigned]) -> dict[str, list[str]]:
    parts: dict[str, list[set[str]]] = defaultdict(list)
    for one in assigned:
        parts[one.topic].append(set(content_words(one.item.prompt)))
    names = sorted(parts)
    told = _telling([parts[name] for name in names])
    return {name: words[:_WORDS_KEPT] for name, words in zip(names, told, strict=True)}


def _telling(parts: Sequence[Sequence[set[str]]]) -> list[list[str]]:
    """The words of each of several sets of texts that tell it from the rest: by the share of its
    texts that have them, less that of the others (of a single set, by -share ln share). A word
    stands in two of its texts at least, so that none is one item's alone, and is made of
    letters."""
    counts = [Counter(word for words in texts for word in words) for texts in parts]
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    texts_in_all = sum(map(len, parts))
    told = []
    for texts, count in zip(parts, counts, strict=True):
        rest = texts_in_all - len(texts)

        def weight(
            word: str,
            count: Counter[str] = count,
            n: int = len(texts),
            rest: int = rest,
        ) -> float:
            share = count[word] / n
            if not rest:  # of one topic alone, what is neither in all texts nor in hardly any
                return -share * math.log(share)
            return share - (total[word] - count[word]) / rest

        words = [
            word
            for word, often in count.items()
            if often >= _IN_ITEMS
            and word.isalpha()
            and word not in _VAGUE
            and len(word) <= _LONGEST_WORD
        ]
        told.append(sorted((w for w in words if weight(w) > 0), key=lambda w: (-weight(w), w)))
    return told


def _typical(items: Sequence[EvaluatedItem]) -> list[EvaluatedItem]:
    """The items, those first whose words most of the others have."""
    words = {item.key: set(content_words(item.prompt)) for item in items}
    often = Counter(word for those in words.values() for word in those)

    def likeness(item: EvaluatedItem) -> float:
        own = words[item.key]
        return sum(often[word] for word in own) / (len(own) or 1)

    return sorted(items, key=lambda item: (-likeness(item), item.key))
