"""Reading a recipe's seeds with Ray Data: each machine reads some of the files, with the readers
that one machine uses, and the driver learns of each seed its id and who takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import SeedError, SilversmithError
from ...generators import Generator
from ...records import Seed
from ...seeds import BadRow, SeedSource
from ...seeds.files import File
from ..books import Books
from ..planning import BAD_ROWS_LISTED
from ..recipe import Recipe
from .connect import on_cluster
from .seed_files import SeedFile
from .storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FOLDER", "Read", "read_seeds"]

FOLDER = "seeds"
FILES_AT_ONCE = 256
BYTES_AT_ONCE = 2**26
"""Files that one task reads, at most; a larger one is read by itself."""

CPUS = 0.5
"""What a task asks for: with a whole one, tasks and actors wait for each other on small nodes."""

ID_BYTES = 16


@dataclass(frozen=True)
class Read:
    """What the driver knows of the seeds.

    Attributes:
        files: the files of seeds in the storage, each with how many it holds, in order.
        ids: the seeds' ids, a row of 16 bytes for each.
        takers: for each seed, which generators take it: a bit for each, the lowest for the first.
    """

    files: Sequence[tuple[str, int]]
    ids: np.ndarray[Any, np.dtype[np.uint8]]
    takers: np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True)
class _Task:
    """Some files of a source (None: all that it has), and where their seeds go."""

    source: SeedSource
    files: tuple[File, ...] | None
    name: str


@dataclass(frozen=True)
class _Setup:
    """What every task needs."""

    folder: Path
    generators: tuple[Generator, ...]
    skip_bad_rows: bool
    storage: str


def read_seeds(recipe: Recipe, storage: Storage, books: Books) -> Read:
    """Have the seeds read and put into the storage; what was there of an earlier reading is
    replaced. Rows that cannot be read are noted in the books.

    Raises:
        SeedError: as the sources; or there is no seed at all.
    """
    for source in recipe.seeds:  # what is wrong with a source as a whole, said as on one machine
        _ = next(source.read(recipe.folder, _ignore if recipe.skip_bad_rows else None), None)
    storage.remove(FOLDER)
    tasks = [task for n, source in enumerate(recipe.seeds) for task in _tasks(source, recipe, n)]
    setup = _Setup(
        recipe.folder.absolute(), tuple(recipe.generators), recipe.skip_bad_rows, storage.address
    )
    found = on_cluster(_read_all, tasks, setup)
    for one in found:
        if one["error"]:
            raise SeedError(str(one["error"]))
        bad = json.loads(one["bad"])
        books.bad_row_count += bad["count"]
        books.bad_rows += map(tuple, bad["listed"])
    del books.bad_rows[BAD_ROWS_LISTED:]
    ids = b"".join(one["ids"] for one in found)
    if not ids:
        raise SeedError("The recipe's sources hold no seed: check the files under `seeds:`")
    return Read(
        files=[(tasks[one["task"]].name, len(one["ids"]) // ID_BYTES) for one in found],
        ids=np.frombuffer(ids, np.uint8).reshape(-1, ID_BYTES),
        takers=np.frombuffer(b"".join(one["takers"] for one in found), np.uint64),
    )


def _read_all(tasks: Sequence[_Task], setup: _Setup) -> list[dict[str, Any]]:
    """What is known of each task's seeds, in the order of the tasks."""
    import ray.data

    found: list[dict[str, Any]] = (
        ray.data.from_items(list(range(len(tasks))), override_num_blocks=len(tasks))
        .map_batches(
            _read, batch_size=1, batch_format="numpy", fn_args=(tasks, setup), num_cpus=CPUS
        )
        .take_all()
    )
    return sorted(found, key=lambda one: int(one["task"]))


def _ignore(row: BadRow) -> None:
    pass


def _tasks(source: SeedSource, recipe: Recipe, number: int) -> Iterator[_Task]:
    """A source's files, some at a time."""
    files = source.files(recipe.folder)
    if files is None:
        yield _Task(source, None, f"{FOLDER}/{number:03}-00000.parquet")
        return
    absolute = [file._replace(path=file.path.absolute()) for file in files]
    for n, some in enumerate(_grouped(absolute)):
        yield _Task(source, tuple(some), f"{FOLDER}/{number:03}-{n:05}.parquet")


def _grouped(files: Sequence[File]) -> Iterator[list[File]]:
    group: list[File] = []
    size = 0
    for file in files:
        length = BYTES_AT_ONCE if file.url else file.path.stat().st_size
        if group and (len(group) == FILES_AT_ONCE or size + length > BYTES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(file)
        size += length
    if group:
        yield group


def _read(batch: dict[str, Any], tasks: Sequence[_Task], setup: _Setup) -> pa.Table:
    """On a worker: the seeds of a task into a file of the storage."""
    import pyarrow as pa

    rows = [_read_task(int(n), tasks[int(n)], setup) for n in batch["item"]]
    return pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                ("task", pa.int64()),
                ("ids", pa.large_binary()),
                ("takers", pa.large_binary()),
                ("bad", pa.string()),
                ("error", pa.string()),
            ]
        ),
    )


def _read_task(number: int, task: _Task, setup: _Setup) -> dict[str, Any]:
    ids = bytearray()
    takers: list[int] = []
    bad: list[tuple[str, str]] = []
    count = 0

    def note(row: BadRow) -> None:
        nonlocal count
        count += 1
        if len(bad) < BAD_ROWS_LISTED:
            bad.append((row.where, row.reason))

    error = ""
    try:
        with TemporaryDirectory(prefix="silversmith-seeds-") as folder:
            path = Path(folder, "seeds.parquet")
            with SeedFile(path) as file:
                for seed in _seeds(task, setup, note if setup.skip_bad_rows else None):
                    file.write(seed)
                    ids += bytes.fromhex(seed.id)
                    takers.append(_takers(setup.generators, seed))
            Storage(setup.storage).put(path, task.name)
    except SilversmithError as wrong:
        error = str(wrong)
    return {
        "task": number,
        "ids": bytes(ids),
        "takers": np.array(takers, np.uint64).tobytes(),
        "bad": json.dumps({"count": count, "listed": bad}),
        "error": error,
    }


def _seeds(task: _Task, setup: _Setup, note: Any) -> Iterator[Seed]:
    if task.files is None:
        return task.source.read(setup.folder, note)
    return task.source.read_files(task.files, note)


def _takers(generators: Sequence[Generator], seed: Seed) -> int:
    return sum(1 << place for place, one in enumerate(generators) if one.takes(seed))
