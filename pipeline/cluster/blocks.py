"""What is planned, in blocks: each so many seeds of the dataset's order."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RunFolderError
from ...records import Seed
from ...seeds import BadRow, SeedSource
from ..books import Books
from ..planning import UNUSED_LISTED, Planner
from ..recipe import Recipe
from .reading import ID_BYTES, Read
from .seed_files import Slice, seeds_in
from .storage import Storage

__all__ = ["Block", "plan_blocks", "same_seeds"]


@dataclass(frozen=True)
class Block:
    """A block of what is planned.

    Attributes:
        number: from 0.
        slices: where its seeds are.
        seeds: how many there are.
        digest: hash of their ids, in order.
        planned: how many samples.
        limit: the same where not all that its seeds allow are planned; else None.
        drawn: numbers of draws that follow from seeds of other blocks, by their place in this one.
    """

    number: int
    slices: tuple[Slice, ...]
    seeds: int
    digest: str
    planned: int
    limit: int | None = None
    drawn: dict[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its folder in the storage."""
        return f"blocks/{self.number:06}"


async def plan_blocks(
    recipe: Recipe, read: Read, storage: Storage, seeds_per_block: int, books: Books
) -> list[Block]:
    """Plan the recipe's samples as one machine does, in blocks; the books are kept as there.

    Raises:
        SeedError: what was read of a seed cannot be read again.
    """
    draws = [one.draws for one in recipe.generators]
    per_seed = _samples_of(read.takers, draws)
    end, planned = len(per_seed), int(per_seed.sum())
    if recipe.limit is not None and planned >= recipe.limit:
        planned = recipe.limit
        end = int(np.searchsorted(np.cumsum(per_seed), planned)) + 1
    _count(recipe, read, end, planned, storage, books)
    drawn = await _drawn(recipe, read, end, storage)
    starts = [0, *accumulate(count for _, count in read.files)]
    places = sum(draws) * seeds_per_block
    by_block: dict[int, dict[int, int]] = defaultdict(dict)
    for place, number in drawn.items():
        by_block[place // places][place % places] = number
    blocks: list[Block] = []
    left = planned
    for start in range(0, end, seeds_per_block):
        stop = min(start + seeds_per_block, end)
        whole = int(per_seed[start:stop].sum())
        here = min(whole, left)
        left -= here
        blocks.append(
            Block(
                number=len(blocks),
                slices=tuple(_slices(read, starts, start, stop)),
                seeds=stop - start,
                digest=_digest(read, start, stop),
                planned=here,
                limit=here if here < whole else None,
                drawn=by_block[len(blocks)],
            )
        )
    return blocks


def same_seeds(block: Block, read: Read, seeds_per_block: int, count: int, digest: str) -> None:
    """See that a block that was begun had the seeds that it has now; more at its end are welcome.

    Args:
        count, digest: how many seeds it had, and their hash.

    Raises:
        RunFolderError: it had others.
    """
    start = block.number * seeds_per_block
    if count > len(read.ids) - start or digest != _digest(read, start, start + count):
        raise RunFolderError(
            f"The seeds are not those that the run began with: they differ among the seeds"
            f" {start + 1:,} to {start + count:,}, and what was made from them would be asked for"
            " again. Put them back (further ones at their end are welcome), or choose another --out"
        )


def _samples_of(takers: np.ndarray[Any, Any], draws: Sequence[int]) -> np.ndarray[Any, Any]:
    """How many samples are planned for each seed."""
    total = np.zeros(len(takers), np.int64)
    for place, number in enumerate(draws):
        total += ((takers >> np.uint64(place)) & np.uint64(1)).astype(np.int64) * number
    return total


def _count(
    recipe: Recipe, read: Read, end: int, planned: int, storage: Storage, books: Books
) -> None:
    """Into the books: seeds, samples of each generator, and seeds that none can use."""
    books.seeds = end
    books.planned = planned
    left = planned
    takers = read.takers[:end]
    if recipe.limit is not None and end:  # the last seed may not have had all of its draws
        left -= int(_samples_of(takers[:-1], [one.draws for one in recipe.generators]).sum())
    for place, generator in enumerate(recipe.generators):
        bits = (takers >> np.uint64(place)) & np.uint64(1)
        count = int(bits.sum()) * generator.draws
        if recipe.limit is not None and end and bits[-1]:
            count += min(left, generator.draws) - generator.draws
            left -= min(left, generator.draws)
        books.planned_of[generator.kind] += count
        books.planned_by[generator.title] += count
    for counter in (books.planned_of, books.planned_by):
        for name in [name for name, count in counter.items() if not count]:
            del counter[name]
    unused = np.flatnonzero(takers == 0)
    books.unused_seeds = len(unused)
    listed = _seeds_at(read, unused[:UNUSED_LISTED].tolist(), storage)
    books.unused_listed = [seed.source for seed in listed]


async def _drawn(recipe: Recipe, read: Read, end: int, storage: Storage) -> dict[int, int]:
    """The number of the draw for each place of the dataset where it is another than its generator
    would give it alone, since the seed occurred before: found by planning these seeds alone."""
    whole = np.ascontiguousarray(read.ids[:end]).view(f"V{ID_BYTES}").ravel()
    _, inverse, counts = np.unique(whole, return_inverse=True, return_counts=True)
    again = np.flatnonzero(counts[inverse] > 1)
    if not len(again):
        return {}
    register = _Places()
    seeds = _Listed(seeds_at=lambda: _seeds_at(read, again.tolist(), storage))
    alone = recipe.model_copy(update={"seeds": [seeds], "limit": None, "target": None})
    width = sum(one.draws for one in recipe.generators)
    drawn = {}
    async with aclosing(Planner(alone, register, Books()).samples()) as plan:
        async for planned in plan:
            seed, offset = divmod(register.place, width)
            drawn[int(again[seed]) * width + offset] = planned.draw_number
    return drawn


class _Places:
    """A register that remembers where it enrolled last."""

    def __init__(self) -> None:
        self.place = 0
        self._numbers: dict[bytes, int] = {}

    def enrol(self, place: int, sample_id: bytes) -> int:
        self.place = place
        return self._numbers.setdefault(sample_id, len(self._numbers) + 1)


class _Listed(SeedSource):
    """Seeds at hand."""

    kind = "listed"

    seeds_at: Callable[[], Iterator[Seed]]
    """Gives them from the first on."""

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        return iter(self.seeds_at())


def _seeds_at(read: Read, places: Sequence[int], storage: Storage) -> Iterator[Seed]:
    """The seeds at some places, which grow."""
    wanted = iter(places)
    place = next(wanted, None)
    start = 0
    for name, count in read.files:
        here = []
        while place is not None and place < start + count:
            here.append(place - start)
            place = next(wanted, None)
        if here:
            chosen = set(here)
            part = Slice(name, here[0], here[-1] + 1)
            for number, seed in enumerate(seeds_in(storage, part), here[0]):
                if number in chosen:
                    yield seed
        start += count


def _slices(read: Read, starts: Sequence[int], start: int, stop: int) -> Iterator[Slice]:
    first = int(np.searchsorted(starts, start, side="right")) - 1
    for number in range(first, len(read.files)):
        name, count = read.files[number]
        begin, end = max(start - starts[number], 0), min(stop - starts[number], count)
        if begin >= count and count:
            continue
        if end <= 0:
            return
        if begin < end:
            yield Slice(name, begin, end)


def _digest(read: Read, start: int, stop: int) -> str:
    return hashlib.blake2b(read.ids[start:stop].tobytes(), digest_size=16).hexdigest()
