"""How what serves a model on a cluster stands."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Standing"]


@dataclass(frozen=True)
class Standing:
    """How a model's servers on one machine stand, or its replicas on the cluster.

    Attributes:
        phase: as `models.vllm.state.Phase`; None where their keeper is gone.
        urls: where they are.
        places: how many requests each works on at once.
        said: where they run, in words.
        progress: how far their start has got.
        why: why they are not there.
    """

    phase: str | None
    urls: tuple[str, ...]
    places: int
    said: str
    progress: str
    why: str
