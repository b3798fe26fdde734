"""How fast an endpoint is asked, where it refuses to be asked faster.

A refusal (HTTP 429) concerns the endpoint and not one request: whoever goes on sending only
collects further refusals. So it stops all requests for as long as it asks for, and it teaches a
rate: what had been let through before it, less a margin. From then on requests go out evenly at
that rate, of which more is tried now and then, at growing intervals (as TCP CUBIC does around the
last known limit, RFC 9438). Time is handed in, in seconds of any monotonic clock.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Mark", "Pace", "Paces"]

MARGIN = 0.98
"""The share of what was let through that is used: the server counts what arrives, and the way
there takes now a little more time, now a little less."""

STEP_DOWN = 0.97
"""What a refusal at a pace leaves of it."""

STEP_UP, LEAP_UP = 1.02, 1.1
"""How the pace is raised each second while more is tried: near the last known limit, and well
above it."""

NEAR = 1.1
"""Up to this multiple of it a pace is near the last known limit."""

CATCH_UP = 1.05
"""How much faster than the pace requests may follow each other, after a hitch of ours."""

SLACK = 0.01
"""Seconds that a request may come early, since timers come late."""

CALM_PAUSES, MOST_CALM_PAUSES, LONGEST_CALM = 30.0, 120.0, 600.0
"""After a refusal, more is tried after the first so many times the pause that it cost, and after
twice as long each time that this fails, up to the second; but after so many seconds at most."""

FIRST_PAUSE, LEAST_PAUSE, LONGEST_PAUSE = 0.25, 0.05, 5.0
"""Seconds to pause where a refusal does not say, and at least; doubled each time that
nothing is let through between two refusals."""

FIRST_COUNT, FIRST_RATE = 500, 2000.0
"""The first requests of all go out no faster than so many a second, one by one rather than in
heaps, so that a refusal is heard before many more are sent."""

PROVEN = 2.0
"""A first pace that is refused within so many seconds was told from requests that fell into two of
the server's seconds. What is sure is what was let through with the pause counted in; the limit is
taken to lie in the middle of both, by ratio."""

LEAST_COUNT = 10
"""The pace is kept over at least so many requests, and at least a second; and so many must have
been let through to tell a rate."""

LOOKED_AT = 10
DEAF_SECONDS, MOST_DEAF_SECONDS = 60.0, 600.0
"""When so many refusals have come since the first slowed the pace down, without a calm time between
them, and no more requests are let through from one to the next, the pace is not their cause: it is
set back, and for so many seconds they only pause; twice as long the next time."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a request was sent, to judge a refusal by.

    Attributes:
        at: when.
        number: how many were sent before it, since the first.
        rate: how many a second were sent before it lately.
    """

    at: float
    number: int
    rate: float


class Pace:
    """The pace of one server, for one key. It knows no limit until it is told or refused."""

    def __init__(self) -> None:
        self.rate = math.inf
        self._ceiling = math.inf
        self._opens = 0.0
        self._next = 0.0
        self._sent: deque[float] = deque()
        self._number = 0
        self._span = 1.0
        self._most = math.inf
        # Of what is sent since the last refusal: its first number, and when that went out.
        self._run_from = 0
        self._run_since: float | None = None
        self._untold = 0  # let through since a refusal last taught a rate
        self._in_vain = 0
        self._proven = False
        # Of what is tried above the pace.
        self._held = False
        self._tried_at = math.inf
        self._good: float | None = None
        self._refused_at = math.inf
        self._calm = 0.0
        # Of refusals without a calm time between them: the pace before the first, and how many
        # requests were let through before each further one.
        self._before = math.inf
        self._runs: list[int] = []
        self._deaf_until = 0.0
        self._deaf_seconds = DEAF_SECONDS

    def at_most(self, per_second: float) -> None:
        """Never go faster than so many requests a second, whatever is let through."""
        before, self._ceiling = self._ceiling, per_second
        if self.rate > per_second or self.rate == before:
            self._set(per_second)

    def opens_at(self, now: float) -> float:
        """When the next request may go; at once where that is not after `now`."""
        opens = self._opens
        if self._most != math.inf:
            sent = self._sent
            held = self._next
            if len(sent) >= self._most:
                held = max(held, sent[len(sent) - int(self._most)] + self._span)
            if held > now:
                self._held = True
                return max(opens, held)
        elif self._number < FIRST_COUNT:
            return max(opens, self._next)
        return opens

    def sent(self, now: float) -> Mark:
        """Count a request that goes now."""
        sent = self._sent
        while len(sent) > LEAST_COUNT and sent[0] <= now - self._span:
            sent.popleft()
        rate = len(sent) / max(self._span, now - sent[0]) if sent else 0.0
        sent.append(now)
        if self._run_since is None:
            self._run_since = now
        if self._most != math.inf:
            self._next = max(self._next, now - SLACK) + 1 / (CATCH_UP * self.rate)
            if now >= self._tried_at:
                self._try_more(now)
        elif self._number < FIRST_COUNT:
            self._next = max(self._next, now - 2 / FIRST_RATE) + 1 / FIRST_RATE
        mark = Mark(now, self._number, rate)
        self._number += 1
        return mark

    def pause(self, until: float) -> None:
        """Let nothing go before then."""
        self._opens = max(self._opens, until)

    def refused(self, now: float, mark: Mark, asked: float | None) -> None:
        """Take a refusal into account.

        Args:
            now: when it came.
            mark: of the request that was refused.
            asked: seconds that the server wants to be left alone, or None.
        """
        with suppress(ValueError):
            self._sent.remove(mark.at)
        known = mark.number < self._run_from  # sent before the last refusal had come
        if known:
            self.pause(now + (asked or 0.0))
            return
        let_through = mark.number - self._run_from
        self._in_vain = 0 if let_through else self._in_vain + 1
        pause = FIRST_PAUSE if asked is None else LEAST_PAUSE
        pause = max(asked or 0.0, min(LONGEST_PAUSE, pause * 2.0**self._in_vain))
        self.pause(now + pause)
        since = mark.at if self._run_since is None else self._run_since
        self._run_from, self._run_since = self._number, None
        self._untold += let_through
        # A wait of up to a second is a mere "later", since Retry-After has whole seconds. A
        # longer one tells how long what was let through has to last.
        if asked is not None and asked > 1:
            seen = let_through / (mark.at - since + asked)
        else:
            seen = mark.rate if self._untold >= LEAST_COUNT else 0.0
        if now < self._deaf_until:
            return
        if self.rate != math.inf:
            self._runs.append(let_through)
        if self._is_futile():
            self._set_back(now)
        elif seen and let_through:
            self._proven |= mark.at - since > PROVEN
            if not self._proven:  # at the first refusal of all the rate is infinite
                sure = let_through / (mark.at - since + pause)
                seen = min(seen, math.sqrt(sure * self.rate) / MARGIN)
            self._slow_down(now, seen, pause)
            self._untold = 0

    def _slow_down(self, now: float, seen: float, pause: float) -> None:
        pause = max(1.0, pause)
        calm = CALM_PAUSES * pause
        rate = MARGIN * seen
        if self._good is not None and seen > MARGIN * self._good:
            rate = max(self._good, min(rate, self.rate / STEP_UP))  # a little less will do
            calm = max(calm, min(2 * self._calm, MOST_CALM_PAUSES * pause))
        elif self.rate != math.inf:
            rate = max(min(rate, STEP_DOWN * self.rate), self.rate / 10)
        calm = min(LONGEST_CALM, calm)
        self._refused_at = seen
        self._calm = calm
        self._good = None
        self._held = False
        self._tried_at = now + pause + calm
        self._deaf_until = now + self._span  # until what is seen came about at the new pace
        self._set(min(rate, self._ceiling))

    def _is_futile(self) -> bool:
        """Whether slowing down has not helped at all."""
        half = LOOKED_AT // 2
        runs = self._runs
        return len(runs) >= LOOKED_AT and sum(runs[-half:]) < 2 * sum(runs[:half])

    def _set_back(self, now: float) -> None:
        """Go as fast as before the refusals that were in vain, and be deaf to some more."""
        self._set(self._before)
        self._runs.clear()
        self._good = None
        self._deaf_until = now + self._deaf_seconds
        self._tried_at = math.inf if self.rate == math.inf else self._deaf_until
        self._deaf_seconds = min(MOST_DEAF_SECONDS, 2 * self._deaf_seconds)

    def _try_more(self, now: float) -> None:
        self._tried_at = now + max(1.0, self._span)
        if not self._held:
            return  # it is not the pace that holds us back
        self._held = False
        if self._good is None:
            self._good = self.rate
            self._runs.clear()  # slowing down has helped
            self._before = self.rate
            self._deaf_seconds = DEAF_SECONDS
        near = self.rate < NEAR * self._refused_at
        self._set(min(self._ceiling, self.rate * (STEP_UP if near else LEAP_UP)))
        self._good = max(self._good, self.rate / NEAR**2)
        if self.rate >= self._ceiling:
            self._tried_at = math.inf

    def _set(self, rate: float) -> None:
        self.rate = rate
        if rate == math.inf:
            self._span, self._most = 1.0, math.inf
        else:
            self._span = max(1.0, LEAST_COUNT / rate)
            self._most = math.floor(rate * self._span + 1e-9)


class Paces:
    """The paces of all servers that one run asks, so that models at the same server and with the
    same key share theirs."""

    def __init__(self) -> None:
        self._paces: dict[tuple[str, str], Pace] = {}

    def of(self, url: str, key: str) -> Pace:
        """The pace of a server for one key."""
        return self._paces.setdefault((url, key), Pace())
