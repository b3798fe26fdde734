"""On a worker: one block after the other, each an ordinary run of the engine in a folder of the
local disk, shipped to the storage now and then and at the end.

What a block has in the storage: `journal.db` as it was when it was last shipped, `kept/` and
`failed/` of its samples as Parquet, and `block.json`, which is written last and says what there is.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import socket
import sqlite3
import tempfile
import time
import traceback
import uuid
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from ...errors import ClusterError, SilversmithError, TooManyFailures
from ...records import Usage
from ...store import Journal, RunFolder, Spending
from ..books import Books
from ..engine import RunOptions, run
from ..recipe import Limits, Recipe
from ..report import RunReport
from ..requests import requests_of
from .bank import GONE, SEATED, WAIT, Purse
from .blocks import Block
from .seed_files import SeedRows
from .shipping import shipped_folder
from .storage import Storage

__all__ = ["DONE", "JOURNAL", "NOTE", "Setup", "Worker", "spending_in"]

DONE = "done"
JOURNAL = "journal.db"
NOTE = "block.json"
TOKEN = "shipped"
SEAT_SECONDS = 0.5
TOUCH_SECONDS = 2.0


@dataclass(frozen=True)
class Setup:
    """What a worker must know.

    Attributes:
        recipe: the run's, each model with a worker's share of concurrency and rates.
        limited: whether the run has limits on what it spends.
        storage: the address of what all machines share.
        run_id: tells the run's folders on local disks from those of others.
        upload_seconds: after how long the journal of a block in work is shipped again.
        again, retry_failed: as in `RunOptions`.
        settings: by what the samples of each generator count as settled.
        environment: what it needs in its environment beside what is there.
        direct: addresses to which no proxy leads.
    """

    recipe: Recipe
    limited: bool
    storage: str
    run_id: str
    upload_seconds: float
    again: bool
    retry_failed: bool
    settings: Mapping[str, str]
    environment: Mapping[str, str]
    direct: tuple[str, ...]


class Worker:
    """Works on blocks; what Ray Data runs as an actor.

    Args:
        setup: what it must know.
        bank: the actor that keeps the budget.
    """

    def __init__(self, setup: Setup, bank: Any) -> None:
        import ray

        self._setup = setup
        self._bank = bank
        os.environ.update(setup.environment)
        if setup.direct:
            known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
            os.environ["no_proxy"] = ",".join(filter(None, [known, *setup.direct]))
        context = ray.get_runtime_context()
        self._name = context.get_actor_id() or uuid.uuid4().hex
        user = f"silversmith-{os.getuid()}"
        self._disk = Path(tempfile.gettempdir(), user, setup.run_id, context.get_node_id())
        self._forms: dict[str, str] = {}

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """How the work on each block of a batch ended: "" where it is done or was stopped, else
        the sentence of what went wrong, with the class of the error."""
        ends = [self._work(pickle.loads(block)) for block in batch["block"]]
        return {
            "error": [end[0] for end in ends],
            "kind": [end[1] for end in ends],
        }

    def _work(self, block: Block) -> tuple[str, str]:
        from ray.exceptions import RayError

        try:
            return self._work_on(block)
        except RayError:
            return GONE, ClusterError.__name__
        except SilversmithError as error:
            return f"{error} (on {socket.gethostname()})", type(error).__name__
        except Exception as error:  # noqa: BLE001 - carried over to the driver
            traceback.print_exc()
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            where = f"on {socket.gethostname()}, in block {block.number}"
            return f"{said} ({where})", ClusterError.__name__

    def _work_on(self, block: Block) -> tuple[str, str]:
        """Raises what `engine.run` raises; RayError where the bank has gone."""
        import ray

        while (said := ray.get(self._bank.sit.remote(self._name, block.number))) == WAIT:
            time.sleep(SEAT_SECONDS)
        if said != SEATED:
            return "", ""
        try:
            with _Folder(self._setup, block, self._disk, self._touch) as folder:
                report = asyncio.run(self._run(block, folder))
                folder.finish(report, block, self._setup)
        finally:
            ray.get(self._bank.rise.remote(self._name))
        if isinstance(stopped := report.stopped_by, TooManyFailures):
            return str(stopped), type(stopped).__name__
        return "", ""

    def _touch(self) -> None:
        self._bank.touch.remote(self._name)

    async def _run(self, block: Block, folder: _Folder) -> RunReport:
        setup = self._setup
        seeds = SeedRows(address=setup.storage, slices=block.slices)
        recipe = setup.recipe.model_copy(
            update={
                "folder": shipped_folder(),
                "seeds": [seeds],
                "filters": [],
                "limit": block.limit,
                "limits": Limits(),
            }
        )
        with Journal(folder.journal) as journal:
            # What another block found out of the endpoints need not be found out again.
            for note, value in self._forms.items():
                journal.set_note(note, value)
            lost = sum(one["failed"] for one in requests_of(journal).values())
        books = Books()
        purse = Purse(
            self._bank, self._name, limited=setup.limited, models=recipe.models, books=books,
            lost=lost,
        )  # fmt: skip
        options = RunOptions(
            again=setup.again,
            retry_failed=setup.retry_failed,
            books=books,
            budget=purse,
            drawn=block.drawn,
            concludes=False,
        )
        async with purse:
            report = await run(recipe, folder.path, options)
        with Journal(folder.journal) as journal:
            for spec in recipe.models.values():
                form = f"form {spec.label}"
                if (found := journal.note(form)) is not None:
                    self._forms[form] = found
        return report


class _Folder:
    """A block's folder on the local disk, and its copy in the storage; a context manager.

    A folder that a killed worker has left here is gone on with if nobody has shipped since: it
    knows more than the copy. Else the copy is fetched.
    """

    def __init__(self, setup: Setup, block: Block, disk: Path, touch: Any) -> None:
        self.path = disk / f"{block.number:06}"
        self.journal = RunFolder(self.path).journal
        self._storage = Storage(setup.storage)
        self._name = block.name
        self._every = setup.upload_seconds
        self._touch = touch
        self._seeds = {"seeds": block.seeds, "digest": block.digest}
        self._ended = Event()
        self._shipper = Thread(target=self._ship_on, name="shipping", daemon=True)

    def __enter__(self) -> Self:
        note = self._storage.read_json(f"{self._name}/{NOTE}")
        token = note["token"] if note else ""
        mine = self.path / TOKEN
        if not self.journal.exists() or (mine.read_text() if mine.exists() else "") != token:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
            if note:
                self._storage.get(f"{self._name}/{JOURNAL}", self.journal)
            mine.write_text(token)
        self._shipper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        if isinstance(error, SilversmithError) and self.journal.exists():
            self._ship({"status": "failed"})

    def finish(self, report: RunReport, block: Block, setup: Setup) -> None:
        """Ship all, and leave the disk as it was.

        Raises:
            SilversmithError: something cannot be written.
        """
        self._stop()
        for name in ("kept", "failed"):
            folder = self._storage_folder(name)
            new = [part.name for part in sorted((self.path / name).glob("*.parquet"))]
            for part in new:
                self._storage.put(self.path / name / part, f"{folder}/{part}")
            for old in set(self._storage.names(folder)) - set(new):
                self._storage.remove(f"{folder}/{old}")
        manifest = report.manifest
        stopped = report.stopped_by
        with Journal(self.journal, enrols=False) as journal:
            transient = journal.transient_failures()
        self._ship(
            {
                "status": report.status,
                "reason": "" if stopped is None else str(stopped),
                "kind": "" if stopped is None else type(stopped).__name__,
                "settings": dict(setup.settings),
                "limit": block.limit,
                "planned": report.balance.planned,
                "drafted": report.balance.kept,
                "failed": report.balance.failed,
                "transient": transient,
                "failures": manifest["failures"],
                "reused": manifest["this_run"]["reused"],
            }
        )
        shutil.rmtree(self.path, ignore_errors=True)

    def _storage_folder(self, name: str) -> str:
        return f"{self._name}/{name}"

    def _ship_on(self) -> None:
        """Ship the journal now and then, until the end."""
        shipped = time.monotonic()
        while not self._ended.wait(min(TOUCH_SECONDS, self._every)):
            self._touch()
            if time.monotonic() - shipped < self._every or not self.journal.exists():
                continue
            with suppress(ClusterError):  # tried again; at the end it is said
                self._ship({"status": "in work"})
            shipped = time.monotonic()

    def _stop(self) -> None:
        self._ended.set()
        self._shipper.join()

    def _ship(self, says: Mapping[str, Any]) -> None:
        """The journal as it is now, then the note that vouches for it."""
        copy = self.path / "journal.copy"
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self.journal)) as db,
            closing(sqlite3.connect(copy)) as target,
        ):
            db.backup(target)
        self._storage.put(copy, f"{self._name}/{JOURNAL}")
        with Journal(copy, enrols=False) as journal:
            spending = [asdict(one) for one in journal.spending()]
            requests = requests_of(journal)
        token = uuid.uuid4().hex
        note = {"token": token, "spending": spending, "requests": requests, **self._seeds, **says}
        self._storage.write_json(f"{self._name}/{NOTE}", note, self.path)
        (self.path / TOKEN).write_text(token)


def spending_in(note: Mapping[str, Any]) -> list[Spending]:
    """What a block's note says of what was spent."""
    return [Spending(**{**one, "usage": Usage(**one["usage"])}) for one in note["spending"]]
