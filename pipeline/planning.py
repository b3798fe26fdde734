"""What is planned: every seed, with every generator, in every draw, in the dataset's order."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice

import orjson

from ..errors import SeedError
from ..generators import Generator
from ..records import Draw, Seed
from ..seeds import BadRow
from ..store import Journal
from .books import Books
from .components import spell
from .recipe import Recipe

__all__ = ["Planned", "Planner", "expected_samples", "generator_key", "read_seeds", "sample_id"]

BATCH = 64
BATCHES_AHEAD = 4
BAD_ROWS_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned sample: its number in the journal, its id, and what it is drafted from."""

    number: int
    id: bytes
    seed: Seed
    generator: Generator
    draw: Draw


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


class Planner:
    """Walks the seeds once, in a thread, a few batches ahead of who asks for them.

    Args:
        recipe: what to plan.
        journal: where each planned sample is enrolled.
        books: where seeds and samples are counted.
    """

    def __init__(self, recipe: Recipe, journal: Journal, books: Books) -> None:
        self._recipe = recipe
        self._journal = journal
        self._books = books
        self._keys = [(g, generator_key(g)) for g in recipe.generators]
        self._met = bytearray()
        self._occurrences: dict[str, int] = {}
        self.exhausted = False

    async def samples(self) -> AsyncGenerator[Planned]:
        """The planned samples, in the dataset's order; each is enrolled in the journal.

        Raises:
            SeedError: a source cannot be read on.
        """
        left = self._recipe.limit
        async for batch in self._batches():
            for seed in batch:
                self._books.seeds += 1
                used = False
                for generator, key in self._keys:
                    if not generator.accepts(seed):
                        continue
                    used = True
                    for planned in self._draws(seed, generator, key):
                        yield planned
                        if left is not None and (left := left - 1) == 0:
                            self.exhausted = True
                            return
                self._books.unused_seeds += not used
        self.exhausted = True

    def _draws(self, seed: Seed, generator: Generator, key: bytes) -> Iterator[Planned]:
        """A seed that occurs again gets further draws, so that no two samples share an id and
        none is lost."""
        first = 0
        n = self._journal.numbers.get(sample_id(key, seed, 0))
        if n is not None and n < len(self._met) and self._met[n]:
            again = f"{generator.title}/{seed.id}"
            self._occurrences[again] = occurrence = self._occurrences.get(again, 0) + 1
            first = occurrence * generator.draws
        for number in range(first, first + generator.draws):
            id_ = sample_id(key, seed, number)
            n = self._journal.enrol(self._books.planned, id_)
            self._books.planned += 1
            if n >= len(self._met):
                self._met.extend(bytes(max(1024, n + 1 - len(self._met))))
            self._met[n] = 1
            yield Planned(n, id_, seed, generator, Draw(number))

    async def _batches(self) -> AsyncIterator[list[Seed]]:
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
            total += sum(g.draws for g in recipe.generators if g.accepts(seed))
            if recipe.limit is not None and total >= recipe.limit:
                return recipe.limit
            if i % 100 == 0 and (time.monotonic() > end or clock.is_set()):
                return None
    except SeedError:
        return None
    return total


def _is_local(source: object, recipe: Recipe) -> bool:
    path = getattr(source, "path", None)
    return isinstance(path, str) and (recipe.folder / path).exists()
