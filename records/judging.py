"""What judges and filters have to agree on without knowing each other."""

from __future__ import annotations

__all__ = ["AGREEMENT", "AS_GIVEN", "CONSISTENT", "FIRST", "MUST_HOLD", "OF_JUDGES", "SECOND"]

MUST_HOLD = "must_hold"
"""The criterion under which a judge says whether all holds that must: a sample with the score 0
there is judged by that alone, and has no other scores."""

AGREEMENT, CONSISTENT = "agreement", "consistent"
"""The criteria under which a panel says how far its members agree, and a judge of pairs how often
both orders came to the same."""

OF_JUDGES = frozenset({AGREEMENT, CONSISTENT})
"""Criteria that speak of the judges, and not of the sample."""

FIRST, SECOND = "preferred_first", "preferred_second"
"""The criteria of a comparison's two verdicts before they are put together: with the response
shown first, and second."""

AS_GIVEN = "score as given"
"""How the note of a judgement begins that was to be an expectation and is not."""
