"""From a recipe's model to a connection with it."""

from __future__ import annotations

from .base import Connection
from .simulated import SimulatedConnection
from .spec import ModelSpec

__all__ = ["connect"]


def connect(spec: ModelSpec, name: str = "") -> Connection:
    """A connection, not yet open, with the model of that name in the recipe (writer, critic ...).
    Nothing is reached before it is opened; the first one with an endpoint loads `openai`, which
    takes most of a second."""
    if spec.simulated is not None:
        return SimulatedConnection(spec.simulated)
    from .endpoint import EndpointConnection

    return EndpointConnection(spec, name)
