"""Embeddings by a sentence-transformers model on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from ..errors import EndpointError
from .embedding import Embedded

__all__ = ["SentenceTransformerEmbedder"]

_AT_ONCE = 1024


class SentenceTransformerEmbedder:
    """A model by its name on the hub, or by the folder that holds it.

    Raises:
        EndpointError: the package is not installed, or the model cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        self.label = f"{name} (sentence-transformers)"
        self._name = name
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise EndpointError(
                f"embeddings by {name} need a package that is not installed: "
                "pip install 'silversmith[sentence-transformers]'",
                fatal=True,
            ) from None
        try:
            self._model = SentenceTransformer(name)
        except (OSError, ValueError) as error:
            raise EndpointError(
                f"sentence-transformers cannot load the model {name} ({error}); name a folder "
                "that holds one, or a model of the hub",
                fatal=True,
            ) from error

    def identity(self) -> dict[str, Any]:
        """The model's name."""
        return {"sentence-transformers": self._name}

    async def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """In portions of 1,024."""
        for start in range(0, len(texts), _AT_ONCE):
            part = list(texts[start : start + _AT_ONCE])
            vectors = self._model.encode(part, show_progress_bar=False, convert_to_numpy=True)
            yield Embedded(range(start, start + len(part)), vectors.astype("float32"))
