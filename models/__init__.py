"""Ways to reach a model."""

from .base import Connection, Purpose, Reply, Request, Resumable, SchemaForm, Served
from .connect import connect
from .meter import Meter
from .pace import Paces
from .spec import ModelSpec, Prices
from .structured import parse_reply, strict_schema, with_form

__all__ = [
    "Connection",
    "Meter",
    "ModelSpec",
    "Paces",
    "Prices",
    "Purpose",
    "Reply",
    "Request",
    "Resumable",
    "SchemaForm",
    "Served",
    "connect",
    "parse_reply",
    "strict_schema",
    "with_form",
]
