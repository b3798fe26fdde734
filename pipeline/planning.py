"""What is planned: every seed, with every generator, in every draw, in the dataset's order."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from array import array
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, Protocol

import orjson

from ..errors import SeedError
from ..generators import Generator
from ..records import Draw, Seed
from ..seeds import BadRow
from .books import Books
from .components import spell
from .recipe import Recipe

__all__ = [
    "Planned",
    "Planner",
    "draw_of",
    "expected_samples",
    "generator_key",
    "idle_generators",
    "needs_of",
    "read_seeds",
    "sample_id",
]

BATCH = 128
BATCHES_AHEAD = 4
COUNTED_AT_ONCE = 50
COUNT_REST = 0.005
"""Seconds that counting rests after so many seeds: it must not hold up who asks the models."""
BAD_ROWS_LISTED = 1_000
UNUSED_LISTED = 1_000


class Planned(NamedTuple):
    """One planned sample.

    Attributes:
        number: its number in the journal.
        id: its id.
        seed, generator: what it is drafted from, and by.
        key: what the generator adds to its samples' ids.
        draw_number: which draw it is.
    """

    number: int
    id: bytes
    seed: Seed
    generator: Generator
    key: bytes
    draw_number: int

    @property
    def draw(self) -> Draw:
        """The draw with its attributes. They are worked out when they are asked for: most samples
        of a run that goes on are settled, and nobody asks."""
        return draw_of(self.generator, self.key, self.seed, self.draw_number)


def generator_key(generator: Generator) -> bytes:
    """What a generator adds to its samples' ids: its kind and its options, without those that
    only say how often and with which model."""
    ((kind, options),) = spell(generator).items()
    options = {k: v for k, v in options.items() if k not in generator.not_in_id}
    data = orjson.dumps([kind, options], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(data, digest_size=16).digest()


def sample_id(key: bytes, seed: Seed, draw: int) -> bytes:
    """A sample's id: hash of its generator, its seed's content and its draw (16 bytes)."""
    return hashlib.blake2b(
        key + bytes.fromhex(seed.id) + draw.to_bytes(8, "big"), digest_size=16
    ).digest()


def draw_of(generator: Generator, key: bytes, seed: Seed, number: int) -> Draw:
    """A draw with its attributes, which follow from the generator's `key`, the seed and the
    number alone, as the sample's id does."""
    if not generator.attributes:
        return Draw(number)
    return Draw(number, generator.attribute_combinations.at(key + bytes.fromhex(seed.id), number))


def read_seeds(recipe: Recipe, books: Books | None = None) -> Iterator[Seed]:
    """All seeds of a recipe, in order; rows that cannot be read are noted in the books where
    the recipe allows it.

    Raises:
        SeedError: as the sources; or there is no seed at all.
    """

    def note(row: BadRow) -> None:
        if books is not None:
            books.bad_row_count += 1
            if len(books.bad_rows) < BAD_ROWS_LISTED:
                books.bad_rows.append((row.where, row.reason))

    found = False
    for source in recipe.seeds:
        for seed in source.read(recipe.folder, note if recipe.skip_bad_rows else None):
            found = True
            yield seed
    if not found:
        raise SeedError("The recipe's sources hold no seed: check the files under `seeds:`")


def needs_of(generator: Generator) -> str:
    """What a seed must have so that a generator takes it, in words."""
    return generator.needs + ("" if generator.seeds == "all" else f" (seeds: {generator.seeds})")


def idle_generators(recipe: Recipe, planned_by: Mapping[str, int]) -> dict[str, str]:
    """The titles of generators for which nothing is planned, each with what it needs; none where
    a limit ended the planning, since their seeds may not have had their turn.

    Args:
        planned_by: samples by the title of their generator, once all seeds have been read.
    """
    if recipe.limit is not None and sum(planned_by.values()) >= recipe.limit:
        return {}
    return {
        generator.title: needs_of(generator)
        for generator in recipe.generators
        if not planned_by.get(generator.title)
    }


class Register(Protocol):
    """Where planned samples are enrolled: a journal, or a sheet of paper."""

    def enrol(self, place: int, sample_id: bytes) -> int:
        """Note that the sample stands at `place` of the dataset, instead of any that was noted
        there before; returns its number."""
        ...


class Planner:
    """Walks the seeds once, in a thread, a few batches ahead of who asks for them.

    Args:
        recipe: what to plan.
        journal: where each planned sample is enrolled.
        books: where seeds and samples are counted.
        drawn: for seeds that occur elsewhere too, where only a part of the seeds is planned here:
            the number of the draw for each place that has one.
    """

    def __init__(
        self,
        recipe: Recipe,
        journal: Register,
        books: Books,
        drawn: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._recipe = recipe
        self._journal = journal
        self._books = books
        self._drawn = drawn
        # Each generator with its key, and with where its draws stand among those of a seed.
        self._generators: list[tuple[Generator, bytes, int]] = []
        self._samples_per_seed = 0
        for generator in recipe.generators:
            self._generators.append((generator, generator_key(generator), self._samples_per_seed))
            self._samples_per_seed += generator.draws
        self._met = array("I")  # how often each sample's seed has come, by the sample's number
        self.exhausted = False

    async def samples(self) -> AsyncGenerator[Planned]:
        """The planned samples; each is enrolled in the journal at its place in the dataset's
        order. They come in that order; with a `target` in the recipe, in rounds: the first draw
        of every seed, then the second, so that no seed is used up before the others are tried.

        Raises:
            SeedError: a source cannot be read on.
        """
        draws = max(generator.draws for generator in self._recipe.generators)
        rounds: list[Sequence[int]] = [range(draws)]
        if self._recipe.target is not None:
            rounds = [(draw,) for draw in range(draws)]
        left = self._recipe.limit
        for number, round_ in enumerate(rounds):
            place = 0
            async with aclosing(self._batches()) as batches:
                async for batch in batches:
                    for seed in batch:
                        for planned in self._of_seed(place, seed, round_, first=number == 0):
                            yield planned
                            if left is not None and (left := left - 1) == 0:
                                self.exhausted = True
                                return
                        place += 1
        self.exhausted = True

    def _of_seed(
        self, place: int, seed: Seed, draws: Sequence[int], *, first: bool
    ) -> Iterator[Planned]:
        """What a round draws from a seed."""
        usable = [one for one in self._generators if one[0].takes(seed)]
        if first:
            self._books.seeds += 1
            if not usable:
                self._note_unused(seed)
        for generator, key, offset in usable:
            start = place * self._samples_per_seed + offset
            for draw in draws:
                if draw < generator.draws:
                    yield self._enrolled(start + draw, seed, generator, key, draw)

    def _enrolled(
        self, place: int, seed: Seed, generator: Generator, key: bytes, draw: int
    ) -> Planned:
        """A seed that occurs again gets further draws, so that no two samples share an id and
        none is lost."""
        number = self._drawn.get(place, draw)
        id_ = sample_id(key, seed, number)
        n = self._journal.enrol(place, id_)
        if occurrence := self._meet(n):
            number += occurrence * generator.draws
            id_ = sample_id(key, seed, number)
            n = self._journal.enrol(place, id_)
            self._meet(n)
        self._books.planned += 1
        self._books.planned_of[generator.kind] += 1
        self._books.planned_by[generator.title] += 1
        return Planned(n, id_, seed, generator, key, number)

    def _meet(self, number: int) -> int:
        """How often a sample of this number has been planned before."""
        if number >= len(self._met):
            missing = max(1_024, number + 1 - len(self._met))
            self._met.frombytes(bytes(missing * self._met.itemsize))
        self._met[number] += 1
        return self._met[number] - 1

    def _note_unused(self, seed: Seed) -> None:
        self._books.unused_seeds += 1
        if len(self._books.unused_listed) < UNUSED_LISTED:
            self._books.unused_listed.append(seed.source)

    async def _batches(self) -> AsyncGenerator[list[Seed]]:
        """Batches of seeds, read in a thread of their own: a slow source must not hold up the
        event loop."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[list[Seed] | BaseException | None] = asyncio.Queue()
        room = threading.Semaphore(BATCHES_AHEAD)
        stop = threading.Event()

        def put(item: list[Seed] | BaseException | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, item)

        def read() -> None:
            try:
                seeds = read_seeds(self._recipe, self._books)
                while batch := list(islice(seeds, BATCH)):
                    room.acquire()
                    if stop.is_set():
                        return
                    put(batch)
                put(None)
            except BaseException as error:  # noqa: BLE001 - carried over to the event loop
                put(error)

        threading.Thread(target=read, name="seeds", daemon=True).start()
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
                room.release()
        finally:
            stop.set()
            room.release()


def expected_samples(recipe: Recipe, within: float, clock: threading.Event) -> int | None:
    """How many samples the recipe plans, counted by reading the seeds once; None where that
    takes more than `within` seconds, fails, or `clock` is set first."""
    import time

    if not all(_is_local(source, recipe) for source in recipe.seeds):
        return None
    end = time.monotonic() + within
    total = 0
    quiet = recipe.model_copy(update={"skip_bad_rows": True})
    try:
        for i, seed in enumerate(read_seeds(quiet)):
            total += sum(g.draws for g in recipe.generators if g.takes(seed))
            if recipe.limit is not None and total >= recipe.limit:
                return recipe.limit
            if i % COUNTED_AT_ONCE == 0 and (clock.wait(COUNT_REST) or time.monotonic() > end):
                return None
    except SeedError:
        return None
    return total


def _is_local(source: object, recipe: Recipe) -> bool:
    path = getattr(source, "path", None)
    return isinstance(path, str) and (recipe.folder / path).exists()
