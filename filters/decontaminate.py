"""Keeps samples that hold nothing of a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PrivateAttr

from ..checks import normalise, split_words
from ..checks.shingles import shingles_of
from .base import DatasetFilter, Drop, Finding
from .benchmark_items import Item, read_items

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Decontaminate", "Overlaps"]

_ROWS_AT_ONCE = 1024
_SHOWN = 160
_LISTED = 100


class Decontaminate(DatasetFilter):
    """Drops samples that share a run of words with an item of a benchmark, or are one.

    A sample goes if a run of `words` words of its prompt, its response or its rejected half is in
    a text of the benchmark, case and punctuation put aside: the overlap of 13-grams of GPT-3
    (Brown et al. 2020, appendix C). A text of the benchmark that is shorter has to be in the sample
    whole, if it has `whole_from` words or more (8 there). And a sample goes if a text of the
    benchmark is the whole of its prompt or its instruction, however short it is, or the whole of
    its response and has `whole_from` words, as `exact_duplicates` compares texts. What was found
    stands in the reason: the item's place, and the words.
    """

    kind: ClassVar[str] = "decontaminate"
    scalar: ClassVar[str] = "against"
    columns: ClassVar[tuple[str, ...]] = ("id", "prompt", "instruction", "response", "rejected")

    against: tuple[str, ...] | str
    """The benchmark's file, or several: JSON Lines, JSON, CSV, TSV, Parquet or text, also as
    .gz."""

    fields: tuple[str, ...] = ()
    """Which fields of an item are its texts; by default all that hold text."""

    words: Annotated[int, Field(ge=5, le=50)] = 13
    """How many words in a row are an overlap."""

    whole_from: Annotated[int, Field(ge=2, le=50)] = 8
    """From how many words on a shorter text of the benchmark counts where it is a part of a
    text."""

    _items: list[Item] = PrivateAttr(default_factory=list)

    def prepare(self, folder: Path) -> None:
        """Read the files.

        Raises:
            RecipeError: one is missing or broken, or holds no text.
        """
        names = [self.against] if isinstance(self.against, str) else self.against
        found = (read_items(folder / Path(one).expanduser(), self.fields) for one in names)
        self._items[:] = [item for items in found for item in items]

    @property
    def contents(self) -> Any:
        """How many items there are, and a digest of them."""
        import hashlib

        digest = hashlib.blake2b(digest_size=16)
        for item in self._items:
            digest.update(item.text.encode("utf-8", "surrogatepass") + b"\0")
        return [len(self._items), digest.hexdigest()]

    def drops(self, table: pa.Table) -> Iterable[Drop | Finding]:
        """Rows with an overlap, in row order; then how many there are of each file."""
        items: Counter[str] = Counter()
        for row, place, words in self.overlaps().of(table):
            items[place] += 1
            yield Drop(row, self.reason(place, words))
        yield from self.findings(items)

    def overlaps(self) -> Overlaps:
        """What finds the benchmark's texts in samples."""
        return Overlaps(self._items, self._sizes(), self.words, self.whole_from)

    @staticmethod
    def reason(place: str, words: str) -> str:
        """Why a sample goes that shares these words with the item of this place."""
        return f'{place} has "{_short(words)}"'

    @staticmethod
    def findings(items: Mapping[str, int]) -> Iterator[Finding]:
        """What there is to say beside what goes.

        Args:
            items: how many samples go because of the item of each place.
        """
        files: Counter[str] = Counter()
        for place, samples in items.items():
            files[place.rpartition("#")[0]] += samples
        yield Finding("samples_by_file", dict(sorted(files.items())))
        listed = sorted(items.items(), key=lambda one: (-one[1], one[0]))[:_LISTED]
        yield Finding("items_found", len(items))
        yield Finding("most_found", [{"item": place, "samples": n} for place, n in listed])

    def bytes_per_row(self, characters: float) -> float:
        """It looks at a thousand rows at a time; the benchmark's own texts are not in this."""
        return 0

    def _sizes(self) -> list[int]:
        """The runs of words that are looked for: whole texts that are shorter, and others."""
        lengths = {len(split_words(normalise(item.text))) for item in self._items}
        short = {n for n in lengths if self.whole_from <= n < self.words}
        long = [self.words] if max(lengths, default=0) >= self.words else []
        return [*long, *sorted(short)]


class Overlaps:
    """The texts of a benchmark, ready to be found in samples.

    Args:
        items: the benchmark's.
        sizes: the runs of words that are looked for.
        words: from this size on, a run may be a part of a longer text.
        whole_from: from how many words on a response may be a whole text by no chance.
    """

    def __init__(
        self, items: list[Item], sizes: Sequence[int], words: int, whole_from: int
    ) -> None:
        self._grams = [_Grams(items, one, whole=one < words) for one in sizes]
        self._whole = {normalise(item.text): item for item in reversed(items)}
        self._whole_from = whole_from

    def of(self, table: pa.Table) -> Iterator[tuple[int, str, str]]:
        """The rows that hold a text: the row, the item's place, and the words; in row order, and
        each row once."""
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            part = table.slice(start, _ROWS_AT_ONCE)
            found = _found(part, self._grams, self._whole, self._whole_from)
            for row, (item, words) in sorted(found.items()):
                yield start + row, item.place, words


class _Grams:
    """The runs of `size` words of the texts.

    Args:
        items: the benchmark's.
        size: how many words.
        whole: take only texts that have no more words than that.
    """

    def __init__(self, items: list[Item], size: int, *, whole: bool) -> None:
        import numpy as np
        import pyarrow as pa

        self.size = size
        self._items = items
        texts = pa.array([item.text for item in items], pa.large_string())
        hashes, offsets = shingles_of(texts, size)
        owner = np.repeat(np.arange(len(items)), np.diff(offsets))
        lengths = np.array([len(split_words(normalise(item.text))) for item in items])
        fits = lengths == size if whole else lengths >= size
        hashes, owner = hashes[fits[owner]], owner[fits[owner]]
        self._hashes, first = np.unique(hashes, return_index=True)
        self._owner: NDArray[np.int64] = owner[first]

    def find(self, texts: pa.ChunkedArray) -> Iterator[tuple[int, Item, str]]:
        """The first run of each text that is in the benchmark."""
        import numpy as np

        if not len(self._hashes):
            return
        hashes, offsets = shingles_of(texts, self.size)
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        hit = np.flatnonzero(self._hashes[place] == hashes)
        rows = np.searchsorted(offsets, hit, side="right") - 1
        rows, first = np.unique(rows, return_index=True)
        for row, at in zip(rows.tolist(), hit[first].tolist(), strict=True):
            words = split_words(normalise(texts[row].as_py() or ""))
            begin = at - int(offsets[row])
            run = words[begin : begin + self.size]
            if len(run) == self.size:  # a shorter text has one shingle too
                yield row, self._items[int(self._owner[place[at]])], " ".join(run)


def _found(
    part: pa.Table, grams: list[_Grams], whole: dict[str, Item], whole_from: int
) -> dict[int, tuple[Item, str]]:
    """What each row of a part shares with the benchmark."""
    found: dict[int, tuple[Item, str]] = {}
    for name in ("prompt", "instruction", "response"):
        for row, text in enumerate(part.column(name).to_pylist()):
            normal = normalise(text or "")
            if not normal or normal not in whole:
                continue
            # Short answers ("I do not know.") are the same by chance.
            if name != "response" or len(split_words(normal)) >= whole_from:
                found.setdefault(row, (whole[normal], normal))
    for name in ("prompt", "response", "rejected"):
        for one in grams:
            for row, item, words in one.find(part.column(name)):
                found.setdefault(row, (item, words))
    return found


def _short(words: str) -> str:
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"
