"""What it would take to finish: what the samples so far took, times those that are left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..models import ModelSpec
from ..records import Usage
from ..store import Journal
from .asking import Asker
from .rehearsal import Rehearsed
from .samples import Askers

__all__ = ["Experience", "Remainder", "experience", "remainder", "remainder_of"]


@dataclass(frozen=True, slots=True)
class Experience:
    """What an asker took so far.

    Attributes:
        samples: for how many samples it has replies.
        usage: of all of them, those that did not validate included.
    """

    samples: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Remainder:
    """What it would take to finish.

    Attributes:
        samples: how many are left.
        calls, input_tokens, output_tokens: that they would take.
        cost: US dollars, or None where a model has no prices.
        seen: from how many samples that is extrapolated; 0 where nothing was asked yet, and the
            figures are those of the rehearsal.
        at_least: whether there are more samples than were counted.
    """

    samples: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    seen: int
    at_least: bool = False

    def __str__(self) -> str:
        tokens = self.input_tokens + self.output_tokens
        money = f"${self.cost:,.4f}" if self.cost is not None else "a cost unknown without prices"
        basis = f"at what {self.seen:,} samples took so far" if self.seen else "by a rehearsal"
        at_least = "at least " if self.at_least else ""
        return (
            f"the other {at_least}{self.samples:,} samples would take about {self.calls:,} calls,"
            f" {tokens:,} tokens and {money} ({basis})"
        )


def experience(journal: Journal, askers: Askers) -> dict[str, Experience]:
    """What each asker took so far, by its title."""
    return {asker.title: Experience(*journal.asked(asker.title)) for asker in askers.all()}


def remainder_of(
    journal: Journal,
    askers: Askers,
    models: Mapping[str, ModelSpec],
    rehearsed: Iterable[Rehearsed],
    pending: int,
    *,
    at_least: bool,
) -> Remainder:
    """Extrapolate to the `pending` samples of the run that the journal holds."""
    begun = journal.begun()
    return remainder(
        askers,
        models,
        experience(journal, askers),
        rehearsed,
        left=pending,
        undrafted=pending - sum(begun.get(title, 0) for title in askers.generators),
        unjudged={j.title: pending - begun.get(j.title, 0) for j in askers.judges},
        at_least=at_least,
    )


def remainder(
    askers: Askers,
    models: Mapping[str, ModelSpec],
    known: Mapping[str, Experience],
    rehearsed: Iterable[Rehearsed],
    *,
    left: int,
    undrafted: int,
    unjudged: Mapping[str, int],
    at_least: bool = False,
) -> Remainder:
    """Extrapolate.

    Args:
        known: what each asker took so far; a rehearsal stands in for one that asked nothing yet.
        rehearsed: that rehearsal.
        left: samples that are not settled.
        undrafted: of these, the ones that no generator has asked about.
        unjudged: of these, the ones that a judge has not asked about, by its title.
    """
    samples = list(rehearsed)
    calls = sent = received = 0.0
    cost: float | None = 0.0
    drafting = list(askers.generators.values())
    for group, count in [(drafting, undrafted), *(([j], unjudged[j.title]) for j in askers.judges)]:
        seen = sum(known[asker.title].samples for asker in group)
        for asker in group:
            one = known[asker.title] if seen else _rehearsal(asker, samples)
            times = count / (seen or max(1, len(samples)))
            calls += one.usage.calls * times
            sent += one.usage.input_tokens * times
            received += one.usage.output_tokens * times
            cost = _plus(cost, asker, models, one.usage, times)
    seen = max(sum(known[a.title].samples for a in drafting), *_seen(known, askers.judges))
    return Remainder(
        left, round(calls), round(sent), round(received), cost, seen, at_least=at_least
    )


def _rehearsal(asker: Asker, rehearsed: Sequence[Rehearsed]) -> Experience:
    usage = Usage()
    for one in rehearsed:
        for call in one.calls:
            if call.asker == asker.title:
                usage += call.reply.usage
    return Experience(len(rehearsed), usage)


def _plus(
    cost: float | None, asker: Asker, models: Mapping[str, ModelSpec], usage: Usage, times: float
) -> float | None:
    if not usage.calls or not times:
        return cost
    spec = models.get(asker.model)
    price = spec.cost(usage) if spec is not None else None
    return None if cost is None or price is None else cost + price * times


def _seen(known: Mapping[str, Experience], judges: Sequence[Asker]) -> list[int]:
    return [0, *(known[judge.title].samples for judge in judges)]
