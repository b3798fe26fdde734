"""A request for embeddings to the simulated server, read and checked as OpenAI's endpoint does."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from .chat_request import BadRequest
from .simulated_embedding import SIMULATED_WIDTH

__all__ = ["EmbeddingRequest", "read_embedding_request"]

_MOST_TEXTS = 2048
_LONGEST = 8192 * 4  # characters: 8,192 tokens of four
_WIDEST = 4096


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """What is asked of POST /v1/embeddings.

    Attributes:
        model: the model's name.
        texts: the input.
        width: the dimensions.
        base64: whether the numbers are to be packed.
    """

    model: str
    texts: list[str]
    width: int
    base64: bool


def read_embedding_request(body: bytes) -> EmbeddingRequest:
    """The request in a body.

    Raises:
        BadRequest: something in it is wrong, or a text is too long; says which.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    model = data.get("model") if isinstance(data, dict) else None
    if not isinstance(model, str) or not model:
        raise BadRequest("The name of a model is missing.", "model")
    texts = data.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequest("'input' must be a text or a list of texts.", "input")
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise BadRequest(f"'input' must have 1 to {_MOST_TEXTS:,} texts.", "input")
    for place, text in enumerate(texts):
        if not text:
            raise BadRequest(f"input[{place}] is empty.", "input")
        if len(text) > _LONGEST:
            raise BadRequest(f"input[{place}] has more than 8,192 tokens.", "input")
    width = data.get("dimensions", SIMULATED_WIDTH)
    if not isinstance(width, int) or not 1 <= width <= _WIDEST:
        raise BadRequest(f"'dimensions' must be an integer from 1 to {_WIDEST}.", "dimensions")
    form = data.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise BadRequest("'encoding_format' must be 'float' or 'base64'.", "encoding_format")
    return EmbeddingRequest(model, texts, width, form == "base64")
