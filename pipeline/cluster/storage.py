"""The place that all machines share: a folder, or a bucket, by fsspec."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ClusterError, SilversmithError

__all__ = ["Storage"]


class Storage:
    """Files under one address. A file that is put there is seen whole or not at all: in a bucket
    by itself, in a folder by a rename.

    Args:
        address: a folder (absolute, since every machine has a current one of its own), or a URL
            that fsspec knows, such as `s3://bucket/run` or `gs://bucket/run`.

    Raises:
        ClusterError: the kind of URL is unknown, or the package for it is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = address.removeprefix("file://").rstrip("/")
        self._is_local = "://" not in self.address
        if self._is_local:
            return
        import fsspec

        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.address)
        except (ValueError, ImportError) as error:
            raise ClusterError(f"{address}: {error}") from error

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return self._is_local

    def put(self, file: Path, name: str) -> None:
        """Put a file there.

        Raises:
            ClusterError: it cannot be written.
        """
        with _explained(f"{self.address}/{name} cannot be written"):
            if not self._is_local:
                self._fs.put_file(str(file), f"{self._root}/{name}")
                return
            target = Path(self.address, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
            try:
                shutil.copyfile(file, part)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)

    def get(self, name: str, file: Path) -> bool:
        """Fetch a file; returns whether there is one.

        Raises:
            ClusterError: it cannot be read.
        """
        with _explained(f"{self.address}/{name} cannot be read"):
            try:
                if self._is_local:
                    shutil.copyfile(Path(self.address, name), file)
                else:
                    self._fs.get_file(f"{self._root}/{name}", str(file))
            except FileNotFoundError:
                file.unlink(missing_ok=True)
                return False
        return True

    def read_json(self, name: str) -> dict[str, Any] | None:
        """What a file of JSON says; None where there is none.

        Raises:
            ClusterError: it cannot be read, or is damaged.
        """
        with _explained(f"{self.address}/{name} cannot be read"):
            try:
                if self._is_local:
                    data = Path(self.address, name).read_bytes()
                else:
                    self._fs.invalidate_cache()
                    data = self._fs.cat_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return None
            return dict(json.loads(data))

    def write_json(self, name: str, value: Mapping[str, Any], scratch: Path) -> None:
        """Put a file of JSON there.

        Args:
            scratch: a folder of this process for what is on its way.

        Raises:
            ClusterError: it cannot be written.
        """
        part = scratch / f"{uuid.uuid4().hex}.json"
        part.write_text(json.dumps(value), encoding="utf-8")
        try:
            self.put(part, name)
        finally:
            part.unlink()

    def names(self, folder: str) -> list[str]:
        """The names of what is in a folder, in their order; none where there is no such folder.

        Raises:
            ClusterError: it cannot be read.
        """
        with _explained(f"{self.address}/{folder} cannot be read"):
            try:
                if self._is_local:
                    found = [one.name for one in Path(self.address, folder).iterdir()]
                else:
                    self._fs.invalidate_cache()
                    listed = self._fs.ls(f"{self._root}/{folder}", detail=False)
                    found = [str(one).rstrip("/").rpartition("/")[2] for one in listed]
            except FileNotFoundError:
                return []
        return sorted(name for name in found if not name.startswith("."))

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all that is in it, where there is one.

        Raises:
            ClusterError: it cannot be removed.
        """
        with _explained(f"{self.address}/{name} cannot be removed"):
            try:
                if not self._is_local:
                    self._fs.rm(f"{self._root}/{name}", recursive=True)
                elif (target := Path(self.address, name)).is_dir():
                    shutil.rmtree(target)
                else:
                    target.unlink()
            except FileNotFoundError:
                return

    def arrow(self, name: str) -> tuple[str, Any]:
        """A file's path, and the filesystem in which pyarrow finds it (None: the local one)."""
        if self._is_local:
            return str(Path(self.address, name)), None
        from pyarrow.fs import FSSpecHandler, PyFileSystem

        return f"{self._root}/{name}", PyFileSystem(FSSpecHandler(self._fs))


class _explained:
    """Turns what a filesystem raises into one sentence."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # Each store's package has errors of its own (a missing key, say), with no class in common.
        if isinstance(error, Exception) and not isinstance(error, SilversmithError):
            lines = str(error).splitlines() or [type(error).__name__]
            reason = error.strerror if isinstance(error, OSError) and error.strerror else lines[0]
            raise ClusterError(f"{self._what} ({reason})") from error
