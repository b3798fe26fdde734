"""When a request is repeated, and after how long."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from .faults import asked_wait, is_passing
from .lean_openai import openai
from .sentences import Sentences

__all__ = ["Freedom", "RetryPolicy", "Setback"]

GROWTH = 4.0
MANY = 30


Freedom = Literal["waits", "moves"] | None


class Setback(Exception):
    """What came of a request instead of a reply.

    Args:
        fault: in the words of the `openai` package.
        sentences: what to say of it.
        freedom: whether the request goes back into the line at once and uses up no retry: it
            "waits" there until the endpoint wants it, or "moves" to another endpoint.
    """

    def __init__(self, fault: openai.APIError, sentences: Sentences, freedom: Freedom) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.sentences = sentences
        self.freedom = freedom


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and for how long an endpoint is asked again after a passing fault.

    Attributes:
        retries: repetitions after the first try. A 429 that says when to come back uses up none,
            nor does a setback that is free.
        first_wait: seconds before the first repetition; four times as long before each further
            one. Most faults concern one request, and an endpoint that is gone takes a while.
        longest_wait: seconds up to which it grows; up to `first_wait` of chance is added.
        patience: seconds that the endpoint may ask to wait, in total; and seconds after which a
            request that met nothing but free setbacks is given up.
        give_up_after: seconds after which no further repetition is begun, one excepted.
    """

    retries: int = 8
    first_wait: float = 0.1
    longest_wait: float = 30.0
    patience: float = 600.0
    give_up_after: float = math.inf

    def retrying(self, most_moves: int = 0) -> AsyncRetrying:
        """A tenacity loop for one request; it raises the last fault or setback as it is.

        Args:
            most_moves: how often moving to another endpoint is free.
        """
        course = _Course(self, most_moves)
        return AsyncRetrying(
            retry=retry_if_exception(_may_pass), wait=course.wait, stop=course.stop, reraise=True
        )


class _Course:
    """One request's way through the policy."""

    def __init__(self, policy: RetryPolicy, most_moves: int) -> None:
        self._policy = policy
        self._moves_left = most_moves
        self._repeated = 0
        self._waited = 0.0

    def wait(self, state: RetryCallState) -> float:
        fault, freedom = _fault(state)
        if self._is_free(freedom):
            return 0.0
        asked = asked_wait(fault)
        if asked is None:
            first = self._policy.first_wait
            wait = min(self._policy.longest_wait, first * GROWTH ** min(self._repeated, MANY))
            return wait + random.uniform(0, first)
        # All requests were told the same time: spread them, lest they come back as one.
        return asked + random.uniform(0, min(1.0, asked / 10))

    def stop(self, state: RetryCallState) -> bool:
        """Called after `wait`."""
        fault, freedom = _fault(state)
        asked = asked_wait(fault)
        since = state.seconds_since_start or 0.0
        if self._is_free(freedom):
            self._moves_left -= freedom == "moves"
            longest = self._policy.patience
            return since > (longest if asked else min(longest, self._policy.give_up_after))
        if asked is not None:
            self._waited += asked
            if self._waited > self._policy.patience:
                return True
            if isinstance(fault, openai.RateLimitError):
                return False
        self._repeated += 1
        late = since > self._policy.give_up_after
        return self._repeated > self._policy.retries or (late and state.attempt_number > 1)

    def _is_free(self, freedom: Freedom) -> bool:
        return freedom == "waits" or (freedom == "moves" and self._moves_left > 0)


def _fault(state: RetryCallState) -> tuple[BaseException | None, Freedom]:
    """What went wrong, and whether that is free."""
    error = None if state.outcome is None else state.outcome.exception()
    return (error.fault, error.freedom) if isinstance(error, Setback) else (error, None)


def _may_pass(error: BaseException) -> bool:
    return is_passing(error.fault if isinstance(error, Setback) else error)
