"""The checksums of an export's files, as `sha256sum --check` reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import ExportError

__all__ = ["SUMS", "files_in", "read_sums", "sha256_of", "sums_text"]

SUMS = "__about__/SHA256SUMS"
"""In a folder that `datasets.load_dataset` passes over, since its name begins with `__`."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def sha256_of(path: Path) -> str:
    """The SHA-256 (FIPS 180-4) of a file, in hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(folder: Path) -> list[str]:
    """All files of a folder but the checksums', by their place in it."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path != folder / SUMS
    )


def sums_text(folder: Path, names: Iterable[str]) -> str:
    """The checksums of these files of a folder."""
    return "".join(f"{sha256_of(folder / name)}  {name}\n" for name in sorted(names))


def read_sums(folder: Path) -> dict[str, str]:
    """The checksum of each file that the folder should hold.

    Raises:
        ExportError: there are none, or a line is none; says which.
    """
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ExportError(f"{path} is missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read ({error})") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ExportError(f"{path}, line {number}: is no checksum and name of a file")
        name = match[2]
        if name.startswith("/") or ".." in name.split("/"):
            raise ExportError(f"{path}, line {number}: {name!r} is no place in this folder")
        found[name] = match[1]
    return found
