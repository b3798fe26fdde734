"""Labels of a taxonomy: which category a label means, which categories are worth asking about for
a text, and how well the categories are covered by a dataset."""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..records.taxonomy import Category, Taxonomy
from .texts import split_words

__all__ = ["Coverage", "coverage", "find_label", "nearest_leaves", "unknown_label"]

_GAPS = re.compile(r"[\W_]+")
_SHORTEST_WORD = 4
_STEM = 6  # letters of a word that are compared, so that "licence" is near "licensed"


def find_label(label: str, paths: Sequence[str]) -> str | None:
    """The path that a label means, or None.

    A label is a path. It is repaired where it differs from one path alone in nothing but case,
    white space and other signs between words, or where it is the end of one path alone.
    """
    if label in paths:
        return label
    wanted = _plain(label)
    if not wanted:
        return None
    ways = (
        [path for path in paths if _plain(path) == wanted],
        [path for path in paths if _plain(path).endswith(f" {wanted}")],
    )
    return next((found[0] for found in ways if len(found) == 1), None)


def unknown_label(label: str, paths: Sequence[str]) -> str:
    """What is wrong with a label that no path can be found for, in words for who gave it."""
    near = difflib.get_close_matches(label, paths, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(paths)}"
    return f"{label!r} is no category of the list; {hint}"


def nearest_leaves(text: str, taxonomy: Taxonomy) -> tuple[Category, ...]:
    """The leaves of a taxonomy, those first that share the rarest words with the text (tf-idf over
    the words of names, definitions, requirements and examples); ties in the taxonomy's order. It
    is a guess at what to ask about, and no label."""
    weights = _weights(taxonomy)
    words = _stems(text)
    scores = [sum(own[word] for word in own.keys() & words) for own in weights]
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    return tuple(taxonomy.leaves[place] for place in order)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one leaf is covered by a dataset.

    Attributes:
        leaf: its path.
        planned: samples that were planned for it.
        kept: those of them that were kept.
        present: those of the kept ones that have its label; the others say that the text has
            nothing of it, or failed to be about it.
        labelled: all kept samples that have its label, whichever leaf they were planned for.
    """

    leaf: str
    planned: int = 0
    kept: int = 0
    present: int = 0
    labelled: int = 0


def coverage(
    samples: Iterable[tuple[Mapping[str, str], Sequence[str], bool]],
    leaves: Sequence[str] = (),
) -> list[Coverage]:
    """How the leaves are covered.

    Args:
        samples: the attributes, the labels, and whether it was kept, of each planned sample. The
            leaf that it was planned for is its attribute `leaf`; samples without one are not
            counted as planned.
        leaves: the paths of all leaves, so that those with nothing are in the table too.

    Returns:
        One row a leaf: those in `leaves` in their order, then others as they occur.
    """
    planned: Counter[str] = Counter(dict.fromkeys(leaves, 0))
    kept, present, labelled = Counter[str](), Counter[str](), Counter[str]()
    for attributes, labels, is_kept in samples:
        leaf = attributes.get("leaf")
        if leaf is not None:
            planned[leaf] += 1
        if not is_kept:
            continue
        labelled.update(set(labels))
        if leaf is not None:
            kept[leaf] += 1
            present[leaf] += leaf in labels
    rows = [*planned, *(path for path in sorted(labelled) if path not in planned)]
    return [
        Coverage(path, planned[path], kept[path], present[path], labelled[path]) for path in rows
    ]


def _plain(label: str) -> str:
    return _GAPS.sub(" ", label.casefold()).strip()


@functools.lru_cache(maxsize=8)
def _weights(taxonomy: Taxonomy) -> tuple[Mapping[str, float], ...]:
    """For each leaf its words with their weights, whose squares sum to 1."""
    own = []
    for leaf in taxonomy.leaves:
        said = (leaf.path, leaf.definition, *leaf.must, *leaf.examples)
        own.append(_stems(" ".join(said)))
    occurs = Counter(word for words in own for word in words)
    tables = []
    for words in own:
        raw = {word: math.log(1 + len(own) / occurs[word]) for word in sorted(words)}
        length = math.sqrt(sum(value**2 for value in raw.values())) or 1.0
        tables.append({word: value / length for word, value in raw.items()})
    return tuple(tables)


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        word[:_STEM]
        for word in split_words(text.casefold())
        if len(word) >= _SHORTEST_WORD or not word.isascii()
    )
