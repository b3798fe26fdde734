"""From a recipe's model to a connection with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import RecipeError
from .base import Connection
from .batch_notes import Notes
from .pace import Paces
from .replay import ReplayConnection
from .simulated import SimulatedConnection
from .spec import ModelSpec

__all__ = ["connect"]


def connect(
    spec: ModelSpec,
    name: str = "",
    *,
    paces: Paces | None = None,
    notes: Notes | None = None,
    tell: Callable[[str], None] | None = None,
    folder: Path | None = None,
    managed: int = 1,
) -> Connection:
    """A connection, not yet open, with the model of that name in the recipe (writer, critic ...).
    Nothing is reached before it is opened; the first one with an endpoint loads `openai`, which
    takes most of a second.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.
        paces: the paces of all servers of the run, which models at one server share; by default
            the model's alone.
        notes, tell: for a model in batch mode, see `BatchConnection`.
        tell, folder, managed: for a managed vLLM server, see `ManagedConnection`.

    Raises:
        RecipeError: the model is one that only a cluster runs.
    """
    if spec.simulated is not None:
        return SimulatedConnection(spec.simulated)
    if spec.replay is not None:
        return ReplayConnection(spec.replay, "" if spec.model.startswith("replay:") else spec.model)
    if spec.batch:
        from .batch import BatchConnection

        return BatchConnection(spec, name, notes=notes, tell=tell)
    if spec.engine is not None:
        if spec.engine.runner != "server":
            raise RecipeError(
                f"models.{name}: `engine.runner: {spec.engine.runner}` is for a Ray cluster: run it"
                " with --on ray, or leave `runner` away"
            )
        from .vllm.connection import ManagedConnection

        return ManagedConnection(spec, name, paces=paces, folder=folder, tell=tell, models=managed)
    from .endpoint import EndpointConnection

    return EndpointConnection(spec, name, paces=paces)
