"""Shingles of many texts at once: all runs of so many words or characters, each as a 64-bit hash.

Texts come as an Arrow column, and what is ASCII is never made into Python strings: the work is
done on the column's bytes, so that a million texts take seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .texts import normalise, split_words
from .word_hashes import FACTOR, hashes_of_words, mixed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Shingles", "Unit", "shingles_of"]

Unit = Literal["words", "characters"]
"""What a shingle is a run of. Characters are those of the words, with one space between words."""


class Shingles(NamedTuple):
    """The shingles of some texts, with repetitions.

    Attributes:
        hashes: those of all texts in one array. They depend on the words alone and are the same in
            every process.
        offsets: the shingles of text i lie from offsets[i] to offsets[i + 1].
    """

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]


def shingles_of(texts: pa.Array | pa.ChunkedArray, size: int, unit: Unit = "words") -> Shingles:
    """The shingles of texts.

    Words are those of `split_words`, of the text as `normalise` has it. A text of fewer words (or
    characters) than `size` has one shingle of all of them, and a text without words has none.
    """
    import numpy as np

    raw, ends = _plain_bytes(texts)
    letters = _lower_case_or_zero(raw)
    separated = letters == 0
    edges = np.flatnonzero(separated[1:] != separated[:-1]) + 1
    if len(separated) and not separated[0]:
        edges = np.concatenate((np.zeros(1, np.int64), edges))
    starts, stops = edges[0::2].copy(), edges[1::2].copy()
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    if unit == "words":
        tokens = hashes_of_words(letters, starts, stops)
    else:
        tokens, counts = _characters(letters, starts, stops, counts)
    return _runs(tokens, counts, size)


def _plain_bytes(texts: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts in UTF-8, each with a separator after it, and where each ends. What is not ASCII
    is put in its normal form, with spaces between its words."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    column = compute.fill_null(texts, "").cast(pa.large_string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    ascii_ = compute.string_is_ascii(column)
    if compute.all(ascii_).as_py() is False:
        listed = column.to_pylist()
        for row in np.flatnonzero(~ascii_.to_numpy(zero_copy_only=False)).tolist():
            listed[row] = " ".join(split_words(normalise(listed[row])))
        column = pa.array(listed, pa.large_string())
    nothing, line_end = (pa.scalar(text, pa.large_string()) for text in ("", "\n"))
    column = compute.binary_join_element_wise(column, nothing, line_end)
    if not len(column):
        return np.empty(0, np.uint8), np.empty(0, np.int64)
    _, offsets, data = column.buffers()
    limits = np.frombuffer(offsets, np.int64, len(column) + 1, 8 * column.offset)
    raw = np.frombuffer(data, np.uint8, int(limits[-1] - limits[0]), int(limits[0]))
    return raw, limits[1:] - limits[0]


def _lower_case_or_zero(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each byte in lower case where it is part of a word, else 0."""
    import numpy as np

    lower = raw | np.uint8(0x20)
    is_letter = lower - np.uint8(ord("a")) < 26
    is_other = (raw - np.uint8(ord("0")) < 10) | (raw == ord("_")) | (raw >= 0x80)
    lower *= is_letter
    lower |= raw * is_other
    return lower


def _characters(
    letters: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """A hash of each character of each text, and how many there are. Each word is followed by a
    space, but for the last of a text."""
    import numpy as np

    kept = letters != 0
    kept[stops] = True  # the space; there is a byte after each word, if only the text's end
    last = np.cumsum(counts)[counts > 0] - 1
    kept[stops[last]] = False
    places = np.flatnonzero(kept)
    found = letters[places].astype(np.uint64)
    first = (found & np.uint64(0xC0)) != 0x80
    characters = found[first]
    # UTF-8: the bytes that follow belong to the character before them.
    whose = np.cumsum(first) - 1
    for step in range(1, 4):
        further = np.flatnonzero(~first[step:] & (whose[step:] == whose[:-step])) + step
        exact = further[first[further - step]]
        characters[whose[exact]] |= found[exact] << np.uint64(8 * step)
    text_ends = np.searchsorted(places[first], stops[last])
    numbers = np.zeros(len(counts), np.int64)
    numbers[counts > 0] = np.diff(text_ends, prepend=0)
    return mixed(characters * FACTOR), numbers


def _runs(tokens: NDArray[np.uint64], counts: NDArray[np.int64], size: int) -> Shingles:
    """All runs of `size` tokens within each text, and their hashes."""
    import numpy as np

    filled = counts > 0
    short = filled & (counts < size)
    if short.any():
        room = np.where(filled, np.maximum(counts, size), 0)
        text = np.repeat(np.arange(len(counts)), counts)
        shift = np.cumsum(room) - room - (np.cumsum(counts) - counts)
        padded = np.full(int(room.sum()), _PADDING, np.uint64)
        padded[np.arange(len(tokens)) + shift[text]] = tokens
        tokens, counts = padded, room
    runs = np.zeros(max(len(tokens) - size + 1, 0), np.uint64)
    for step in range(size):
        runs *= FACTOR
        runs += tokens[step : step + len(runs)]
    runs = mixed(runs)
    ends = np.cumsum(counts)[filled]
    inside = np.ones(len(tokens), bool)
    for step in range(1, size):
        inside[ends - step] = False
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(np.where(filled, counts - size + 1, 0), out=offsets[1:])
    return Shingles(runs[inside[: len(runs)]], offsets)


_PADDING = 0x9E3779B97F4A7C15
