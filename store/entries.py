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


class ReplyKey(NamedTuple):
    """What a reply answered: who asked, which of its questions, which attempt, what exactly."""

    asker: str
    turn: int
    attempt: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A reply to be kept.

    Attributes:
        sample: the sample's number.
        key: what it answers.
        model: the name of the model in the recipe.
        usage: what it took.
        body: the raw body.
        paid: False where it was taken over from another run.
    """

    sample: int
    key: ReplyKey
    model: str
    usage: Usage
    body: bytes
    paid: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """A settled sample.

    Attributes:
        sample: the sample's number.
        settings: hash of all that decided how it was drafted and judged.
        failed, transient: whether it failed, and whether asking again later may help.
        reason: why it failed, or None.
        payload: the sample as JSON.
    """

    sample: int
    settings: bytes
    failed: bool
    transient: bool
    reason: str | None
    payload: bytes

    @property
    def state(self) -> int:
        return FAILED_TRANSIENT if self.transient else FAILED if self.failed else DRAFTED


class Standing(NamedTuple):
    """How a settled sample stands: by which settings, and whether it failed."""

    settings: bytes
    state: int

    @property
    def failed(self) -> bool:
        return self.state != DRAFTED

    @property
    def transient(self) -> bool:
        return self.state == FAILED_TRANSIENT


@dataclass(frozen=True, slots=True)
class Spending:
    """What one asker has used of one model, over all runs of this folder.

    Attributes:
        usage: of all replies, those that did not validate included.
        repeated: the replies to a question that was asked again, since the reply before did not
            validate.
        unmetered: the replies with which the endpoint reported no tokens.
    """

    asker: str
    model: str
    usage: Usage
    repeated: int = 0
    unmetered: int = 0
