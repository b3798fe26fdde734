"""Labels that several raters gave to the same items, as arrays."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CheckError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LabelColumns", "Patterns", "Ratings", "label_of", "spelled"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def label_of(value: Any) -> float | str | None:
    """A label as it is compared: a number, a text, or None where there is none.

    Text that is a number counts as that number (as in CSV: "4", "4.0" and 4 are one label), and
    true and false, in any case, as the texts "true" and "false". White space around text is no
    part of it; null, NaN and empty text are missing.

    Raises:
        CheckError: the value is a list or an object.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < float("inf") else None
    if not isinstance(value, str):
        raise CheckError(f"holds {_kind(value)} where a label is a text or a number")
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return label_of(float(text))
    return text.lower() if text.lower() in ("true", "false") else text or None


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, (list, tuple)) else "an object"


@dataclass(frozen=True)
class Patterns:
    """The different rows of ratings, and how often each occurs.

    Attributes:
        codes: indices into the labels, -1 where missing; one row a pattern, one column a rater.
        counts: how many items have the pattern.
    """

    codes: NDArray[np.int64]
    counts: NDArray[np.float64]


@dataclass(frozen=True)
class Ratings:
    """Labels of items by raters.

    Attributes:
        raters: the raters' names.
        labels: the labels that occur, in their order: numbers by size, then texts by alphabet;
            or in a given order.
        values: what each label is as a number; NaN for a text without an order.
        codes: indices into the labels, -1 where missing; one row an item, one column a rater.
    """

    raters: tuple[str, ...]
    labels: tuple[str, ...]
    values: NDArray[np.float64]
    codes: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        raters: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        order: Sequence[str] = (),
    ) -> Ratings:
        """The ratings in rows of one value a rater.

        Args:
            order: labels from the lowest to the highest, where their order is not that of
                numbers; each then has its place, from 1, as its value.

        Raises:
            CheckError: a value is no label, or a label is not in the order.
        """
        columns = LabelColumns(raters)
        for row in rows:
            columns.append([label_of(value) for value in row])
        return columns.ratings(order)

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self.codes)

    def some(self, chosen: NDArray[np.bool_]) -> Ratings:
        """The ratings of some of the items."""
        return Ratings(self.raters, self.labels, self.values, self.codes[chosen])

    def as_names(self) -> Ratings:
        """The same ratings with labels that are names, even where they look like numbers."""
        import numpy as np

        return Ratings(self.raters, self.labels, np.full(len(self.labels), np.nan), self.codes)

    def with_rater(self, name: str, codes: NDArray[np.int32]) -> Ratings:
        """The ratings with one more rater."""
        import numpy as np

        codes = np.column_stack([self.codes, codes]).astype(np.int32)
        return Ratings((*self.raters, name), self.labels, self.values, codes)

    def patterns(self) -> Patterns:
        """The different rows. Resampling them by their counts is resampling the items, and takes
        as long as there are patterns: of three raters with five labels at most 216."""
        import numpy as np

        base = len(self.labels) + 1
        if base ** len(self.raters) < 2**62:
            packed = np.zeros(self.items, dtype=np.int64)
            for column in range(len(self.raters)):
                packed = packed * base + self.codes[:, column] + 1
            _, first, counts = np.unique(packed, return_index=True, return_counts=True)
            rows = self.codes[first]
        else:
            rows, counts = np.unique(self.codes, axis=0, return_counts=True)
        return Patterns(rows.astype(np.int64), counts.astype(np.float64))

    def majority(self, raters: Sequence[str]) -> NDArray[np.int32]:
        """The label that most of some raters gave each item; -1 where two are ahead together."""
        import numpy as np

        columns = [self.raters.index(name) for name in raters]
        codes = self.codes[:, columns]
        votes = np.zeros(codes.shape, dtype=np.int16)
        for column in range(codes.shape[1]):
            votes[:, column] = (codes == codes[:, [column]]).sum(axis=1)
        votes[codes < 0] = 0
        most = votes.max(axis=1, keepdims=True)
        winner = np.where(votes == most, codes, np.iinfo(np.int32).max).min(axis=1)
        other = np.where(votes == most, codes, -1).max(axis=1)
        return np.where((winner == other) & (most[:, 0] > 0), winner, -1).astype(np.int32)


class LabelColumns:
    """Labels as they are read, row by row, in twelve bytes each.

    Args:
        raters: whose labels; one column each.
    """

    def __init__(self, raters: Sequence[str]) -> None:
        self.raters: list[str] = []
        self.items = 0
        self._numbers: list[array[float]] = []
        self._texts: list[array[int]] = []
        self._code_of: dict[str, int] = {}
        for name in raters:
            self.add(name)

    def add(self, rater: str) -> int:
        """One more rater, who labelled none of the items so far; returns the column."""
        self.raters.append(rater)
        self._numbers.append(array("d", [float("nan")]) * self.items)
        self._texts.append(array("i", [-1]) * self.items)
        return len(self.raters) - 1

    def append(self, labels: Sequence[float | str | None]) -> None:
        """Add an item: one label a rater, as `label_of` gives them."""
        for numbers, texts, label in zip(self._numbers, self._texts, labels, strict=True):
            if isinstance(label, str):
                numbers.append(float("nan"))
                texts.append(self._code_of.setdefault(label, len(self._code_of)))
            else:
                numbers.append(float("nan") if label is None else label)
                texts.append(-1)
        self.items += 1

    def ratings(self, order: Sequence[str] = ()) -> Ratings:
        """What was added.

        Raises:
            CheckError: a label is not in the order.
        """
        import numpy as np

        numbers = np.column_stack([np.frombuffer(c, dtype=np.float64) for c in self._numbers])
        texts = np.column_stack([np.frombuffer(c, dtype=np.int32) for c in self._texts])
        is_number = ~np.isnan(numbers)
        values = np.unique(numbers[is_number])
        words = sorted(self._code_of)
        codes = np.full(numbers.shape, -1, dtype=np.int32)
        codes[is_number] = np.searchsorted(values, numbers[is_number])
        if words:
            place = np.empty(len(words), dtype=np.int32)
            for number, word in enumerate(words):
                place[self._code_of[word]] = len(values) + number
            codes[texts >= 0] = place[texts[texts >= 0]]
        labels = (*(f"{value:.10g}" for value in values), *words)
        values = np.concatenate([values, np.full(len(words), np.nan)])
        ratings = Ratings(tuple(self.raters), labels, values, codes)
        return _in_order(ratings, order) if order else ratings


def _in_order(ratings: Ratings, order: Sequence[str]) -> Ratings:
    import numpy as np

    wanted = [spelled(label_of(word)) for word in order]
    if len(set(wanted)) < len(wanted):
        raise CheckError(f"the order {', '.join(order)} names a label twice")
    missing = [label for label in ratings.labels if label not in wanted]
    if missing:
        raise CheckError(
            f"the order {', '.join(order)} lacks {_some(missing)}: name every label that occurs,"
            " or take those that are none as missing"
        )
    place = np.array([wanted.index(label) for label in ratings.labels] + [-1], dtype=np.int32)
    values = np.arange(1, len(wanted) + 1, dtype=np.float64)
    return Ratings(ratings.raters, tuple(wanted), values, place[ratings.codes])


def spelled(label: float | str | None) -> str:
    """A label in words: "4", "4.5", "tie", "" for none."""
    return f"{label:.10g}" if isinstance(label, float) else label or ""


def _some(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
    return ", ".join(repr(label) for label in labels[:5]) + more
