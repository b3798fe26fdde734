"""Which files a path in a recipe means, and what they are called in a seed's source."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ..errors import SeedError

__all__ = ["File", "at_hand", "find_files", "is_url", "locate", "name_of", "reason_of"]


class File(NamedTuple):
    """A file to read.

    Attributes:
        path: where it is.
        name: what it is called in sources and messages: relative to the recipe's folder where
            it lies below it, else as the recipe says it; with forward slashes.
        url: where it is to be fetched from (`s3://bucket/file`), or "" where it is on a disk.
    """

    path: Path
    name: str
    url: str = ""


def find_files(path: str, base: Path, suffixes: Sequence[str]) -> list[File]:
    """The files that `path` means: one file, a folder with all below it, or a glob pattern.

    Files of a folder or pattern come in the order of their names. Hidden ones (`.name`) and
    those with other suffixes than `suffixes` are passed over; links to folders are not followed.

    Args:
        path: relative to `base`, or absolute; `~` is the home folder. Or a URL that fsspec knows,
            such as `s3://bucket/folder` or `gs://bucket/*.jsonl`.
        base: the recipe's folder.
        suffixes: the endings of files that can be read, in lower case, such as ".jsonl".

    Raises:
        SeedError: there is no such file, or none that can be read.
    """
    known = ", ".join(suffixes)
    if is_url(path):
        return _fetchable(path, suffixes)
    place = locate(path, base)
    if place.is_dir():
        found = _below(place)
        if not (fitting := _with(found, suffixes)):
            raise SeedError(f"{path}: the folder holds no file that can be read here ({known})")
        return [File(file, name_of(path, file, base)) for file in fitting]
    if place.exists():
        if not _with([place], suffixes):
            raise SeedError(f"{path}: files of this kind cannot be read here; known: {known}")
        return [File(place, name_of(path, place, base))]
    if glob.has_magic(path):
        matches = (Path(match) for match in glob.iglob(str(place), recursive=True))
        if not (fitting := _with(sorted(m for m in matches if m.is_file()), suffixes)):
            raise SeedError(f"{path}: no file that can be read here ({known}) fits this pattern")
        return [File(file, name_of(path, file, base)) for file in fitting]
    raise SeedError(f"{path}: there is no such file or folder (looked in {base.absolute()})")


def is_url(path: str) -> bool:
    """Whether a path of a recipe leads to another machine."""
    return "://" in path


@contextmanager
def at_hand(file: File) -> Iterator[File]:
    """The file on a disk of this machine: as it is, or fetched for as long as it is read.

    Raises:
        SeedError: it cannot be fetched.
    """
    if not file.url:
        yield file
        return
    with TemporaryDirectory(prefix="silversmith-seeds-") as folder:
        path = Path(folder, PurePosixPath(file.url).name)
        with _fetching(file.url) as (system, place):
            system.get_file(place, str(path))
        yield File(path, file.name)


def _fetchable(path: str, suffixes: Sequence[str]) -> list[File]:
    """The files that a URL means."""
    with _fetching(path) as (system, place):
        if glob.has_magic(path):
            found = system.glob(place)
        elif system.isdir(place):
            found = system.find(place)
        else:
            found = [place] if system.exists(place) else []
        urls = sorted(str(system.unstrip_protocol(one)) for one in found)
    fitting = [url for url in urls if url.lower().endswith(tuple(suffixes))]
    if not fitting:
        raise SeedError(f"{path}: there is no file that can be read here ({', '.join(suffixes)})")
    return [File(Path(url), url, url) for url in fitting]


@contextmanager
def _fetching(url: str) -> Iterator[tuple[Any, str]]:
    """The filesystem of a URL, and the place in it."""
    import fsspec

    try:
        yield fsspec.core.url_to_fs(url)
    except Exception as error:  # each store's package has errors of its own
        raise SeedError(f"{url}: cannot be read ({reason_of(error)})") from error


def locate(path: str, base: Path) -> Path:
    """Where `path` is, seen from the recipe's folder."""
    return base / Path(path).expanduser()


def name_of(written: str, file: Path, base: Path) -> str:
    """What a file is called, as `File.name` says; `written` is the path in the recipe."""
    if Path(written).expanduser().is_absolute():
        try:
            return file.relative_to(base.absolute()).as_posix()
        except ValueError:
            return file.as_posix()
    return Path(os.path.relpath(file, base)).as_posix()


def reason_of(error: Exception) -> str:
    """Why a file cannot be read, without its name, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _below(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _with(files: Iterable[Path], suffixes: Sequence[str]) -> list[Path]:
    return [file for file in files if file.name.lower().endswith(tuple(suffixes))]
