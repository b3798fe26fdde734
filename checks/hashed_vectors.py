"""Vectors of texts without a model: the words and pairs of words of each, weighed and hashed.

They tell which texts use the same rare words, and nothing of meaning: a paraphrase in other words
is far away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shingles import shingles_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["HASHED_WIDTH", "hashed_vectors"]

HASHED_WIDTH = 384
"""The dimensions."""

_COUNTERS = 1 << 20
_ROWS_AT_ONCE = 1024
_HITS = 4
_FACTOR = 0xD6E8FEB86659FD93


def hashed_vectors(texts: pa.ChunkedArray) -> NDArray[np.float32]:
    """A vector of length 1 for each text, or of zeros where it has no words.

    A word or pair of neighbouring words that is k times in a text and in d of n texts weighs
    (1 + ln k) ln(1 + n / d) (Salton and Buckley 1988), and adds that with a random sign to four
    random dimensions (feature hashing: Weinberger et al. 2009). So vectors depend on the texts
    that they are made together with, and not on their order.
    """
    import numpy as np

    rows = len(texts)
    in_texts = np.zeros(_COUNTERS, np.int32)
    parts = []
    for start in range(0, rows, _ROWS_AT_ONCE):
        some = texts.slice(start, _ROWS_AT_ONCE)
        hashes, owner, often = _counted(some)
        np.add.at(in_texts, hashes % _COUNTERS, 1)
        parts.append((hashes, owner, often))
    vectors = np.zeros((rows, HASHED_WIDTH), np.float32)
    for start, (hashes, owner, often) in zip(range(0, rows, _ROWS_AT_ONCE), parts, strict=True):
        weight = (1 + np.log(often)) * np.log1p(rows / in_texts[hashes % _COUNTERS])
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


def _counted(
    texts: pa.ChunkedArray,
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float64]]:
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
