"""Embeddings by a sentence-transformers model on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from ..errors import EndpointError
from .embedding import Embedded

__all__ = ["SentenceTransformerEmbedder"]

_AT_ONCE = 1024


class SentenceTransformerEmbedder:
    """A model by its name on the hub, or by the folder that holds it. It is loaded when it is first
    asked, so that texts whose embeddings are kept take none of its time.

    Raises:
        EndpointError: the package is not installed.
    """

    def __init__(self, name: str) -> None:
        self.label = f"{name} (sentence-transformers)"
        self._name = name
        if find_spec("sentence_transformers") is None:
            raise EndpointError(
                f"embeddings by {name} need a package that is not installed: "
                "pip install 'silversmith[sentence-transformers]'",
                fatal=True,
            )

    def identity(self) -> dict[str, Any]:
        """The model's name."""
        return {"sentence-transformers": self._name}

    async def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """In portions of 1,024.

        Raises:
            EndpointError: the model cannot be loaded.
        """
        for start in range(0, len(texts), _AT_ONCE):
            part = list(texts[start : start + _AT_ONCE])
            vectors = self._model.encode(part, show_progress_bar=False, convert_to_numpy=True)
            places = range(start, start + len(part))
            yield Embedded(places, vectors.astype("float32"), tokens=None)

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # it would be drawn into what a command says
        try:
            return SentenceTransformer(self._name)
        except (OSError, ValueError) as error:
            why = " ".join(str(error).split())
            raise EndpointError(
                f"sentence-transformers cannot load the model {self._name} ({why}); name a folder "
                "that holds one, or a model of the hub",
                fatal=True,
            ) from error
