"""Ways to reach a model."""

from .base import Connection, Purpose, Reply, Request, Resumable, SchemaForm, Served
from .connect import connect
from .meter import Meter
from .pace import Paces
from .spec import ModelSpec, Prices, managed_servers
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
    "managed_servers",
    "parse_reply",
    "strict_schema",
    "with_form",
]
