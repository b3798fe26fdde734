"""Files and batches of the simulated server, as OpenAI's API shows them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from .server_batch_file import CHAT

__all__ = ["StoredBatch", "StoredFile"]


@dataclass(slots=True)
class StoredFile:
    """A file: requests that were uploaded, or what became of a batch's requests."""

    data: bytes
    purpose: str
    name: str
    id: str = field(default_factory=lambda: f"file-{uuid4().hex[:24]}")
    created: int = field(default_factory=lambda: int(time.time()))

    def card(self) -> dict[str, Any]:
        """The file object."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass(slots=True)
class StoredBatch:
    """A batch, and how far it has come.

    Attributes:
        file: its requests.
        times: when it reached which status, in seconds since 1970.
        errors: why it was refused.
        output, failures: the files of answers, and of what came to nothing.
        tokens: how many its requests have, by a rough estimate.
        total, completed, failed: how many requests there are, and how they went so far.
    """

    file: StoredFile
    metadata: Mapping[str, str] | None
    id: str = field(default_factory=lambda: f"batch_{uuid4().hex[:24]}")
    status: str = "validating"
    created: int = field(default_factory=lambda: int(time.time()))
    times: dict[str, int] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    output: StoredFile | None = None
    failures: StoredFile | None = None
    tokens: int = 0
    total: int = 0
    completed: int = 0
    failed: int = 0

    def become(self, status: str) -> None:
        """Reach a status."""
        self.status = status
        self.times[f"{status}_at"] = int(time.time())

    @property
    def is_under_way(self) -> bool:
        """Whether it takes room at the provider."""
        return self.status in ("in_progress", "cancelling", "finalizing")

    def card(self) -> dict[str, Any]:
        """The batch object."""
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": CHAT,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.file.id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output and self.output.id,
            "error_file_id": self.failures and self.failures.id,
            "created_at": self.created,
            "expires_at": self.created + 86_400,
            **self.times,
            "request_counts": {
                "total": self.total,
                "completed": self.completed,
                "failed": self.failed,
            },
            "metadata": self.metadata,
        }
