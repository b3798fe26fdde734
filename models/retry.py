"""When a request is repeated, and after how long."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_exponential, wait_random

from .faults import asked_wait, is_passing

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and for how long an endpoint is asked again after a passing fault.

    Attributes:
        retries: repetitions after the first try. A 429 that says when to come back uses up none.
        first_wait: seconds before the first repetition; doubled for each further one.
        longest_wait: seconds up to which it grows; up to `first_wait` of chance is added.
        patience: seconds that the endpoint may ask to wait, in total.
        give_up_after: seconds after which no further repetition is begun, one excepted.
    """

    retries: int = 8
    first_wait: float = 0.5
    longest_wait: float = 30.0
    patience: float = 600.0
    give_up_after: float = math.inf

    def retrying(self) -> AsyncRetrying:
        """A tenacity loop for one request; it raises the last fault as it is."""
        course = _Course(self)
        return AsyncRetrying(
            retry=retry_if_exception(is_passing), wait=course.wait, stop=course.stop, reraise=True
        )


class _Course:
    """One request's way through the policy."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._own_wait = wait_exponential(
            multiplier=policy.first_wait, max=policy.longest_wait
        ) + wait_random(0, policy.first_wait)
        self._repeated = 0
        self._waited = 0.0

    def wait(self, state: RetryCallState) -> float:
        asked = asked_wait(_fault(state))
        if asked is None:
            return self._own_wait(state)
        # All requests were told the same time: spread them, lest they come back as one.
        return asked + random.uniform(0, min(1.0, asked / 10))

    def stop(self, state: RetryCallState) -> bool:
        fault = _fault(state)
        asked = asked_wait(fault)
        if asked is not None:
            self._waited += asked
            if self._waited > self._policy.patience:
                return True
            if isinstance(fault, openai.RateLimitError):
                return False
        self._repeated += 1
        late = (state.seconds_since_start or 0.0) > self._policy.give_up_after
        return self._repeated > self._policy.retries or (late and state.attempt_number > 1)


def _fault(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
