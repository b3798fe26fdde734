"""What each generator and judge would ask for, as a range.

The low end is what it takes if every first reply can be used and replies are as long as those of
the simulated model; the high end, if every question uses up all its attempts and every reply is as
long as `max_tokens` allows. Both allow for the rehearsed samples being only some of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

from ..models import ModelSpec, with_form
from ..models.tokens import TokenCounter
from ..records import Usage
from .asking import SHOWN_OF_BAD_REPLY, Asker
from .recipe import Recipe
from .rehearsal import Rehearsed
from .samples import Askers
from .survey import Survey

__all__ = ["Range", "Stage", "stages"]

SHOWN_TOKENS = SHOWN_OF_BAD_REPLY / 2.7
"""What a repeated question shows of the reply before it, at most."""

COMPLAINT_TOKENS = 300
"""What a repeated question says about the reply before it, at most."""

STANDARD_ERRORS = 2
"""How far a mean over the rehearsed samples is trusted: in 19 of 20 cases."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`; `high` is None where nothing limits it."""

    low: float = 0
    high: float | None = 0

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, _add(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Stage:
    """What one generator or judge would still ask one model for.

    Attributes:
        asker, model: who asks, and the name of the model.
        samples: how many samples it has not asked about yet; at most, where there is a target.
        calls: how many replies that takes.
        input_tokens, output_tokens: of these calls.
        cost: US dollars, or None where the model has no prices.
        counted: True where a tokenizer counted the tokens, False where they are estimated.
        reply_limit: tokens that a reply may have (`max_tokens`), or None.
        rehearsed: how many samples the figures come from; with 0 of them nothing is known.
    """

    asker: str
    model: str
    samples: int
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost: Range | None
    counted: bool
    reply_limit: int | None
    rehearsed: int


class _Figures(NamedTuple):
    """What one sample takes of one asker and model, from both ends of the range."""

    calls: float = 0
    calls_high: float | None = 0
    sent: float = 0
    sent_high: float | None = 0
    received: float = 0
    received_high: float | None = 0


_Stratum = tuple[int, Sequence[_Figures]]
"""How many samples of a generator there are, and the figures of some of them."""


def stages(
    recipe: Recipe,
    askers: Askers,
    found: Survey,
    rehearsed: Mapping[str, Sequence[Rehearsed]],
    counters: Mapping[str, TokenCounter],
) -> Iterator[Stage]:
    """The stages of a run, generators first.

    Args:
        rehearsed: some samples of each generator, by its title.
        counters: for each model by its name.
    """
    per_sample = {
        title: [_figures(one, recipe, counters) for one in samples]
        for title, samples in rehearsed.items()
    }
    least = _least_share(recipe, found)
    for asker in askers.all():
        of = [asker.title] if asker.title in askers.generators else list(askers.generators)
        reached = {
            title: [
                figures
                for one, figures in zip(rehearsed[title], per_sample[title], strict=True)
                if _reaches(one, asker, figures)
            ]
            for title in of
            if title in rehearsed
        }
        models = {m for all_ in reached.values() for f in all_ for a, m in f if a == asker.title}
        for model in sorted(models) or [asker.model]:
            key = asker.title, model
            strata = [
                (found.unasked[title, asker.title], [one.get(key, _NONE) for one in figures])
                for title, figures in reached.items()
            ]
            yield _stage(asker, model, strata, least, recipe.models.get(model), counters)


_NONE = _Figures()


def _least_share(recipe: Recipe, found: Survey) -> float:
    """The share of what is left that is drawn at least; less than 1 only with a target."""
    if recipe.target is None or not found.left:
        return 1.0
    return min(1.0, max(0, recipe.target - found.settled.total()) / found.left)


def _reaches(one: Rehearsed, asker: Asker, figures: Mapping[tuple[str, str], _Figures]) -> bool:
    """Whether the rehearsed sample got as far as this asker."""
    if one.sample.failure is None or one.generator == asker.title:
        return True
    return any(title == asker.title for title, _ in figures)


def _figures(
    one: Rehearsed, recipe: Recipe, counters: Mapping[str, TokenCounter]
) -> dict[tuple[str, str], _Figures]:
    """What one rehearsed sample took, by asker and model."""
    found: dict[tuple[str, str], _Figures] = {}
    # Prompts hold earlier replies (a judge reads the draft): by how much these may be longer.
    growth: dict[str, float | None] = {}
    again = recipe.attempts - 1
    for call in one.calls:
        counter = counters[call.model]
        limit = _reply_limit(recipe.models[call.model])
        sent = counter.messages(call.request.messages)
        # An endpoint may read the schema as a part of the prompt.
        longest: float | None = counter.messages(with_form(call.request, "prompt")["messages"]).high
        for title in {one.generator, call.asker}:
            longest = _add(longest, growth.get(title, 0.0))
        received = counter.text(call.reply.text).low
        shown = min(limit or SHOWN_TOKENS, SHOWN_TOKENS) + COMPLAINT_TOKENS
        figures = _Figures(
            calls=1,
            calls_high=1 + again,
            sent=sent.low,
            sent_high=None if longest is None else (1 + again) * longest + again * shown,
            received=received,
            received_high=None if limit is None else (1 + again) * limit,
        )
        key = call.asker, call.model
        known = found.get(key, _NONE)
        found[key] = _Figures(*(_add(a, b) for a, b in zip(known, figures, strict=True)))  # type: ignore[arg-type]
        more = None if limit is None else max(0.0, limit - received)
        growth[call.asker] = _add(growth.get(call.asker, 0.0), more)
    return found


def _stage(
    asker: Asker,
    model: str,
    strata: Sequence[_Stratum],
    least: float,
    spec: ModelSpec | None,
    counters: Mapping[str, TokenCounter],
) -> Stage:
    def range_of(low: int, high: int) -> Range:
        highest = _total(strata, high, 1)
        return Range(
            math.floor(least * (_total(strata, low, -1) or 0.0)),
            None if highest is None else math.ceil(highest),
        )

    calls, sent, received = range_of(0, 1), range_of(2, 3), range_of(4, 5)
    return Stage(
        asker=asker.title,
        model=model,
        samples=sum(samples for samples, _ in strata),
        calls=calls,
        input_tokens=sent,
        output_tokens=received,
        cost=_cost(spec, sent, received) if calls != Range() else Range(),
        counted=model in counters and counters[model].exact,
        reply_limit=None if spec is None else _reply_limit(spec),
        rehearsed=sum(len(figures) for _, figures in strata),
    )


def _total(strata: Sequence[_Stratum], column: int, sign: int) -> float | None:
    """The sum over all samples, as far up or down as the spread of the rehearsed ones allows
    (stratified sampling without replacement: Cochran, Sampling Techniques, 1977, chapter 5)."""
    total = variance = 0.0
    for samples, figures in strata:
        if not samples:
            continue
        values = [one[column] for one in figures]
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return None
        mean = fmean(known)
        total += samples * mean
        if samples > len(known):
            spread = stdev(known) if len(known) > 1 else mean
            variance += samples * (samples - len(known)) * spread**2 / len(known)
    return max(0.0, total + sign * STANDARD_ERRORS * math.sqrt(variance))


def _cost(spec: ModelSpec | None, sent: Range, received: Range) -> Range | None:
    low = None if spec is None else spec.cost(Usage(0, int(sent.low), int(received.low)))
    if spec is None or low is None:
        return None
    if spec.cost(Usage(1, 1, 1)) == 0:
        return Range()
    if sent.high is None or received.high is None:
        return Range(low, None)
    return Range(low, spec.cost(Usage(0, int(sent.high), int(received.high))))


def _reply_limit(spec: ModelSpec) -> int | None:
    """How many tokens a reply may have, or None."""
    limit = spec.parameters.get("max_completion_tokens", spec.parameters.get("max_tokens"))
    return limit if isinstance(limit, int) and limit > 0 else None


def _add(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
