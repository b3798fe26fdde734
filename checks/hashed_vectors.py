"""Vectors of texts without a model: the words and pairs of words of each, weighed and hashed.

They tell which texts use the same rare words, and nothing of meaning: a paraphrase in other words
is far away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .shingles import shingles_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    _Counted = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float64]]

__all__ = ["HASHED_WIDTH", "Frequencies", "frequencies", "hashed_vectors"]

HASHED_WIDTH = 384
"""The dimensions."""

_COUNTERS = 1 << 20
_ROWS_AT_ONCE = 1024
_HITS = 4
_FACTOR = 0xD6E8FEB86659FD93


class Frequencies(NamedTuple):
    """In how many texts words and pairs of words are.

    Attributes:
        texts: how many texts there are.
        holding: how many of them hold what a hash stands for, by the hash's last bits.
    """

    texts: int
    holding: NDArray[np.int32]

    def __add__(self, other: Frequencies) -> Frequencies:  # type: ignore[override]
        """Of the texts of both."""
        return Frequencies(self.texts + other.texts, self.holding + other.holding)


def frequencies(texts: pa.ChunkedArray) -> Frequencies:
    """What the weights of `hashed_vectors` depend on beside the text itself."""
    return _frequencies(len(texts), [hashes for hashes, _, _ in _parts(texts)])


def hashed_vectors(texts: pa.ChunkedArray, known: Frequencies | None = None) -> NDArray[np.float32]:
    """A vector of length 1 for each text, or of zeros where it has no words.

    A word or pair of neighbouring words that is k times in a text and in d of n texts weighs
    (1 + ln k) ln(1 + n / d) (Salton and Buckley 1988), and adds that with a random sign to four
    random dimensions (feature hashing: Weinberger et al. 2009). So vectors depend on the texts
    that they are made together with, and not on their order.

    Args:
        known: the frequencies in all texts, where these are a part of them.
    """
    import numpy as np

    rows = len(texts)
    parts = list(_parts(texts))
    known = known or _frequencies(rows, [hashes for hashes, _, _ in parts])
    vectors = np.zeros((rows, HASHED_WIDTH), np.float32)
    for start, (hashes, owner, often) in zip(range(0, rows, _ROWS_AT_ONCE), parts, strict=True):
        weight = (1 + np.log(often)) * np.log1p(known.texts / known.holding[hashes % _COUNTERS])
        count = min(_ROWS_AT_ONCE, rows - start)
        flat = np.zeros(count * HASHED_WIDTH)
        for hit in range(_HITS):
            turned = hashes * np.uint64(_FACTOR + 2 * hit)
            place = ((turned >> np.uint64(40)) * np.uint64(HASHED_WIDTH)) >> np.uint64(24)
            sign = 1.0 - 2.0 * ((turned >> np.uint64(20)) & np.uint64(1)).astype(np.float64)
            index = owner * HASHED_WIDTH + place.astype(np.int64)
            flat += np.bincount(index, weight * sign, len(flat))
        vectors[start : start + count] = flat.reshape(count, HASHED_WIDTH)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    vectors /= lengths
    return vectors


def _parts(texts: pa.ChunkedArray) -> Iterator[_Counted]:
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        yield _counted(texts.slice(start, _ROWS_AT_ONCE))


def _frequencies(texts: int, hashes: Iterable[NDArray[np.uint64]]) -> Frequencies:
    import numpy as np

    holding = np.zeros(_COUNTERS, np.int32)
    for some in hashes:
        np.add.at(holding, some % _COUNTERS, 1)
    return Frequencies(texts, holding)


def _counted(texts: pa.ChunkedArray) -> _Counted:
    """The different words and pairs of words of each text: hash, text, and how often."""
    import numpy as np

    keys, owners = [], []
    for size in (1, 2):
        hashes, offsets = shingles_of(texts, size)
        keys.append(hashes ^ np.uint64(size))
        owners.append(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)))
    hashes, owner = np.concatenate(keys), np.concatenate(owners)
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(new)
    often = np.diff(np.append(starts, len(hashes))).astype(np.float64)
    return hashes[starts], owner[starts], often
