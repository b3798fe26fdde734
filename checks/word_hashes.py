"""A 64-bit hash of each word among the bytes of many texts, read eight bytes at a time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FACTOR", "eights", "first_eight", "hashes_of_words", "mixed"]

FACTOR = 0xD6E8FEB86659FD93
_LONGEST = 64  # bytes of a word that are read eight at a time


def hashes_of_words(
    data: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """A hash of each word, which depends on its bytes alone and is the same in every process.

    Args:
        data: the bytes of all texts.
        starts, stops: where each word begins and ends; none is empty.
    """
    import numpy as np

    windows = eights(data)
    left = stops - starts
    hashes = first_eight(windows, starts, left)
    hashes += left.astype(np.uint64) * FACTOR
    hashes = mixed(hashes)
    words = np.flatnonzero(left > 8)
    for done in range(8, _LONGEST, 8):
        if not len(words):
            return hashes
        left = stops[words] - starts[words] - done
        taken = first_eight(windows, starts[words] + done, left)
        hashes[words] = mixed((hashes[words] ^ taken) * FACTOR)
        words = words[left > 8]
    for word in words.tolist():
        rest = data[starts[word] + _LONGEST : stops[word]].tobytes()
        digest = hashlib.blake2b(rest, digest_size=8).digest()
        hashes[word] ^= np.frombuffer(digest, "<u8")[0]
    return hashes


def eights(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The eight bytes from each place on as one number, the first byte lowest; beyond the end
    are zeros."""
    import numpy as np

    padded = np.concatenate((data, np.zeros(8, np.uint8)))
    return np.lib.stride_tricks.as_strided(padded[:8].view("<u8"), (len(data) + 1,), (1,))


def first_eight(
    windows: NDArray[np.uint64], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The first eight bytes of each word, zeros after its end.

    Args:
        windows: what `eights` gives.
        starts, lengths: of the words, in bytes.
    """
    import numpy as np

    found: NDArray[np.uint64] = windows[starts] & _masks()[np.minimum(lengths, 8)]
    return found


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads the bits (the finaliser of SplitMix64). The array given is written over."""
    import numpy as np

    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values ^= values >> np.uint64(shift)
        values *= np.uint64(factor)
    values ^= values >> np.uint64(31)
    return values


def _masks() -> NDArray[np.uint64]:
    import numpy as np

    return np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)
