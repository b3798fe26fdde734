"""Embeddings of texts: by an OpenAI-compatible endpoint, by a sentence-transformers model on this
machine, or simulated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .simulated_embedding import simulated_vectors
from .spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LOCAL", "Embedded", "Embedder", "SimulatedEmbedder", "connect_embedder"]

LOCAL = "sentence-transformers:"
"""What stands before the name or folder of a model of sentence-transformers."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a model gave for some texts.

    Attributes:
        places: the places of the texts in what was asked for.
        vectors: one row each; None where the model refuses them.
        tokens: what it read, as it reports it; None where nobody counts, on this machine.
        simulated: True where a simulated model made them.
        reason: why it refuses them, else "".
    """

    places: Sequence[int]
    vectors: NDArray[np.float32] | None
    tokens: int | None = 0
    simulated: bool = False
    reason: str = ""


class Embedder(Protocol):
    """A model that gives embeddings."""

    @property
    def label(self) -> str:
        """The model in a few words, for people."""
        ...

    def identity(self) -> dict[str, Any]:
        """What makes two embeddings of the same text different."""
        ...

    def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """The embeddings of texts, some at a time and in any order.

        Raises:
            EndpointError: the model cannot be reached, or refuses every request.
        """
        ...


class SimulatedEmbedder:
    """The simulated model in process."""

    label = "simulated"

    def identity(self) -> dict[str, Any]:
        """The simulated model has no options that matter here."""
        return {"simulated": True}

    async def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """All at once."""
        tokens = sum((len(text) + 3) // 4 for text in texts)
        yield Embedded(range(len(texts)), simulated_vectors(texts), tokens, simulated=True)


def connect_embedder(spec: ModelSpec | str, name: str = "") -> Embedder:
    """The embedder behind a model of the recipe, or behind `sentence-transformers:NAME`.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.

    Raises:
        EndpointError: the package or the model is not there; says what to do.
    """
    if isinstance(spec, str):
        from .sentence_transformer import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(spec.removeprefix(LOCAL))
    if spec.simulated is not None:
        return SimulatedEmbedder()
    from .embedding_endpoint import EndpointEmbedder

    return EndpointEmbedder(spec, name)
