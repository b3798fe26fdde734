"""From a recipe's model to a connection with it."""

from __future__ import annotations

from collections.abc import Callable

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
    """
    if spec.simulated is not None:
        return SimulatedConnection(spec.simulated)
    if spec.replay is not None:
        return ReplayConnection(spec.replay, "" if spec.model.startswith("replay:") else spec.model)
    if spec.batch:
        from .batch import BatchConnection

        return BatchConnection(spec, name, notes=notes, tell=tell)
    from .endpoint import EndpointConnection

    return EndpointConnection(spec, name, paces=paces)
