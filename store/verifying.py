"""A run's folder held against itself: its books, its files, its journal."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..errors import RunFolderError
from ..records.verified import Verified
from .folder import RunFolder
from .tables import SCHEMA_VERSION

__all__ = ["is_run", "verify_run"]

_PARTS = ("kept", "dropped", "failed")


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's."""
    return (folder / "manifest.json").is_file() or (folder / "kept").is_dir()


def verify_run(folder: Path) -> Iterator[Verified]:
    """Look at all of a run's folder, and change nothing.

    The manifest's books against each other and against the samples in the Parquet files, all of
    which are read; ids against each other; the recipe against its hash; the journal by SQLite's own
    check (`PRAGMA quick_check`), by its version, and by unpacking every reply and sample.
    """
    run = RunFolder(folder)
    try:
        manifest = run.manifest()
    except RunFolderError as error:
        yield Verified("manifest", False, str(error))
        manifest = None
    else:
        if manifest is None:
            yield Verified("manifest", False, f"{run.manifest_path} is missing")
        else:
            yield Verified("manifest", True, f"version {manifest['schema_version']}")
    if manifest is not None:
        yield _balance(manifest)
        yield _recipe(run, manifest)
    counts: dict[str, int] = {}
    ids: set[str] = set()
    for name in _PARTS:
        yield _samples(folder, name, ids, counts, (manifest or {}).get("books") or {})
    yield from _journals(run, manifest or {}, counts)


def _balance(manifest: Mapping[str, Any]) -> Verified:
    books = manifest.get("books")
    names = ("planned", "kept", "dropped", "failed", "pending")
    if not isinstance(books, Mapping) or not all(isinstance(books.get(n), int) for n in names):
        return Verified("books", False, "manifest.json has no whole 'books'")
    planned, *parts = (books[name] for name in names)
    told = " + ".join(f"{books[name]:,} {name}" for name in names[1:])
    if planned != sum(parts) or min(parts) < 0:
        return Verified("books", False, f"they do not balance: {planned:,} planned, but {told}")
    if manifest.get("status") == "done" and books["pending"]:
        return Verified("books", False, f"the run is done, and {books['pending']:,} are pending")
    return Verified("books", True, f"{planned:,} planned = {told}")


def _recipe(run: RunFolder, manifest: Mapping[str, Any]) -> Verified:
    try:
        found = hashlib.sha256(run.recipe.read_bytes()).hexdigest()
    except OSError as error:
        return Verified("recipe", False, f"{run.recipe} cannot be read ({error.strerror})")
    if found != manifest.get("recipe"):
        return Verified(
            "recipe", False, f"{run.recipe} is not the one that was run: it was changed"
        )
    return Verified("recipe", True, f"SHA-256 {found[:12]}… as the manifest says")


def _samples(
    folder: Path, name: str, ids: set[str], counts: dict[str, int], books: Mapping[str, Any]
) -> Verified:
    """The samples of one part, read to the last column."""
    import pyarrow as pa
    from pyarrow import parquet

    paths = sorted((folder / name).glob("*.parquet"))
    if not paths:
        return Verified(f"{name}/", False, f"{folder / name} has no Parquet files")
    rows = without = 0
    for path in paths:
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=2_000):
                    for one, origin in zip(
                        batch.column("id").to_pylist(),
                        batch.column("origin").to_pylist(),
                        strict=True,
                    ):
                        rows += 1
                        if one in ids:
                            says = f"{path}: the id {one!r} is there twice (row {rows:,})"
                            return Verified(f"{name}/", False, says)
                        ids.add(one)
                        if origin and origin["template"] and not origin["template_hash"]:
                            without += 1
        except (OSError, pa.ArrowException, KeyError) as error:
            says = f"{path} cannot be read ({str(error).splitlines()[0]})"
            return Verified(f"{name}/", False, says)
    counts[name] = rows
    if name in books and books[name] != rows:
        says = f"{rows:,} samples in the files, and {books[name]:,} in the books"
        return Verified(f"{name}/", False, says)
    if without:
        says = f"{without:,} samples name a template without its hash"
        return Verified(f"{name}/", False, says)
    return Verified(f"{name}/", True, f"{rows:,} samples, each id once, as the books say")


def _journals(
    run: RunFolder, manifest: Mapping[str, Any], counts: Mapping[str, int]
) -> Iterator[Verified]:
    paths = [run.journal] if run.journal.exists() else []
    if run.cluster.exists():
        paths = sorted(run.path.glob("blocks/**/journal.db"))
    if not paths:
        calls = sum(one["calls"] for one in manifest.get("usage") or ())
        if calls and not run.cluster.exists():
            says = f"{run.journal} is gone, which held the replies of {calls:,} calls"
            yield Verified("journal", False, says)
        else:
            yield Verified("journal", None, "there is none")
        return
    replies = results = 0
    for path in paths:
        try:
            found = _read(path)
        except (sqlite3.Error, zlib.error, ValueError, TypeError) as error:
            yield Verified(
                "journal", False,
                f"{path} is damaged ({error}): `silversmith recover {run.path}` saves the rest",
            )  # fmt: skip
            return
        replies, results = replies + found[0], results + found[1]
    settled = sum(counts.values())
    if len(counts) == len(_PARTS) and not run.cluster.exists() and results < settled:
        says = f"{results:,} settled samples, and {settled:,} in the files"
        yield Verified("journal", False, says)
        return
    yield Verified(
        "journal", True, f"{replies:,} replies and {results:,} settled samples, all whole"
    )


def _read(path: Path) -> tuple[int, int]:
    """How many replies and settled samples a journal has, each of them unpacked.

    Raises:
        sqlite3.Error, zlib.error, ValueError, TypeError: something is wrong with it.
    """
    if not path.stat().st_size:
        raise ValueError("it is empty")
    # Without a log there is nothing to wait for, and SQLite need not put one beside the file.
    logged = path.with_name(path.name + "-wal").exists()
    uri = f"{path.resolve().as_uri()}?{'mode=ro' if logged else 'immutable=1'}"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise ValueError(found)
        version = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        if version is None or not version[0].isdecimal():
            raise ValueError("it names no version")
        if int(version[0]) > SCHEMA_VERSION:
            raise ValueError(
                f"its version is {version[0]}, and this silversmith knows {SCHEMA_VERSION}"
            )
        counts = []
        for table, column in (("replies", "body"), ("results", "payload")):
            count = 0
            for (data,) in db.execute(f"SELECT {column} FROM {table}"):
                zlib.decompress(data)
                count += 1
            counts.append(count)
    return counts[0], counts[1]
