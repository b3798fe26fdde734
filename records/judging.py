"""What judges and filters have to agree on without knowing each other."""

from __future__ import annotations

__all__ = ["MUST_HOLD"]

MUST_HOLD = "must_hold"
"""The criterion under which a judge says whether all holds that must: a sample with the score 0
there is judged by that alone, and has no other scores."""
