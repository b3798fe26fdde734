"""Seeds on their way from the machine that read them to the one that drafts from them: Parquet, a
row for each, in the dataset's order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ...errors import SeedError
from ...records import Passage, Seed
from ...seeds import BadRow, SeedSource
from .storage import Storage

__all__ = ["SeedFile", "SeedRows", "Slice", "seeds_in"]

ROWS_IN_A_GROUP = 1_000


class Slice(NamedTuple):
    """Some of the seeds of a file.

    Attributes:
        name: the file's, in the storage.
        start, stop: the first one, and the one after the last.
    """

    name: str
    start: int
    stop: int


class SeedFile:
    """Writes seeds into a file; a context manager.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self._schema = pa.schema([("id", pa.string()), ("seed", pa.large_string())])
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flush()
        self._writer.close()

    def write(self, seed: Seed) -> None:
        """Add a seed.

        Raises:
            SeedError: its fields hold what JSON cannot.
        """
        try:
            # Not orjson, which has no word for NaN.
            text = json.dumps(asdict(seed), ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise SeedError(f"{seed.source}: its fields do not fit into JSON ({error})") from error
        self._rows.append((seed.id, text))
        if len(self._rows) == ROWS_IN_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            columns = [list(column) for column in zip(*self._rows, strict=True)]
            self._writer.write_table(pa.table(columns, schema=self._schema))
            self._rows = []


def seeds_in(storage: Storage, part: Slice) -> Iterator[Seed]:
    """The seeds of a slice.

    Raises:
        SeedError: the file is damaged, or a seed is not what it was when it was written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    path, filesystem = storage.arrow(part.name)
    try:
        with parquet.ParquetFile(path, filesystem=filesystem) as file:
            first = 0
            for number in range(file.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                start, stop = max(part.start - first, 0), min(part.stop - first, rows)
                if start < stop:
                    table = file.read_row_group(number).slice(start, stop - start)
                    yield from map(_seed, table["id"].to_pylist(), table["seed"].to_pylist())
                first += rows
    except (OSError, pa.ArrowException) as error:
        raise SeedError(f"{storage.address}/{part.name}: cannot be read ({error})") from error


def _seed(id_: str, text: str) -> Seed:
    values: dict[str, Any] = json.loads(text)
    if values["passage"] is not None:
        values["passage"] = Passage(**values["passage"])
    seed = Seed(**values)
    if seed.id != id_:
        raise SeedError(
            f"{seed.source}: its fields hold values that JSON changes; a source of seeds that is to"
            " be read on a cluster gives texts, numbers, lists and mappings of them"
        )
    return seed


class SeedRows(SeedSource):
    """The seeds of one block, where a cluster has put them."""

    kind = "seed_rows"

    address: str
    """The storage's address."""

    slices: tuple[Slice, ...]
    """What of which files."""

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        storage = Storage(self.address)
        for part in self.slices:
            yield from seeds_in(storage, part)
