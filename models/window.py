"""How many requests an endpoint gets at once.

It starts with all that the recipe allows. Where answers take long, or the endpoint says that it is
overloaded, fewer are tried for a while: they stay fewer where just as many answers come, since then
the rest only stood in a queue; else it was not the number, and it is set back. Afterwards more are
tried again, and stay where more answers come. What fails is tried again at growing intervals, so
that the number settles. Time is handed in, in seconds of any monotonic clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Window"]

FEWER, MORE = 0.75, 1.25
"""What a trial multiplies the number by."""

AS_GOOD, GAIN = 0.97, 0.3
"""The share of answers a second that fewer requests at once must reach; and the share of what is
added to them by which answers must become more."""

SLOW, SLOWER = 0.5, 2.0
"""Answers queue where they take more than so many seconds, and so many times as long as they did
at the quickest."""

STRAINED, COLLAPSED = 0.1, 0.5
"""Shares of requests that end in a timeout or a word of overload: from the first one on fewer are
tried, from the second on the number is halved at once."""

LEAST_SHARE = 1 / 8
"""Halving ends at this share of what the recipe allows; a trial, at one request."""

LEAST_ROUND = 32
"""Figures are taken over a round of at least so many requests, and twice as many as go at once."""

LONGEST_REST = 64
"""Rounds until a trial that has failed before is repeated, at most."""

RECOVERY, RELAPSE = 4, 16
"""After a collapse the number is brought back by doubling, unless there was another collapse within
the second so many rounds, or strain for the first so many."""

EARLY = 16
"""So many requests find an endpoint that has nothing to do yet."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """Another number than before: the factor, the number before, and answers a second with that."""

    factor: float
    before: int
    rate: float


@dataclass(slots=True)
class _Round:
    """What has ended since a time."""

    since: float | None = None
    ends: int = 0
    answers: int = 0
    strains: int = 0
    seconds: float = 0.0

    @property
    def strain(self) -> float:
        return self.strains / self.ends

    @property
    def latency(self) -> float:
        return self.seconds / self.answers if self.answers else math.inf


class Window:
    """The number of places at one endpoint.

    Args:
        most: the recipe's number.

    Attributes:
        places: how many requests may be under way now.
        full: to be set when all places are taken.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.places = most
        self.full = False
        self._round = _Round()
        self._rounds = 0
        self._settling = 0  # requests sent before the number changed, which do not count
        self._early = _Round()
        self._quickest = math.inf
        self._trial: _Trial | None = None
        self._best_rate = 0.0
        self._rests = {FEWER: 1, MORE: 1}
        self._rest = 1
        # After a collapse: where to come back to, when it was, and whether that has begun.
        self._normal: int | None = None
        self._collapsed = -RELAPSE
        self._recovering = False

    def answered(self, now: float, seconds: float, *, early: bool) -> None:
        """Count an answer that took so long.

        Args:
            early: whether its request was one of the first so many to be sent.
        """
        if early:
            self._early.answers += 1
            self._early.seconds += seconds
            if self._early.answers >= EARLY // 2:
                self._quickest = self._early.latency
        if not self._settling:
            self._round.answers += 1
            self._round.seconds += seconds
        self._ended(now)

    def failed(self, now: float, *, strained: bool) -> None:
        """Count a request that failed.

        Args:
            strained: whether in a way that speaks of overload: a timeout, HTTP 503 or the like.
        """
        if strained and not self._settling:
            self._round.strains += 1
        self._ended(now)

    def _ended(self, now: float) -> None:
        if self._settling:
            self._settling -= 1
            if not self._settling:
                self._begin_round(now)
            return
        current = self._round
        if current.since is None:
            self._begin_round(now)
            return
        current.ends += 1
        if current.ends >= max(LEAST_ROUND, 2 * self.places) and now > current.since:
            full = self.full
            self._begin_round(now)
            self._look(current, current.answers / (now - current.since), full=full)

    def _begin_round(self, now: float) -> None:
        self._round = _Round(now)
        self.full = False

    def _look(self, past: _Round, rate: float, *, full: bool) -> None:
        """Draw conclusions from a round."""
        self._rounds += 1
        if self._rounds > 1:
            self._quickest = min(self._quickest, past.latency)
        if past.strain >= COLLAPSED:
            self._collapse()
        elif self._normal is not None:
            self._recover(self._normal, past.strain)
        elif self._trial is not None:
            self._judge(self._trial, past, rate, full=full)
        elif full:
            self._rest -= 1
            if self._rest <= 0:
                self._try_another(past, rate)

    def _try_another(self, past: _Round, rate: float) -> None:
        slow = past.latency > SLOW and past.latency > SLOWER * self._quickest
        before = self.places
        if (past.strain > STRAINED or slow) and before > 1:
            # Several steps down in a row are held against the rate before the first of them,
            # lest many small losses add up.
            self._best_rate = max(self._best_rate, rate)
            self._trial = _Trial(FEWER, before, rate)
            self._change(min(before - 1, round(before * FEWER)))
        elif before < self.most:
            self._best_rate = 0.0
            self._trial = _Trial(MORE, before, rate)
            self._change(min(self.most, max(before + 1, round(before * MORE))))

    def _judge(self, trial: _Trial, past: _Round, rate: float, *, full: bool) -> None:
        if not full:  # not the places were what counted
            self._trial = None
            self._change(trial.before)
            return
        down = trial.factor == FEWER
        wanted = AS_GOOD * self._best_rate
        if not down:
            wanted = trial.rate * (1 + GAIN * (self.places / trial.before - 1))
        if rate >= wanted:
            self._trial = None
            self._rests[trial.factor] = self._rest = 1
            return
        if down:
            self._quickest = max(self._quickest, past.latency / SLOWER)  # it is natural here
        self._undo(trial)

    def _undo(self, trial: _Trial) -> None:
        self._trial = None
        self._best_rate = 0.0
        self._rest = self._rests[trial.factor] = min(LONGEST_REST, 2 * self._rests[trial.factor])
        self._change(trial.before)

    def _collapse(self) -> None:
        if self._trial is not None and self._trial.factor == MORE:
            self._undo(self._trial)
            return
        if self._recovering and self._rounds - self._collapsed < RELAPSE:
            self._normal = None  # from here on by trials
        elif self._normal is None:
            self._normal = self.places if self._trial is None else self._trial.before
        self._trial = None
        self._collapsed, self._recovering = self._rounds, False
        self._rest = RECOVERY
        least = max(1, math.ceil(self.most * LEAST_SHARE))
        if self.places > least:
            self._change(max(least, self.places // 2))

    def _recover(self, normal: int, strain: float) -> None:
        if strain > STRAINED:
            self._rest -= 1
            if self._rest > 0:
                return
        else:
            self._recovering = True
            self._change(min(normal, 2 * self.places))
        if self.places == normal or strain > STRAINED:
            self._normal = None
            self._rest = 1

    def _change(self, places: int) -> None:
        self._settling = max(places, self.places)
        self.places = places
