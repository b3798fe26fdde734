"""The files of the page, read once; no path that comes from outside is ever opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

__all__ = ["PageFile", "page_files"]

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file, its media type, and a tag that changes with it."""

    data: bytes
    kind: str
    tag: str


def page_files() -> dict[str, PageFile]:
    """All files of the page that a browser asks for, by their paths below `page/`."""
    folder = resources.files(__package__) / "page"
    found: dict[str, PageFile] = {}
    waiting = [("", folder)]
    while waiting:
        above, here = waiting.pop()
        for entry in here.iterdir():
            path = f"{above}{entry.name}"
            if entry.is_dir():
                waiting.append((f"{path}/", entry))
            elif kind := _KINDS.get(path.rpartition(".")[2]):
                data = entry.read_bytes()
                tag = hashlib.blake2b(data, digest_size=8).hexdigest()
                found[path] = PageFile(data, kind, f'"{tag}"')
    return found
