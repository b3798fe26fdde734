"""When the next request may go to one endpoint: its places, its pace and its budget of tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..records import Usage
from .pace import Mark, Pace
from .quota import MINUTE, TokenBudget, said_limit
from .window import EARLY, Window

__all__ = ["Gate", "Ticket"]

CHARACTERS_PER_TOKEN = 4
SAID_LIMITS = ("x-ratelimit-limit-requests", "x-ratelimit-limit-tokens")


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One request on its way through a gate.

    Attributes:
        gate: the gate.
        pace: the pace by which it was sent.
        mark: how it was sent.
        charged: tokens that it was charged.
        early: whether it was one of the first.
    """

    gate: Gate
    pace: Pace
    mark: Mark
    charged: float
    early: bool


class Gate:
    """Lets requests through to one endpoint. Time is handed in, in seconds.

    Args:
        places: how many may be under way at once, at most.
        pace: of the server; shared by all models there.
        requests_per_minute, tokens_per_minute: limits of the user's own.

    Attributes:
        in_flight: how many are under way.
        aside: whether the endpoint is set aside for another one.
    """

    def __init__(
        self,
        places: int,
        pace: Pace | None = None,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self.window = Window(places)
        self.pace = pace or Pace()
        self.in_flight = 0
        self.aside = False
        self._count = 0
        self._requests_per_minute = requests_per_minute
        self._tokens_per_minute = tokens_per_minute
        self._tokens = TokenBudget(tokens_per_minute) if tokens_per_minute else None
        self._own_pace = False
        if requests_per_minute:
            self._take_own_pace(requests_per_minute)

    def opens_at(self, now: float) -> float:
        """When the next request may go: at once where that is not after `now`; infinity where
        another one must end first."""
        if self.in_flight >= self.window.places:
            return math.inf
        opens = self.pace.opens_at(now)
        return opens if self._tokens is None else max(opens, self._tokens.opens_at(now))

    def enter(self, now: float, size: int) -> Ticket:
        """Count a request that goes now.

        Args:
            size: bytes of its body.
        """
        self.in_flight += 1
        if self.in_flight >= self.window.places:
            self.window.full = True
        charged = 0.0
        if self._tokens is not None:
            charged = self._tokens.charge(now, size / CHARACTERS_PER_TOKEN)
        self._count += 1
        return Ticket(self, self.pace, self.pace.sent(now), charged, self._count <= EARLY)

    def leave(self) -> None:
        """Count a request as no longer under way, whatever became of it."""
        self.in_flight -= 1

    def answered(self, ticket: Ticket, now: float, usage: Usage) -> None:
        """Learn from a usable answer."""
        self.window.answered(now, now - ticket.mark.at, early=ticket.early)
        if self._tokens is not None:
            self._tokens.settle(ticket.charged, usage.input_tokens, usage.output_tokens)

    def failed(self, now: float, *, strained: bool) -> None:
        """Learn from a request that came to nothing.

        Args:
            strained: whether in a way that speaks of overload.
        """
        self.window.failed(now, strained=strained)

    def refused(self, ticket: Ticket, now: float, asked: float | None) -> None:
        """Learn from a request that was refused for being one too many (HTTP 429).

        Args:
            asked: seconds that the endpoint wants to be left alone, or None.
        """
        ticket.pace.refused(now, ticket.mark, asked)
        if self._tokens is not None:
            self._tokens.refund(ticket.charged)

    def told(self, now: float, headers: Mapping[str, str]) -> None:
        """Learn from what a response says of limits, where the user has not set them. They are
        the model's own, as at OpenAI."""
        if SAID_LIMITS[0] not in headers and SAID_LIMITS[1] not in headers:
            return
        if limit := said_limit(headers, "requests"):
            self._take_own_pace(self._requests_per_minute or limit.per_minute)
            if limit.remaining == 0:
                self.pace.pause(now + limit.wait)
        if limit := said_limit(headers, "tokens"):
            per_minute = self._tokens_per_minute or limit.per_minute
            if self._tokens is None:
                self._tokens = TokenBudget(per_minute)
            self._tokens.at_most(per_minute)
            if limit.remaining is not None:
                self._tokens.told(limit.remaining)

    def _take_own_pace(self, per_minute: float) -> None:
        """Where limits are a model's own, so is the pace."""
        if not self._own_pace:
            self._own_pace = True
            self.pace = Pace()
        self.pace.at_most(per_minute / MINUTE)
