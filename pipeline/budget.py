"""Money: what a run folder has spent, and where the user said to stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import LimitReached, RecipeError
from ..models import ModelSpec
from ..records import Usage
from ..store import Spending
from .recipe import Limits

__all__ = ["Budget"]


class Budget:
    """Adds up calls, tokens and cost over all runs of a folder, and says stop.

    Args:
        limits: the user's.
        models: the recipe's models, with their prices.
        spent: what earlier runs of the folder used.

    Raises:
        RecipeError: the cost is limited, but a model has no prices.

    Attributes:
        cost: US dollars, or None where a model that was used has no price.
    """

    def __init__(
        self, limits: Limits, models: Mapping[str, ModelSpec], spent: Iterable[Spending]
    ) -> None:
        self._limits = limits
        self._models = models
        self._limited = limits != Limits()
        unpriced = [name for name, spec in models.items() if spec.cost(Usage()) is None]
        if limits.max_cost is not None and unpriced:
            raise RecipeError(
                f"max_cost is set, but {', '.join(unpriced)} has no prices: add"
                " `prices: {input: …, output: …}` (US dollars per million tokens) to it"
            )
        self.cost: float | None = 0.0
        self._calls = 0
        self._tokens = 0
        for one in spent:
            self._calls += one.usage.calls - 1  # `add` counts one
            self.add(one.model, one.usage)

    def add(self, model: str, usage: Usage) -> float | None:
        """Count one reply; returns the cost so far."""
        self._calls += 1
        self._tokens += usage.input_tokens + usage.output_tokens
        spec = self._models.get(model)
        price = spec.cost(usage) if spec is not None else None
        self.cost = None if self.cost is None or price is None else self.cost + price
        return self.cost

    def check(self) -> None:
        """Whether another call may be made.

        Raises:
            LimitReached: a limit has been reached, or nobody can tell what was spent, because
                an earlier run of the folder used a model that the recipe no longer prices.
        """
        if not self._limited:
            return
        limits = self._limits
        if limits.max_calls is not None and self._calls >= limits.max_calls:
            raise LimitReached(_stopped("max_calls", f"{self._calls:,} calls made"))
        if limits.max_tokens is not None and self._tokens >= limits.max_tokens:
            raise LimitReached(_stopped("max_tokens", f"{self._tokens:,} tokens used"))
        if limits.max_cost is not None and (self.cost is None or self.cost >= limits.max_cost):
            spent = "an unknown sum" if self.cost is None else f"${self.cost:,.4f}"
            raise LimitReached(_stopped("max_cost", f"{spent} spent"))


def _stopped(limit: str, so_far: str) -> str:
    option = "--" + limit.replace("_", "-")
    return f"{limit} reached ({so_far}): raise it by {option}, and the same command goes on"
