"""What goes into a journal and comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..records import Usage

__all__ = [
    "DRAFTED",
    "FAILED",
    "FAILED_TRANSIENT",
    "KeptReply",
    "ReplyKey",
    "Result",
    "Spending",
    "Standing",
]

DRAFTED, FAILED, FAILED_TRANSIENT = 0, 1, 2


