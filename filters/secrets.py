"""Keeps keys and passwords out of what is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from ..checks.secrets import SECRET_GATE, find_secrets
from ..records.redaction import PlacedSpan
from .base import ColumnFilter
from .columns import Columns
from .finding import counted, found_in

__all__ = ["Secrets"]


class Secrets(ColumnFilter):
    """Drops samples that hold a key, a token or a password, or keeps them and has it redacted in
    what is exported, as `personal_data` does.

    Forms of some twenty issuers are known, each with its prefix and length, and its checksum where
    it has one; besides these, passwords in addresses, and what is assigned to a name such as
    `password` or `api_key` and is as even as a random key. Keys that documentation uses as an
    example are passed over. All texts of a sample are searched.
    """

    kind: ClassVar[str] = "secrets"
    scalar: ClassVar[str] = "action"

    action: Literal["drop", "redact"] = "drop"
    """What becomes of a sample with a secret."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """Whose keys were found, with how often; never the key itself."""
        if self.action == "redact":
            return {}
        found = found_in(columns, SECRET_GATE, find_secrets)
        return {row: counted(spans) for row, spans in found.items()}

    def redactions(self, columns: Columns) -> Mapping[int, Sequence[PlacedSpan]]:
        return found_in(columns, SECRET_GATE, find_secrets) if self.action == "redact" else {}
