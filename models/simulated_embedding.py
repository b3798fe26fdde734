"""Embeddings by the simulated model: texts with many words in common are near each other."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .base import SIMULATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SIMULATED_WIDTH", "embedding_body", "simulated_vectors"]

SIMULATED_WIDTH = 256
"""The dimensions of a simulated embedding, where no other number is asked for."""

_WORD = re.compile(r"\w+")


def simulated_vectors(texts: Sequence[str], width: int = SIMULATED_WIDTH) -> NDArray[np.float32]:
    """A vector of length 1 for each text: the sum of one random vector for each word, case put
    aside; the same in every process. A text without words has a direction of its own.

    Args:
        texts: what to embed.
        width: the dimensions.
    """
    import numpy as np

    vectors = np.empty((len(texts), width), np.float32)
    for row, text in enumerate(texts):
        words = _WORD.findall(text.lower()) or [""]
        vectors[row] = sum(_signs(word, width) for word in words)
    # An even number of words may cancel out; what is left over gives the sum a direction.
    vectors += 1e-3 * _signs("", width)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@functools.lru_cache(maxsize=50_000)
def _signs(word: str, width: int) -> NDArray[np.float32]:
    import numpy as np

    digest = hashlib.shake_128(word.encode("utf-8", "replace")).digest(-(-width // 8))
    bits = np.unpackbits(np.frombuffer(digest, np.uint8))[:width]
    return bits.astype(np.float32) * 2 - 1


def embedding_body(
    texts: Sequence[str], *, model: str, width: int = SIMULATED_WIDTH, base64: bool = False
) -> dict[str, Any]:
    """The answer of POST /v1/embeddings, as an OpenAI-compatible endpoint gives it; tokens are
    estimated, at four characters each.

    Args:
        texts: the input.
        model: the model's name in the body.
        width: the dimensions.
        base64: whether the numbers are packed, four bytes each, and not written out.
    """
    from base64 import b64encode

    data: list[dict[str, Any]] = []
    for number, vector in enumerate(simulated_vectors(texts, width)):
        shown: Any = vector.tolist()
        if base64:
            shown = b64encode(vector.astype("<f4").tobytes()).decode()
        data.append({"object": "embedding", "index": number, "embedding": shown})
    read = sum((len(text) + 3) // 4 for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": model,
        "system_fingerprint": SIMULATED,
        "usage": {"prompt_tokens": read, "total_tokens": read},
    }
