"""What an endpoint says of its limits, in the headers that OpenAI documents and others send too
(https://platform.openai.com/docs/guides/rate-limits, "Rate limits in headers"): requests and tokens
a minute, how much of them is left, and how long until they are whole again. And a budget of tokens.

Some endpoints give a day's limit in the same place. Taken for a minute's it is too high to matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Limit", "TokenBudget", "said_limit"]

MINUTE = 60.0

BURST_SECONDS = 1.0
"""A budget of tokens saves up for so long, not longer: what it gives out is spread evenly."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in an endpoint's own words.

    Attributes:
        per_minute: requests or tokens a minute.
        remaining: how many of them are left at the moment, or None.
        wait: seconds until there is one more, where none is left.
    """

    per_minute: float
    remaining: int | None
    wait: float


def said_limit(headers: Mapping[str, str], of: str) -> Limit | None:
    """The limit of `requests` or `tokens` in a response's headers, or None where they name none."""
    limit = _number(headers.get(f"x-ratelimit-limit-{of}"))
    if limit is None or limit <= 0:
        return None
    remaining = _number(headers.get(f"x-ratelimit-remaining-{of}"))
    # The time until all of it is there again: either it comes back bit by bit or, where there is
    # less to wait for, all at once.
    wait = MINUTE / limit
    reset = _seconds(headers.get(f"x-ratelimit-reset-{of}", ""))
    if reset is not None and reset >= 0:
        wait = min(wait, reset)
    return Limit(limit, None if remaining is None or remaining < 0 else int(remaining), wait)


class TokenBudget:
    """Tokens a minute. A request is charged an estimate when it goes, and the difference when its
    answer tells; the next one goes once the debt is paid off.

    Args:
        per_minute: how many tokens, read and written together.
    """

    def __init__(self, per_minute: float) -> None:
        self.per_second = math.inf
        self._level = 0.0
        self._at: float | None = None
        self._written = 0.0
        self.at_most(per_minute)

    def at_most(self, per_minute: float) -> None:
        """Set the limit to so many tokens a minute."""
        self.per_second = per_minute / MINUTE

    def opens_at(self, now: float) -> float:
        """When the next request may go; at once where that is not after `now`."""
        self._fill(now)
        return now if self._level > 0 else now - self._level / self.per_second + 1e-3

    def charge(self, now: float, tokens_read: float) -> float:
        """Charge a request of about so many tokens; returns the estimate, its answer included."""
        self._fill(now)
        cost = tokens_read + self._written
        self._level -= cost
        return cost

    def settle(self, charged: float, tokens_read: int, tokens_written: int) -> None:
        """Set right what was charged for a request that was answered. (What the endpoint does not
        count, it leaves at the estimate.)"""
        if tokens_read or tokens_written:
            self._written += 0.1 * (tokens_written - self._written)
            self._level += charged - tokens_read - tokens_written

    def refund(self, charged: float) -> None:
        """Give back what was charged for a request that was refused."""
        self._level += charged

    def told(self, remaining: int) -> None:
        """Take over from the endpoint that no more than so many tokens are left."""
        self._level = min(self._level, remaining)

    def _fill(self, now: float) -> None:
        if self._at is None:
            self._at, self._level = now, self.per_second * BURST_SECONDS
        gained = (now - self._at) * self.per_second
        self._level = min(self._level + gained, self.per_second * BURST_SECONDS)
        self._at = now


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(value: str) -> float | None:
    """A duration such as `1s`, `6m0s`, `120ms` or `2m59.5s`; a bare number is seconds."""
    if (number := _number(value)) is not None:
        return number
    match = _DURATION.fullmatch(value)
    if not value or match is None:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds + milliseconds / 1000
