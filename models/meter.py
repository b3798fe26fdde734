"""What a connection has done: the figures for the live view."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..records import Usage

__all__ = ["Meter"]


@dataclass(slots=True)
class Meter:
    """Counts since the connection was made; of the requests that opened it, the answered ones.

    Attributes:
        calls: requests sent, repetitions included.
        answered: requests with a usable answer.
        failed: requests that came to nothing; each is in `reasons` as well.
        retried: requests that were sent again after a passing fault.
        in_flight: requests sent and not yet answered.
        reasons: failed requests by reason, in a few words ("HTTP 500", "timeout" ...).
        aside: the addresses of endpoints that are set aside for others now.
        input_tokens, output_tokens, cached_tokens, reasoning_tokens: as the endpoint reported
            them, cached and reasoning tokens included in input and output.
    """

    calls: int = 0
    answered: int = 0
    failed: int = 0
    retried: int = 0
    in_flight: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    aside: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def answer(self, usage: Usage) -> None:
        """Count a usable answer and its tokens."""
        self.answered += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_tokens += usage.cached_tokens
        self.reasoning_tokens += usage.reasoning_tokens

    def failure(self, reason: str) -> None:
        """Count a request that came to nothing."""
        self.failed += 1
        self.reasons[reason] += 1

    def forget_failures(self) -> None:
        """Take out what was only trying out how the endpoint wants to be asked."""
        self.calls -= self.failed
        self.failed = self.retried = 0
        self.reasons.clear()

    @property
    def usage(self) -> Usage:
        """The tokens of all answers, and how many there were."""
        return Usage(
            self.answered,
            self.input_tokens,
            self.output_tokens,
            self.cached_tokens,
            self.reasoning_tokens,
        )
