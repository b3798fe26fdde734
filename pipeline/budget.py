"""Money: what a run folder has spent, and where the user said to stop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..errors import LimitReached, RecipeError
from ..models import ModelSpec
from ..records import Usage
from ..store import Spending
from .ledger import Ledger, Spent
from .recipe import Limits
from .remainder import Remainder

__all__ = ["Budget"]


class Budget:
    """Adds up requests, tokens and cost over all runs of a folder, and says stop.

    A call that is under way counts as well: as one request, and as the tokens and the cost of an
    average reply so far. So a run goes beyond a limit by at most what was in flight, and mostly
    by next to nothing.

    Args:
        limits: the user's.
        models: the recipe's models, with their prices.
        spent: what earlier runs of the folder used.
        ledger, line: where several processes of one run note what each has spent, and this one's
            line in it.

    Raises:
        RecipeError: the cost is limited, but a model has no prices.

    Attributes:
        cost: US dollars, or None where it is not known: a model that was used has no price, or
            an endpoint does not say what its replies took.
        lost: requests without a reply, of all runs; the desk keeps it up to date.
        unmetered: replies with which the endpoint reported no tokens.
        reached: the limit that stopped the run, by its name in the recipe, or "".
        under_way: calls that are being made.
    """

    def __init__(
        self,
        limits: Limits,
        models: Mapping[str, ModelSpec],
        spent: Iterable[Spending],
        ledger: Ledger | None = None,
        line: int = 0,
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
        self.lost = 0
        self.unmetered = 0
        self.reached = ""
        self._replies = 0
        self._tokens = 0
        self.under_way = 0
        self._ledger: Ledger | None = None
        self._line = line
        for one in spent:
            self.add_all(one)
        self._ledger = ledger
        self._note()

    def share(self, ledger: Ledger) -> None:
        """From now on other processes spend too: note in the ledger what was spent so far."""
        self._ledger = ledger
        self._note()

    def take_over(self, reached: str) -> None:
        """The other processes have ended: what they spent counts as ours.

        Args:
            reached: the limit that one of them met, or "".
        """
        if self._ledger is None:
            return
        others, self._ledger = self._ledger.others(self._line), None
        self._replies += int(others.requests)
        self._tokens += int(others.tokens)
        self.unmetered += int(others.unmetered)
        known = self.cost is not None and not math.isnan(others.cost)
        self.cost = self.cost + others.cost if self.cost is not None and known else None
        self.reached = self.reached or reached

    def add(self, model: str, usage: Usage) -> float | None:
        """Count one reply; returns the cost so far."""
        self._replies += 1
        tokens = usage.input_tokens + usage.output_tokens
        self._tokens += tokens
        spec = self._models.get(model)
        metered = tokens > 0 or self._is_replayed(model)
        price = spec.cost(usage) if spec is not None and metered else None
        if not metered:
            self.unmetered += 1
        self.cost = None if self.cost is None or price is None else self.cost + price
        self._note()
        return self.cost

    def add_all(self, one: Spending) -> None:
        """Count many replies of one model at once."""
        self._replies += one.usage.calls - 1  # `add` counts one
        self.add(one.model, one.usage)
        if one.unmetered and not self._is_replayed(one.model):
            self.unmetered += one.unmetered
            self.cost = None

    async def begin_call(self) -> None:
        """Begin a call, if one more may be made; whoever has begun one has to end it.

        Raises:
            LimitReached: as `check`.
        """
        self.check()
        self.under_way += 1
        self._note()

    def end_call(self) -> None:
        """End a call, whatever came of it."""
        self.under_way -= 1
        self._note()

    def check(self) -> None:
        """Whether another call may be made.

        Raises:
            LimitReached: a limit has been reached, or nobody can tell what was spent.
        """
        if not self._limited:
            return
        limits = self._limits
        ahead = self.under_way / self._replies if self._replies else 0.0
        spent = self.spent()
        if limits.max_calls is not None and spent.requests >= limits.max_calls:
            self._stop("max_calls")
        if limits.max_tokens is not None and (
            spent.unmetered or spent.tokens * (1 + ahead) >= limits.max_tokens
        ):
            self._stop("max_tokens")
        # Where the cost is not known (not a number), it is not below the limit either.
        if limits.max_cost is not None and not spent.cost * (1 + ahead) < limits.max_cost:
            self._stop("max_cost")

    def spent(self) -> Spent:
        """What all processes have spent, with the requests that are under way."""
        if self._ledger is None:
            return self._own
        others = self._ledger.others(self._line)
        return Spent(*(a + b for a, b in zip(self._own, others, strict=True)))

    @property
    def _own(self) -> Spent:
        cost = math.nan if self.cost is None else self.cost
        return Spent(self._made + self.under_way, self._tokens, cost, self.unmetered)

    def _note(self) -> None:
        if self._ledger is not None:
            self._ledger.write(self._line, self._own)

    def sentence(self, rest: Remainder | None = None) -> str:
        """What was reached, and what it would take to finish."""
        limit, option = self.reached, "--" + self.reached.replace("_", "-")
        if self.unmetered and limit != "max_calls":
            return (
                f"{limit} cannot be kept: an endpoint did not say what {self.unmetered:,} of its"
                " replies took; set --max-calls in its place, and the same command goes on"
            )
        if limit == "max_cost" and self.cost is None:
            return "max_cost cannot be kept: an earlier run here used a model without prices"
        cost = self.cost or 0.0
        so_far, whole = {
            "max_calls": (f"{self._made:,} requests made", self._made),
            "max_tokens": (f"{self._tokens:,} tokens used", self._tokens),
            "max_cost": (f"${cost:,.4f} spent", cost),
        }[limit]
        goes_on = f"{limit} reached ({so_far}): raise it by {option}, and the same command goes on"
        if rest is None:
            return goes_on
        more = {
            "max_calls": rest.calls,
            "max_tokens": rest.input_tokens + rest.output_tokens,
            "max_cost": rest.cost or 0.0,
        }[limit]
        needed = _round_up(whole + more)
        return f"{goes_on}; to finish, {rest}, so about {option} {needed} in all"

    def _is_replayed(self, model: str) -> bool:
        """Whether its replies were taken from a file, and took nothing."""
        spec = self._models.get(model)
        return spec is not None and spec.replay is not None

    @property
    def _made(self) -> int:
        return self._replies + self.lost

    def _stop(self, limit: str) -> None:
        self.reached = limit
        raise LimitReached(self.sentence())


def _round_up(value: float) -> str:
    """The next number with two digits that matter."""
    if value <= 0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    rounded = math.ceil(value / step - 1e-9) * step
    return f"{rounded:.0f}" if step >= 1 else f"{rounded:.{round(-math.log10(step))}f}"
