"""What a run would plan, in numbers, and a sample of it: the seeds are read once, up to a bound,
and nothing is written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from ..store import Journal, Numbers, Standing, Standings
from .books import Books
from .extent import times_as_many
from .planning import Planned, Planner
from .recipe import Recipe
from .samples import Askers

__all__ = ["SEEDS_READ", "Earlier", "Survey", "survey"]

SEEDS_READ = 500_000
SECONDS = 30.0
"""Where the reading stops, whichever comes first: a price must not take longer than a coffee."""

PICKED = 100


@dataclass(frozen=True)
class Earlier:
    """What earlier runs of a folder have left behind.

    Attributes:
        numbers: the samples' numbers by their ids.
        standings: how the settled ones stand.
        asked: for each asker's title, the samples for which it has replies that still answer.
    """

    numbers: Numbers = field(default_factory=Numbers)
    standings: Standings = field(default_factory=Standings)
    asked: Mapping[str, Collection[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: Journal, askers: Askers, stale: Collection[str]) -> Earlier:
        """What a journal holds; replies to the askers in `stale` answer no more."""
        titles = [asker.title for asker in askers.all()]
        return cls(
            journal.numbers,
            journal.settled(),
            {title: set() if title in stale else journal.samples_of(title) for title in titles},
        )


@dataclass
class Survey:
    """What there is to do.

    Attributes:
        seeds, unused: seeds read, and those of them that suit no generator.
        unused_listed: where the first of these stand.
        planned: samples, by the generator's title.
        settled: of these, the ones that need nothing any more.
        unasked: of the rest, those for which an asker has no reply yet, by the titles of
            generator and asker.
        aimed: planned samples, by the leaf of a taxonomy that they are for.
        picked: samples to rehearse, drawn at random from all that are not settled (from all,
            where all are settled), by the generator's title.
        complete: False where the reading stopped at its bound, so that there is more of all.
        times: about how many times as much there is in all, by the size of the files; None
            where nobody knows.
    """

    seeds: int = 0
    unused: int = 0
    unused_listed: tuple[str, ...] = ()
    planned: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    unasked: Counter[tuple[str, str]] = field(default_factory=Counter)
    aimed: Counter[str] = field(default_factory=Counter)
    picked: dict[str, list[Planned]] = field(default_factory=dict)
    complete: bool = True
    times: float | None = 1.0

    @property
    def left(self) -> int:
        """Samples that are not settled."""
        return self.planned.total() - self.settled.total()


async def survey(recipe: Recipe, askers: Askers, earlier: Earlier) -> Survey:
    """Walk through what is planned.

    Raises:
        SeedError: a source cannot be read.
    """
    books = Books()
    planner = Planner(recipe, _Paper(earlier.numbers), books)
    judges = [asker.title for asker in askers.judges]
    found = Survey()
    for generator in recipe.generators:
        found.aimed.update(dict.fromkeys(generator.leaves, 0))
    done: dict[str, list[Planned]] = {}
    dice = Random(0)
    end = time.monotonic() + SECONDS
    async with aclosing(planner.samples()) as plan:
        async for planned in plan:
            title = planned.generator.title
            found.planned[title] += 1
            if planned.generator.leaves:
                leaf = planned.generator.aims(planned.seed, planned.draw).get("leaf")
                found.aimed.update([leaf] if leaf else [])
            if _is_settled(earlier.standings.get(planned.number), askers.settings[title]):
                found.settled[title] += 1
                _pick(done.setdefault(title, []), planned, found.settled[title], dice)
            else:
                left = found.planned[title] - found.settled[title]
                _pick(found.picked.setdefault(title, []), planned, left, dice)
                for asker in (title, *judges):
                    asked = planned.number in earlier.asked.get(asker, ())
                    found.unasked[title, asker] += not asked
            if books.seeds >= SEEDS_READ or time.monotonic() > end:
                found.times = times_as_many(recipe.seeds, recipe.folder, planned.seed)
                break
    found.complete = planner.exhausted
    found.seeds, found.unused = books.seeds, books.unused_seeds
    found.unused_listed = tuple(books.unused_listed)
    found.picked = {**done, **found.picked}
    return found


def _is_settled(standing: Standing | None, settings: bytes) -> bool:
    return standing is not None and standing.settings == settings and not standing.transient


def _pick(picked: list[Planned], planned: Planned, nth: int, dice: Random) -> None:
    """Keep a uniform sample of all that has come so far, of which this is the `nth` (Vitter 1985,
    algorithm R)."""
    if len(picked) < PICKED:
        picked.append(planned)
    elif (place := dice.randrange(nth)) < PICKED:
        picked[place] = planned


class _Paper:
    """Numbers samples as a journal does, and writes nothing down."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers

    def enrol(self, place: int, sample_id: bytes) -> int:
        number = self.numbers.get(sample_id)
        if number is None:
            number = self.numbers.last + 1
            self.numbers.add(sample_id, number)
        return number
