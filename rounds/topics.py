"""What the items of an evaluation are about."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..checks.content_words import content_words
from ..measures.topics import nearest_topic, topics_of
from ..records.evaluation import EvaluatedItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

__all__ = ["Known", "telling", "topics_by_item"]

SMALLEST = 10
"""Items in a topic that is found by clusters, at least."""

MOST = 8
"""Topics that one task is parted into, at most."""

_NAMED_BY = 3
_IN_ITEMS = 2
_LONGEST_WORD = 24
_VAGUE = frozenset(
    """again another did does doing done each every get gets getting give given gives got how makes
    many much new now two using was while""".split()  # noqa: SIM905
)
"""Beside the small words that `content_words` leaves out, what names no topic."""


class Known(NamedTuple):
    """An item of the round before: its task, prompt and topic."""

    task: str
    prompt: str
    topic: str


def topics_by_item(
    items: Sequence[EvaluatedItem],
    embed: Embed,
    earlier: Mapping[str, Known] | None = None,
) -> list[str]:
    """The topic of each item, by name.

    A topic that the log names is taken. Else the items of a task are parted into clusters of
    embeddings, whether they passed or not, where clusters stand apart. With an earlier round its
    topics stay: an item that was there keeps its topic, and a new one gets that of the nearest
    centre within its task; the items of a new task are parted anew.

    Args:
        items: in the order of their keys.
        embed: makes vectors of texts, one row each.
        earlier: what is known of the items of the round before, by key.
    """
    tasks = {item.task for item in items}
    earlier = earlier or {}
    before: dict[str, list[Known]] = defaultdict(list)
    for _, known in sorted(earlier.items()):
        before[known.task].append(known)
    topics: dict[int, str] = {}
    without: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if item.key in earlier:
            topics[place] = earlier[item.key].topic
        elif item.topic:
            topics[place] = item.topic
        else:
            without[item.task].append(place)
    for task, places in sorted(without.items()):
        prompts = [items[place].prompt for place in places]
        if before[task]:
            found = _nearest(prompts, before[task], embed)
        else:
            found = _parted(prompts, task if len(tasks) > 1 else "", embed)
        topics.update(zip(places, found, strict=True))
    return [topics[place] for place in range(len(items))]


def _parted(prompts: Sequence[str], task: str, embed: Embed) -> list[str]:
    """The topics of the prompts of a task, by name."""
    numbers = topics_of(embed(prompts), smallest=SMALLEST, most=MOST).tolist()
    parts: dict[int, list[str]] = defaultdict(list)
    for number, prompt in zip(numbers, prompts, strict=True):
        parts[number].append(prompt)
    names = _names([parts[number] for number in sorted(parts)])
    whole = [": ".join(filter(None, (task, name))) for name in names]
    return [whole[number] for number in numbers]


def _nearest(prompts: Sequence[str], before: Sequence[Known], embed: Embed) -> list[str]:
    """The topics of new prompts by those of the round before."""
    import numpy as np

    names = sorted({known.topic for known in before})
    topics = np.array([names.index(known.topic) for known in before])
    vectors = embed([*(known.prompt for known in before), *prompts])
    found = nearest_topic(vectors[len(before) :], vectors[: len(before)], topics)
    return [names[at] for at in found.tolist()]


def telling(parts: Sequence[Sequence[set[str]]]) -> list[list[str]]:
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


def _names(parts: Sequence[Sequence[str]]) -> list[str]:
    """A name for each of several sets of texts: the words that tell it from the others."""
    if len(parts) < 2:
        return [""] * len(parts)
    told = telling([[set(content_words(text)) for text in texts] for texts in parts])
    names: list[str] = []
    for number, words in enumerate(told, 1):
        name = ", ".join(words[:_NAMED_BY]) or f"topic {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names
