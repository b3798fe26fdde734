"""Seeds that say what a group of failures is like, and hold nothing of its items."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import orjson

from ..checks import count_words
from ..checks.answers import final_answer
from ..errors import RoundError
from .groups import Group
from .kinds import KINDS
from .leaks import Leaks

__all__ = ["MOST_SEEDS", "seeds_of"]

MOST_SEEDS = 24
"""Seeds of a group, at most; more samples are further draws."""

_WORDS_IN_SEED = 3


def seeds_of(group: Group, samples: int, leaks: Leaks) -> tuple[list[dict[str, Any]], int]:
    """The seeds of a group, and how many draws each takes.

    A seed says what the model does wrong there and what a right response does, how long such tasks
    are and what form their answers have, and names a few words of the field, other ones in each
    seed. A model's own specifications of such tasks, where there are any, come in their place.

    Args:
        group: the failures.
        samples: how many are wanted.
        leaks: the texts that no seed may hold anything of.

    Raises:
        RoundError: a seed holds a part of the evaluation.
    """
    told = list(_told(group))
    count = min(len(told), MOST_SEEDS, samples)
    draws = math.ceil(samples / count)
    count = math.ceil(samples / draws)
    rows = []
    for text in told[:count]:
        found = leaks.find(text)
        if found is not None:
            place, words = found
            raise RoundError(
                f"the seed for {group.name!r} would hold words of the evaluation's item {place}"
                f' ("{words[:120]}"): nothing is written; give the group another name in the log'
                " (--map topic=COLUMN), or leave that item out of the log"
            )
        rows.append(
            {
                "failure_group": group.name,
                "kind": group.treated_as,
                "topic": group.topic,
                "instruction": text,
            }
        )
    return rows, draws


def _told(group: Group) -> Iterator[str]:
    kind = KINDS[group.treated_as]
    about = f"The tasks are about this: {group.topic}.\n" if group.topic else ""
    fails = group.description or f"The model {kind.fails}."
    frame = f"{about}{fails}\n{_form(group)}"
    ends = f"The response {kind.right}."
    if group.specifications:
        yield from (f"{frame}{one}\n{ends}" for one in group.specifications)
        return
    words = list(group.words)
    if len(words) < _WORDS_IN_SEED:
        yield f"{frame}{ends}"
        return
    for some in _picked(words):
        yield f"{frame}Words of their field: {', '.join(some)}.\n{ends}"


def _picked(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Sets of a few words, such that those at the beginning share few of them."""
    chosen: list[tuple[str, ...]] = []
    used: Counter[str] = Counter()
    rest = sorted(combinations(words, _WORDS_IN_SEED), key=_drawn)
    while rest and len(chosen) < MOST_SEEDS:
        best = min(rest, key=lambda some: sum(used[word] for word in some))
        rest.remove(best)
        used.update(best)
        chosen.append(tuple(sorted(best)))
    return chosen


def _drawn(some: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\0".join(some).encode(), digest_size=8).digest()


def _form(group: Group) -> str:
    """How long the tasks are and what answers they have, in words."""
    lengths = sorted(count_words(item.prompt) for item in group.examples)
    middle = lengths[len(lengths) // 2]
    rounded = middle if middle < 10 else round(middle / 10) * 10
    said = f"Such a task has about {rounded} words."
    forms = Counter(_form_of(item.expected[0]) for item in group.examples if item.expected)
    if forms:
        form, often = min(forms.items(), key=lambda one: (-one[1], one[0]))
        if form and 2 * often > len(group.examples):
            said += f" Its right answer is {form}."
    return f"{said}\n"


def _form_of(expected: str) -> str:
    text = (final_answer(expected) or expected).strip()
    if text[:1] in ("{", "["):
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return ""
        return "JSON"
    if text.strip("()$€£% .").replace(",", "").replace(".", "", 1).lstrip("-").isdigit():
        return "a number"
    if len(text.strip("() .")) == 1:
        return "the letter of an option"
    if text.casefold().strip(" .") in ("yes", "no", "true", "false"):
        return "yes or no"
    return "a few words" if count_words(text) <= 8 else ""
