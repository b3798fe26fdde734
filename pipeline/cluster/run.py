"""The driver: a recipe on a cluster, from the seeds to the closed books."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ... import errors
from ...errors import (
    ClusterError,
    LimitReached,
    RecipeError,
    RunFolderError,
    SilversmithError,
    TooManyFailures,
)
from ...filters import Columns
from ...models import ModelSpec
from ...records import Usage, sample_from_row, sample_to_json
from ...store import RunFolder, Spending
from ..batches import ROWS_AT_A_TIME
from ..budget import Budget
from ..concluding import Concluding
from ..embedding import Embeddings
from ..engine import RunOptions
from ..filtering import Filtering, Outcome
from ..planning import idle_generators
from ..recipe import Limits, OnRay, Recipe
from ..rehearsal import rehearse
from ..report import Closing, RunReport, close_books
from ..samples import Askers
from .bank import Account, Bank
from .blocks import Block, plan_blocks, same_seeds
from .connect import connect, is_client, on_cluster
from .filtering import decide_on_cluster
from .nodes import check_nodes
from .reading import CPUS, FOLDER, Read, read_seeds
from .serving import Serving, served
from .storage import Storage
from .working import DONE, NOTE, Setup, Worker, spending_in

__all__ = ["run_on_ray"]

LOOK_SECONDS = 0.5
STOP_SECONDS = 120.0
"""How long a run that is stopped waits for the workers to ship what they have."""

READERS = 16


async def run_on_ray(recipe: Recipe, out: Path, options: RunOptions) -> RunReport:
    """Run a recipe on a cluster; go on where an earlier run stopped. As `engine.run`, with the
    same samples.

    Raises:
        ClusterError: the cluster cannot be used; or else as `Recipe.run_async`.
        asyncio.CancelledError: it was cancelled; the workers have shipped what they had.
    """
    engine = recipe.engine or OnRay()
    _refuse(recipe, options)
    askers = Askers.of(recipe)
    await rehearse(recipe, askers)
    Budget(recipe.limits, recipe.models, ())  # a limit that cannot be kept is refused at once
    folder = RunFolder(out)
    with folder.open(on_cluster=True):
        mark = _mark(folder, engine)
        folder.write_text(folder.recipe, recipe.to_yaml())
        folder.write_manifest({"status": "running", "name": recipe.name})
        return await _Job(recipe, engine, folder, mark, askers, options).run()


def _refuse(recipe: Recipe, options: RunOptions) -> None:
    """What works on one machine alone."""
    alone = {
        "`target` draws in rounds, each of which waits for the one before": recipe.target,
        "--reuse reads journals that lie on one machine": options.reuse,
        "--processes is for one machine (`workers:` of `engine: {ray: …}` is its like)": (
            options.processes > 1
        ),
        "a model in batch mode is used by one process": any(
            spec.batch for spec in recipe.models.values()
        ),
    }
    for what, given in alone.items():
        if given:
            raise RecipeError(f"{what}: leave it away, or leave --on ray away")


def _mark(folder: RunFolder, engine: OnRay) -> dict[str, Any]:
    """What the first run of the folder settled for all that follow."""
    if folder.cluster.exists():
        try:
            mark = dict(json.loads(folder.cluster.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{folder.cluster} is damaged: put it back from a copy") from error
        storage = engine.storage or mark["storage"]
        if storage != mark["storage"]:
            raise RunFolderError(
                f"{folder.path} has its blocks in {mark['storage'] or 'itself'}, not in"
                f" {engine.storage}: leave `storage:` as it was, or choose another --out"
            )
        return mark
    mark = {
        "run_id": uuid.uuid4().hex,
        "seeds_per_block": engine.seeds_per_block,
        "storage": engine.storage,
    }
    folder.write_text(folder.cluster, json.dumps(mark, indent=2) + "\n")
    return mark


class _Job:
    """One run of a recipe on a cluster, in an open folder."""

    def __init__(
        self,
        recipe: Recipe,
        engine: OnRay,
        folder: RunFolder,
        mark: Mapping[str, Any],
        askers: Askers,
        options: RunOptions,
    ) -> None:
        self.recipe = recipe
        self.engine = engine
        self.folder = folder
        self.options = options
        self.books = options.books
        self.run_id = str(mark["run_id"])
        self.seeds_per_block = int(mark["seeds_per_block"])
        self.storage = Storage(str(mark["storage"]) or str(folder.path.absolute()))
        self._askers = askers
        self._concluding = Concluding(askers)
        self.settings = {title: one.hex() for title, one in askers.settings.items()}
        self.blocks: Sequence[Block] = ()
        self.notes: dict[int, dict[str, Any]] = {}
        self.stopped: SilversmithError | None = None
        self.read_to_end = False
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._outcome = Outcome()
        self._embeddings = Embeddings(
            recipe.models, folder.path / "embeddings.db", recipe.limits, self._spending
        )

    async def run(self) -> RunReport:
        """Have all blocks worked off, then filter, then close the books."""
        try:
            await self._in_thread()
            self.books.stage = "done"
            return self._report(_status(self.stopped), self._outcome)
        except (asyncio.CancelledError, SilversmithError) as error:
            if not isinstance(error, RunFolderError):
                self._report(_status(error), None)
            raise

    async def _in_thread(self) -> None:
        """Ray's calls wait; where this is cancelled, the workers are told to stop."""
        loop = asyncio.get_running_loop()
        end = loop.create_future()

        def tell(error: BaseException | None) -> None:
            if not end.done():
                end.set_result(error)

        def work() -> None:
            error: BaseException | None = None
            try:
                self._work()
            except BaseException as wrong:  # noqa: BLE001 - carried over to the event loop
                error = wrong
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, error)

        threading.Thread(target=work, name="cluster", daemon=True).start()
        try:
            error = await asyncio.shield(end)
        except asyncio.CancelledError:
            self._stop.set()
            self.books.stage = "stopping: the workers ship what they have"
            await asyncio.wait([end], timeout=STOP_SECONDS)
            raise
        if error is not None:
            raise error

    # In the thread

    def _work(self) -> None:
        from ray.exceptions import RayError

        self.books.stage = "connecting with the cluster"
        parts = [*self.recipe.generators, *self.recipe.judges, *self.recipe.filters]
        address = self.engine.address
        try:
            with connect(address, [*parts, *self.recipe.seeds], self.recipe.folder):
                _be_quiet()
                machines = check_nodes(list(self.recipe.models.values()), self.storage)
                self.books.stage = "reading seeds"
                read = read_seeds(self.recipe, self.storage, self.books)
                self._plan(read)
                self._work_off(machines)
                if not self._stop.is_set():
                    self.books.stage = "filtering"
                    self._outcome = self._filter()
                self.storage.remove(FOLDER)
        except RayError as error:
            raise ClusterError(_sentence(error)) from error

    def _plan(self, read: Read) -> None:
        self.blocks = asyncio.run(
            plan_blocks(self.recipe, read, self.storage, self.seeds_per_block, self.books)
        )
        self.read_to_end = True
        self.books.expected = self.books.planned
        begun = {int(name) for name in self.storage.names("blocks") if name.isdecimal()}
        self._read_notes(sorted(begun))
        for number, note in self.notes.items():
            if number >= len(self.blocks):
                if self.recipe.limit is None:
                    raise RunFolderError(
                        f"There are fewer seeds than this run began with (its block {number + 1:,}"
                        f" of {self.seeds_per_block:,} has none): put them back, or choose another"
                        " --out"
                    )
                continue
            count = min(int(note["seeds"]), self.blocks[number].seeds)
            if count == int(note["seeds"]):
                same_seeds(
                    self.blocks[number], read, self.seeds_per_block, count, str(note["digest"])
                )

    def _read_notes(self, numbers: Sequence[int]) -> None:
        with ThreadPoolExecutor(READERS) as pool:
            names = [f"blocks/{number:06}/{NOTE}" for number in numbers]
            for number, note in zip(numbers, pool.map(self.storage.read_json, names), strict=True):
                if note is not None:
                    self.notes[number] = note

    def _is_done(self, block: Block) -> bool:
        note = self.notes.get(block.number)
        return not block.planned or (
            note is not None
            and note["status"] == DONE
            and note["digest"] == block.digest
            and note["limit"] == block.limit
            and note["settings"] == self.settings
            and not note["transient"]
            and not (self.options.retry_failed and note["failed"])
        )

    def _work_off(self, machines: int) -> None:
        to_do = [block.number for block in self.blocks if not self._is_done(block)]
        done = sum(block.planned for block in self.blocks if self._is_done(block))
        self.books.reused = done
        if not to_do or self._stop.is_set():
            return
        used = {name for asker in self._askers.all() for name in asker.models}
        with served(
            self.recipe.models, used, self.run_id, self._tell_of_servers, self._stop.is_set
        ) as serving:
            if not self._stop.is_set():
                self.books.served.update(serving.said)
                self._work_on(to_do, machines, serving, done)

    def _tell_of_servers(self, how: str) -> None:
        self.books.stage = f"vLLM servers: {how}"

    def _work_on(self, to_do: Sequence[int], machines: int, serving: Serving, done: int) -> None:
        import ray

        seats = self._seats(machines, len(to_do), serving.models)
        bank = self._bank(seats)
        recipe = self.recipe.model_copy(
            update={
                "models": {name: _share(spec, seats) for name, spec in serving.models.items()},
                "engine": None,
            }
        )
        setup = Setup(
            recipe=recipe,
            limited=self.recipe.limits != Limits(),
            storage=self.storage.address,
            run_id=self.run_id,
            upload_seconds=self.engine.upload_seconds,
            again=self.options.again,
            retry_failed=self.options.retry_failed,
            settings=self.settings,
            environment=serving.environment,
            direct=serving.hosts,
        )
        items = [{"block": pickle.dumps(self.blocks[number])} for number in to_do]
        self.books.stage = f"drafting and judging on {machines} machines"
        watch = threading.Thread(target=self._watch, args=(bank, done), daemon=True)
        watch.start()
        try:
            end = on_cluster(_work_off, items, setup, bank, seats)
        finally:
            self._ended.set()
            watch.join()
        self._take_in(ray.get(bank.account.remote()), done)
        self._read_notes(to_do)
        if end is None:
            return
        error = _error(*end)
        if not isinstance(error, TooManyFailures):
            raise error
        self.stopped = error

    def _seats(self, machines: int, blocks: int, models: Mapping[str, ModelSpec]) -> int:
        """How many blocks are worked on at once: each seat has a place at every endpoint."""
        asked = {name: spec.at_once for name, spec in models.items()}
        return max(1, min(self.engine.workers or machines, blocks, *asked.values()))

    def _bank(self, seats: int) -> Any:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here: Any = "DEFAULT"
        if not is_client():
            node = ray.get_runtime_context().get_node_id()
            here = NodeAffinitySchedulingStrategy(node, soft=True)
        lost = sum(
            one["failed"] for note in self.notes.values() for one in note["requests"].values()
        )
        bank = (
            ray.remote(Bank)
            .options(num_cpus=0, scheduling_strategy=here, name=f"silversmith-{self.run_id}")
            .remote(self.recipe.limits, self.recipe.models, self._spending(), lost, seats)
        )
        ray.get(bank.account.remote())
        return bank

    def _watch(self, bank: Any, done: int) -> None:
        """Keep the books for a live view, and pass on that the run is to stop."""
        import ray

        told = False
        with suppress(ray.exceptions.RayError):
            while not self._ended.wait(LOOK_SECONDS):
                if self._stop.is_set() and not told:
                    told = True
                    ray.get(bank.stop.remote("the run was stopped"))
                self._take_in(ray.get(bank.account.remote()), done)

    def _take_in(self, account: Account, done: int) -> None:
        books = self.books
        standings = list(account.standings.values())
        books.reused = done + sum(one.reused for one in standings)
        books.drafted = sum(one.drafted for one in standings)
        books.judged = sum(one.judged for one in standings)
        books.failed = sum(one.failed for one in standings)
        books.calls = sum(one.calls for one in standings)
        books.retries = sum(one.retries for one in standings)
        books.usage = sum((one.usage for one in standings), Usage())
        books.failures = Counter()
        for one in standings:
            books.failures.update(one.failures)
        books.cost = account.cost
        if account.reached:
            self.stopped = LimitReached(account.sentence)

    # The end

    def _filter(self) -> Outcome:
        with Filtering(
            self.recipe.filters,
            self.folder,
            embeddings=self._embeddings,
            decide=decide_on_cluster,
        ) as filtering:
            return filtering.end(self._batches, partial(self._rows, "failed"))

    def _batches(self) -> Iterator[Columns]:
        """What the blocks hold, in the dataset's order."""
        import pyarrow as pa

        if self._concluding.needed:
            yield from self._concluding.batches(partial(self._rows, "kept"))
            return
        for batch in self._tables("kept"):
            yield Columns(pa.Table.from_batches([batch]))

    def _rows(self, name: str) -> Iterator[bytes]:
        for batch in self._tables(name):
            for row in batch.to_pylist():
                yield sample_to_json(sample_from_row(row))

    def _tables(self, name: str) -> Iterator[Any]:
        from pyarrow import parquet

        for block in self.blocks:
            if "drafted" not in self.notes.get(block.number, {}):
                continue
            folder = f"{block.name}/{name}"
            for part in self.storage.names(folder):
                path, filesystem = self.storage.arrow(f"{folder}/{part}")
                with parquet.ParquetFile(path, filesystem=filesystem) as file:
                    yield from file.iter_batches(batch_size=ROWS_AT_A_TIME)

    def _spending(self) -> list[Spending]:
        """What all blocks have used, by asker and model."""
        totals: dict[tuple[str, str], Spending] = {}
        for note in self.notes.values():
            for one in spending_in(note):
                key = one.asker, one.model
                known = totals.get(key, Spending(*key, Usage()))
                totals[key] = Spending(
                    *key,
                    known.usage + one.usage,
                    known.repeated + one.repeated,
                    known.unmetered + one.unmetered,
                )
        return [totals[key] for key in sorted(totals)]

    def _report(self, status: str, outcome: Outcome | None) -> RunReport:
        planned = [self.notes[b.number] for b in self.blocks if b.number in self.notes]
        whole = [note for note in planned if "drafted" in note]
        failures: Counter[str] = Counter()
        for note in whole:
            for one in note["failures"]:
                failures[one["reason"]] += one["samples"]
        spending = self._spending()
        budget = Budget(Limits(), self.recipe.models, spending)
        idle = idle_generators(self.recipe, self.books.planned_by) if self.read_to_end else {}
        end = Closing(
            status=status,
            planned=self.books.planned,
            drafted=sum(note["drafted"] for note in whole),
            failed=sum(note["failed"] for note in whole),
            exhausted=self.read_to_end,
            outcome=outcome,
            failures=sorted(failures.items(), key=lambda one: (-one[1], one[0])),
            idle=idle,
            usage=[*spending, *self._embeddings.spending()],
            requests=_requests([note["requests"] for note in self.notes.values()]),
            cost=self._embeddings.cost_with(budget.cost),
            stopped_by=self.stopped,
        )
        return close_books(self.recipe, self.folder, self.books, end)


def _work_off(
    items: Sequence[Mapping[str, bytes]], setup: Setup, bank: Any, seats: int
) -> tuple[str, str] | None:
    """Have blocks worked off; the first error ends it, and is returned: its class and sentence."""
    import ray.data

    ends = (
        ray.data.from_items(list(items), override_num_blocks=len(items))
        .map_batches(
            Worker,
            batch_size=1,
            batch_format="numpy",
            fn_constructor_args=(setup, bank),
            compute=ray.data.ActorPoolStrategy(size=seats, max_tasks_in_flight_per_actor=1),
            num_cpus=CPUS,
        )
        .iter_rows()
    )
    first = None
    for end in ends:
        if end["error"] and first is None:
            first = str(end["kind"]), str(end["error"])
            ray.get(bank.stop.remote(first[1]))
    return first


def _share(spec: ModelSpec, seats: int) -> ModelSpec:
    """A seat's share, rounded down so that all of them together keep to the recipe's."""
    share = {"concurrency": max(1, spec.concurrency // seats)}
    return spec.share_of(seats).model_copy(update=share)


def _requests(counts: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    totals: dict[str, dict[str, Any]] = {}
    for of_block in counts:
        for model, one in of_block.items():
            total = totals.setdefault(
                model, {"sent": 0, "answered": 0, "repeated": 0, "failed": 0, "reasons": Counter()}
            )
            for name in ("sent", "answered", "repeated", "failed"):
                total[name] += one[name]
            total["reasons"].update(one["reasons"])
    for total in totals.values():
        total["reasons"] = dict(total["reasons"].most_common())
    return dict(sorted(totals.items()))


def _error(kind: str, sentence: str) -> SilversmithError:
    """What a worker raised."""
    found = getattr(errors, kind, ClusterError)
    return found(sentence) if issubclass(found, SilversmithError) else ClusterError(sentence)


def _sentence(error: Exception) -> str:
    """What Ray says went wrong, in one sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (
        f"The work on the cluster ended with an error ({lines[-1] if lines else type(error)}): run"
        " the same command again; what was shipped is safe"
    )


def _be_quiet() -> None:
    """Ray Data has bars of its own."""
    import logging

    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _status(error: BaseException | None) -> str:
    if error is None:
        return "done"
    if isinstance(error, LimitReached):
        return "limit reached"
    if isinstance(error, TooManyFailures):
        return "too many failures"
    return "failed" if isinstance(error, SilversmithError) else "interrupted"
