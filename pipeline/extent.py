"""How far a reading of the seeds has got, by bytes: for a plan that does not read to the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ..errors import SeedError
from ..records import Seed
from ..seeds import SeedSource
from ..seeds.files import File, find_files
from ..seeds.rows import SUFFIXES

__all__ = ["times_as_many"]

LINES = (".jsonl", ".ndjson", ".csv", ".tsv")
"""Files in which a seed's source names the line."""


def times_as_many(sources: Sequence[SeedSource], base: Path, last: Seed) -> float | None:
    """How many times as many bytes the sources' files have as were read up to the seed `last`;
    None where that cannot be told (a hub dataset, packed files, documents)."""
    files: list[File] = []
    for source in sources:
        path = getattr(source, "path", None)
        if not isinstance(path, str):
            return None
        try:
            files += find_files(path, base, SUFFIXES)
        except SeedError:
            return None
    if not all(file.name.lower().endswith(LINES) and not file.url for file in files):
        return None
    name, _, line = last.source.rpartition("#")
    sizes = {file.name: file.path.stat().st_size for file in files}
    names = list(sizes)
    if name not in sizes:
        return None
    with open(files[names.index(name)].path, "rb") as file:
        read = sum(map(len, islice(file, int(line.partition(".")[0]))))
    read += sum(sizes[before] for before in names[: names.index(name)])
    return sum(sizes.values()) / read
