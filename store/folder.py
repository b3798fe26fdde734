"""A run's folder: its places, its lock, its manifest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import RunFolderError

__all__ = ["MANIFEST_VERSION", "RunFolder"]

MANIFEST_VERSION = 1


class RunFolder:
    """The folder of one run.

    Attributes:
        path: where it is; made by `open`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def journal(self) -> Path:
        return self.path / "journal.db"

    @property
    def cluster(self) -> Path:
        """Is there where the run is one on a cluster, whose blocks have journals of their own."""
        return self.path / "cluster.json"

    @property
    def recovered_journal(self) -> Path:
        """Where a recovered journal waits to take the damaged one's place."""
        return self.path / "journal.recovered.db"

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def manifest_path(self) -> Path:
        return self.path / "manifest.json"

    @contextmanager
    def open(self, *, recovering: bool = False, on_cluster: bool = False) -> Iterator[None]:
        """Make the folder and hold it for this process.

        Args:
            recovering: whatever has become of the journal is about to be mended.
            on_cluster: a run on a cluster begins or goes on.

        Raises:
            RunFolderError: another process holds it, it cannot be made, its journal is gone or
                half recovered, it was written by a newer version, or a run on a cluster and one
                on a single machine would meet in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"{self.path} cannot be made ({error.strerror}): choose another --out"
            ) from error
        manifest = self.manifest()
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunFolderError(
                f"{self.path} is in use by another silversmith process: wait for it to end, stop"
                " it, or choose another --out"
            ) from error
        except OSError as error:
            raise RunFolderError(
                f"{self.path} cannot be written ({error.strerror}): choose another --out"
            ) from error
        try:
            self._check_where(on_cluster)
            if not (recovering or on_cluster):
                self._check_journal(manifest or {})
            yield
        finally:
            lock.release()

    def _check_where(self, on_cluster: bool) -> None:
        """Refuse to begin anew, unseen, what was begun in another way."""
        if on_cluster and self.journal.exists():
            raise RunFolderError(
                f"{self.path} holds a run on one machine: go on without --on ray, or choose another"
                " --out"
            )
        if not on_cluster and self.cluster.exists():
            raise RunFolderError(
                f"{self.path} holds a run on a cluster, in blocks, which this cannot work on:"
                " `silversmith run` and `judge` go on with it by --on ray"
            )

    def _check_journal(self, manifest: Mapping[str, Any]) -> None:
        """Refuse what SQLite would take for a new journal although there was one: everything in
        it would be asked for again."""
        recover = f"`silversmith recover {self.path}`"
        if self.recovered_journal.exists():
            raise RunFolderError(
                f"A recovery of {self.journal} was cut short: {recover} brings it to its end"
            )
        if self.journal.exists():
            if manifest and not self.journal.stat().st_size:
                raise RunFolderError(
                    f"The journal {self.journal} is damaged (it is empty): restore it from a copy,"
                    " or remove it and the manifest to ask for everything again"
                )
            return
        # Embeddings have a file of their own.
        usage = (one for one in manifest.get("usage", ()) if one["asker"] != "embeddings")
        calls = sum(one["calls"] for one in usage)
        if calls:
            raise RunFolderError(
                f"{self.journal} is gone, which held the replies of {calls:,} calls: put it back,"
                f" or remove {self.manifest_path} to ask for everything again"
            )

    def manifest(self) -> dict[str, Any] | None:
        """The manifest, or None where there is none yet.

        Raises:
            RunFolderError: it is damaged, or was written by a newer version.
        """
        try:
            text = self.manifest_path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunFolderError(f"{self.manifest_path}: {error.strerror}") from error
        try:
            manifest = json.loads(text)
            version = int(manifest["schema_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunFolderError(
                f"{self.manifest_path} is damaged: remove it and run the same command again"
                " (the journal has everything)"
            ) from error
        if version > MANIFEST_VERSION:
            raise RunFolderError(
                f"{self.path} was written by a newer silversmith (folder version {version}, this"
                f" one knows {MANIFEST_VERSION}): upgrade silversmith, or choose another --out"
            )
        return dict(manifest)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest in one step."""
        whole = {"schema_version": MANIFEST_VERSION, **manifest}
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
        self.write_text(self.manifest_path, text)

    def write_text(self, path: Path, text: str) -> None:
        """Replace a text file in one step: a reader sees the old one or the new one, whole."""
        part = path.with_name(path.name + ".part")
        try:
            with open(part, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise full_disk(path, error) from error

    @contextmanager
    def replacing(self, *names: str) -> Iterator[Path]:
        """A new folder in which to write the sub-folders `names`; they take the places of the
        old ones at the end, and only if nothing went wrong."""
        new = self.path / ".writing"
        shutil.rmtree(new, ignore_errors=True)
        try:
            new.mkdir()
            yield new
            old = new / "old"
            old.mkdir()
            for name in names:
                if (self.path / name).exists():
                    (self.path / name).rename(old / name)
                (new / name).rename(self.path / name)
        except OSError as error:
            raise full_disk(self.path, error) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)


def full_disk(path: Path, error: OSError) -> RunFolderError:
    """The error for a file that could not be written."""
    return RunFolderError(
        f"{path} could not be written ({error.strerror or error}): make room or check the"
        " permissions, and run the same command again; what is in the journal is safe"
    )
