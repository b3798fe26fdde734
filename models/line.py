"""The line in which the requests to a model wait for their turn."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence

from .gate import Gate, Ticket

__all__ = ["Line"]

_Waiting = tuple[asyncio.Future[Ticket], int]


class Line:
    """Sends each request through the gate of the endpoint with the least to do, in the order of
    arrival. Belongs to the event loop that it is used in.

    Args:
        gates: one for each endpoint, at least one of which is not set aside.
    """

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = gates
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._comes_back = 0.0

    async def enter(self, size: int, *, again: bool = False) -> Ticket:
        """Wait for one's turn. Whoever has a ticket must `leave`.

        Args:
            size: bytes of the request.
            again: whether it has been in the line before; it then goes before all others.
        """
        now = self._loop.time()
        if again or not self._waiting:
            gate, opens = self._choose(now)
            if opens <= now:
                return gate.enter(now, size)
        future: asyncio.Future[Ticket] = self._loop.create_future()
        if again:
            self._waiting.appendleft((future, size))
        else:
            self._waiting.append((future, size))
        self.serve()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(future.result())
            raise

    def now(self) -> float:
        """The time by which gates are opened."""
        return self._loop.time()

    def leave(self, ticket: Ticket) -> None:
        """Give the place back."""
        ticket.gate.leave()
        if self._waiting:
            self.serve()

    def serve(self) -> None:
        """Let go whoever may go, and come back when the next one may."""
        waiting = self._waiting
        now = self._loop.time()
        while waiting:
            future, size = waiting[0]
            if future.done():  # it was cancelled
                waiting.popleft()
                continue
            gate, opens = self._choose(now)
            if opens > now:
                self._come_back(opens)
                return
            waiting.popleft()
            future.set_result(gate.enter(now, size))

    def _choose(self, now: float) -> tuple[Gate, float]:
        """The gate to take, and when it opens."""
        gates = self._gates
        if len(gates) == 1:
            return gates[0], gates[0].opens_at(now)
        choice, choice_opens, choice_load = gates[0], math.inf, math.inf
        for gate in gates:
            if gate.aside:
                continue
            opens = max(now, gate.opens_at(now))
            load = gate.in_flight / gate.window.places
            if opens < choice_opens or (opens == choice_opens and load < choice_load):
                choice, choice_opens, choice_load = gate, opens, load
        return choice, choice_opens

    def _come_back(self, at: float) -> None:
        if at == math.inf:
            return  # whoever leaves next serves
        if self._timer is not None:
            if self._comes_back <= at and not self._timer.cancelled():
                return
            self._timer.cancel()
        # Not asked of the timer: that of another event loop (uvloop) may not know.
        self._comes_back = at
        self._timer = self._loop.call_at(at, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self.serve()
