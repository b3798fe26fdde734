"""The last files of an export: provenance, card and checksums, over what was written before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from ..errors import ExportError
from ..store import RunFolder
from .card import CARD, card
from .checksums import SUMS, read_sums, sha256_of, sums_text
from .provenance import PROVENANCE, Provenance, as_json

__all__ = ["seal"]


def seal(folder: Path, provenance: Provenance, others: Iterable[str] = ()) -> list[str]:
    """Write provenance, card and checksums, in this order, each in one step: where this is cut
    short, `silversmith verify` says so, and the same export again puts it right.

    Files of an earlier export that this one has no more, such as those of another way to split,
    are removed if they are still as they were written; whatever else lies in the folder stays.

    Args:
        folder: of the export.
        provenance: what it holds.
        others: further files that were written there, by their place in it.

    Returns:
        all files of the export, by their place in it.

    Raises:
        OSError, RunFolderError: one cannot be written.
    """
    before: dict[str, str] = {}
    with contextlib.suppress(ExportError):  # none, or spoilt: then nothing of it is known
        before = read_sums(folder)
    run = RunFolder(folder)
    (folder / PROVENANCE).parent.mkdir(parents=True, exist_ok=True)
    run.write_text(folder / PROVENANCE, as_json(provenance).decode())
    run.write_text(folder / CARD, card(provenance))
    rows = [name for file in provenance.files for name in (file.path, file.ids) if name]
    written = {*rows, *others, PROVENANCE, CARD}
    run.write_text(folder / SUMS, sums_text(folder, written))
    for name in before.keys() - written:
        path = folder / name
        if path.is_file() and sha256_of(path) == before[name]:
            path.unlink()
    return sorted({*written, SUMS})
