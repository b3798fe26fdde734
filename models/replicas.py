"""Several endpoints that serve the same model: which of them are well.

One at which connections fail, or one that answers nothing but errors, is set aside: requests go to
the others, and it is tried with a small request of its own, at growing intervals, until it answers.
Once such a trial has failed, what is still under way there is given up, to be sent elsewhere. The
last one left is never set aside: its faults are met by the usual retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from .gate import Gate
from .line import Line
from .sentences import Sentences

__all__ = ["Replica", "Replicas"]

LOST_IN_A_ROW = 3
"""Connections refused, broken or timed out, one after the other, that set an endpoint aside."""

ERRORS_IN_A_ROW = 8
"""As many errors of the server (HTTP 5xx), one after the other."""

FIRST_TRIAL, LONGEST_TRIAL = 1.0, 30.0
"""Seconds between two trials: the first at once, then these, doubled each time."""


class Replica:
    """One endpoint of a model.

    Args:
        url: where it is, as the recipe says.
        gate: its limits.
        address: where its requests go, in the HTTP client's own form.
        sentences: what to say of its faults.

    Attributes:
        under_way: the deadlines of the requests that are under way.
    """

    def __init__(self, url: str, gate: Gate, address: Any, sentences: Sentences) -> None:
        self.url = url
        self.gate = gate
        self.address = address
        self.sentences = sentences
        self.under_way: set[asyncio.Timeout] = set()
        self.lost = 0
        self.errors = 0

    def give_up(self) -> None:
        """End what is under way, as if its time were up."""
        now = asyncio.get_running_loop().time()
        for deadline in self.under_way:
            if not deadline.expired():
                deadline.reschedule(now)


class Replicas:
    """The endpoints of one model. Belongs to the event loop that it is used in.

    Args:
        replicas: one or more.
        line: where requests wait for them.
        is_well: tries one with a small request.
        tell: is told which are set aside, whenever that changes.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        line: Line,
        is_well: Callable[[Replica], Awaitable[bool]],
        tell: Callable[[Sequence[str]], None],
    ) -> None:
        self._replicas = replicas
        self._of = {replica.gate: replica for replica in replicas}
        self._line = line
        self._is_well = is_well
        self._tell = tell
        self._trials: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._replicas)

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._replicas)

    def at(self, gate: Gate) -> Replica:
        """The replica behind a gate."""
        return self._of[gate]

    def answers(self, replica: Replica) -> None:
        """Count an answer that is no fault of the server's."""
        replica.lost = replica.errors = 0

    def fails(self, replica: Replica, *, lost: bool) -> bool:
        """Count a fault; returns whether a request that met it had better go to another one.

        Args:
            lost: whether the connection failed or timed out, rather than the server.
        """
        if lost:
            replica.lost += 1
        else:
            replica.lost, replica.errors = 0, replica.errors + 1
        if replica.lost >= LOST_IN_A_ROW or replica.errors >= ERRORS_IN_A_ROW:
            self.set_aside(replica)
        others = any(not one.gate.aside for one in self._replicas if one is not replica)
        return others and (lost or replica.gate.aside)

    def set_aside(self, replica: Replica) -> None:
        """Send no further requests to it until it is well, unless it is the last one left."""
        alive = [one for one in self._replicas if not one.gate.aside]
        if replica.gate.aside or alive == [replica]:
            return
        replica.gate.aside = True
        self._told()
        trial = asyncio.create_task(self._try(replica))
        self._trials.add(trial)
        trial.add_done_callback(self._trials.discard)

    async def close(self) -> None:
        """End all trials."""
        for trial in self._trials:
            trial.cancel()
        await asyncio.gather(*self._trials, return_exceptions=True)

    async def _try(self, replica: Replica) -> None:
        wait = FIRST_TRIAL
        while not await self._is_well(replica):
            if any(not one.gate.aside for one in self._replicas):
                replica.give_up()
            await asyncio.sleep(wait)
            wait = min(LONGEST_TRIAL, 2 * wait)
        replica.lost = replica.errors = 0
        replica.gate.aside = False
        self._told()
        self._line.serve()

    def _told(self) -> None:
        self._tell([one.url for one in self._replicas if one.gate.aside])
