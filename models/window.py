"""How many requests an endpoint gets at once.

It starts with all that the recipe allows. Where answers take long, or the endpoint says that it is
overloaded, fewer are tried for a while: they stay fewer where just as many answers come, since then
the rest only stood in a queue; else it was not the number, and it is set back. Afterwards more are
tried again, and stay where more answers come. What fails is tried again at growing intervals, so
that the number settles. Time is handed in, in seconds of any monotonic clock.
"""

from __future__ import annotations

import math

__all__ = ["Window"]

FEWER, MORE = 0.75, 1.25
"""What a trial multiplies the number by."""

AS_GOOD, BETTER = 0.95, 1.08
"""The share of answers a second that fewer requests at once must reach, and more must bring."""

SLOW, SLOWER = 0.5, 2.0
"""Answers queue where they take more than so many seconds, and so many times as long as the
fastest sixteen in a row."""

STRAINED, COLLAPSED = 0.05, 0.5
"""Shares of requests that end in a timeout or a word of overload: from the first one on fewer are
tried, from the second on the number is halved at once."""

LEAST_SHARE = 1 / 8
"""Halving ends at this share of what the recipe allows; a trial, at one request."""

LEAST_ROUND = 32
"""Figures are taken over a round of at least so many requests, and twice as many as go at once."""

LONGEST_REST = 64
"""Rounds until a trial that has failed before is repeated, at most."""

QUICK = 16


class Window:
    """The number of places at one endpoint.

    Args:
        most: the recipe's number.

    Attributes:
        places: how many requests may be under way now.
        full: to be set when a request had to wait because all places were taken.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.places = most
        self.full = False
        self._settling = 0  # requests that were sent before the number changed, and do not count
        self._trial: tuple[int, float] | None = None  # places and rate before it
        self._best_rate = 0.0
        self._normal: int | None = None  # where to go back to after a collapse
        self._rests = {FEWER: 1, MORE: 1}
        self._rest = 1
        self._fastest = math.inf
        self._quick_seconds, self._quick_count = 0.0, 0
        # The round: since when, and of the requests that ended in it.
        self._since: float | None = None
        self._ends = 0
        self._answers = 0
        self._strains = 0
        self._seconds = 0.0

    def answered(self, now: float, seconds: float) -> None:
        """Count an answer that took so long."""
        self._quick_seconds += seconds
        self._quick_count += 1
        if self._quick_count == QUICK:
            self._fastest = min(self._fastest, self._quick_seconds / QUICK)
            self._quick_seconds, self._quick_count = 0.0, 0
        if not self._settling:
            self._answers += 1
            self._seconds += seconds
        self._ended(now)

    def failed(self, now: float, *, strained: bool) -> None:
        """Count a request that failed.

        Args:
            strained: whether in a way that speaks of overload: a timeout, HTTP 503 or 529.
        """
        if strained and not self._settling:
            self._strains += 1
        self._ended(now)

    def _ended(self, now: float) -> None:
        if self._settling:
            self._settling -= 1
            if not self._settling:
                self._new_round(now)
            return
        if self._since is None:
            self._since = now
            return
        self._ends += 1
        if self._ends >= max(LEAST_ROUND, 2 * self.places) and now > self._since:
            self._look(now, self._since)

    def _look(self, now: float, since: float) -> None:
        """Draw conclusions from a round."""
        rate = self._answers / (now - since)
        strain = self._strains / self._ends
        seconds = self._seconds / self._answers if self._answers else math.inf
        full = self.full
        self._new_round(now)
        if strain >= COLLAPSED:
            self._collapse()
        elif self._normal is not None:
            self._recover(strain)
        elif self._trial is not None:
            self._judge_trial(rate, seconds, full=full)
        elif full:
            self._rest -= 1
            if self._rest <= 0:
                self._try(rate, strain, seconds)

    def _try(self, rate: float, strain: float, seconds: float) -> None:
        slow = seconds > SLOW and seconds > SLOWER * self._fastest
        if (strain > STRAINED or slow) and self.places > 1:
            self._begin_trial(FEWER, rate)
        elif self.places < self.most:
            self._begin_trial(MORE, rate)

    def _begin_trial(self, factor: float, rate: float) -> None:
        # Several steps down in a row are held against the rate before the first of them, lest
        # many small losses add up.
        self._best_rate = max(self._best_rate, rate) if factor == FEWER else rate
        self._trial = (self.places, rate)
        changed = round(self.places * factor)
        if changed == self.places:
            changed += 1 if factor > 1 else -1
        self._change(min(self.most, max(1, changed)))

    def _judge_trial(self, rate: float, seconds: float, *, full: bool) -> None:
        assert self._trial is not None
        before, rate_before = self._trial
        self._trial = None
        if not full:  # not the places were what counted
            self._change(before)
            return
        down = self.places < before
        factor = FEWER if down else MORE
        if rate >= AS_GOOD * self._best_rate if down else rate >= BETTER * rate_before:
            self._rests[factor] = self._rest = 1
            return
        if down:
            self._fastest = max(self._fastest, seconds / SLOWER)  # so long is natural here
        self._best_rate = 0.0
        self._rests[factor] = min(LONGEST_REST, 2 * self._rests[factor])
        self._rest = self._rests[factor]
        self._change(before)

    def _collapse(self) -> None:
        if self._normal is None:
            self._normal = self._trial[0] if self._trial else self.places
        self._trial = None
        least = max(1, math.ceil(self.most * LEAST_SHARE))
        if self.places > least:
            self._change(max(least, self.places // 2))

    def _recover(self, strain: float) -> None:
        assert self._normal is not None
        if strain > STRAINED:
            self._normal = None  # this far, and now by trials
            self._rest = 1
            return
        if self.places * 2 >= self._normal:
            self._change(self._normal)
            self._normal = None
            self._rest = 1
        else:
            self._change(self.places * 2)

    def _change(self, places: int) -> None:
        self._settling = max(places, self.places)
        self.places = places

    def _new_round(self, now: float) -> None:
        self._since = now
        self._ends = self._answers = self._strains = 0
        self._seconds = 0.0
        self.full = False
