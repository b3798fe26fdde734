"""Seeds from datasets: local files and folders, and the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from glob import has_magic
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import Field

from ..errors import SeedError
from ..records import Seed
from ..records.columns import name_columns
from ..records.shapes import ColumnMap
from .base import BadRow, OnBadRow, SeedSource, not_empty
from .files import File, at_hand, find_files, is_url, locate, name_of, reason_of
from .rows import SUFFIXES, Row, read_rows
from .tables import TABLE_SUFFIXES, read_table, rows_of_table
from .tasks import seeds_of

__all__ = ["Dataset"]

_OURS = SUFFIXES + TABLE_SUFFIXES

_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?")

_BATCH = 256
"""Rows of a dataset held at once."""

_PATIENCE = 10.0
"""Seconds to wait for the hub to say whether it has a dataset."""


class Dataset(SeedSource):
    """Rows of anything that `datasets` reads: a file, a folder, or a dataset of the hub.

    Local JSON Lines, JSON, CSV, Parquet and Arrow are read as they are needed, without a copy in
    a cache; code that comes with a dataset is never run. Every row is a seed, with what its
    columns' names or `map` say of instruction, input and answer, as for `tasks`, and with the
    whole row in its fields; the source is `path#row`, for JSON Lines and CSV `path#line`.

    Fields hold what JSON can: dates and times become ISO 8601 text, decimals text, and bytes
    (images, audio) a note of their length and hash such as `<1234 bytes, blake2b 1f0c…>`.
    """

    kind = "dataset"

    path: str = Field(min_length=1)
    """A file, a pattern such as `data/*.parquet`, a folder (of data files, or as `save_to_disk`
    writes it), or an id on the hub such as `org/name`."""

    split: str = ""
    """Which split of a folder or hub dataset; by default train, or the only one."""

    name: str = ""
    """Which configuration, where a dataset has several."""

    revision: str = ""
    """A commit, tag or branch of a dataset of the hub."""

    streaming: bool = True
    """Whether a dataset of the hub is read as it is needed; else it is downloaded first, into
    the cache of `datasets`."""

    map: ColumnMap = Field(default_factory=dict)
    """Which column holds what, for columns with unusual names: `{instruction: my_column}`."""

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        rows = not_empty(self.path, lambda told: self._rows(base, told), on_bad_row)
        for number, row in enumerate(rows):
            if not number:
                self._check_map(row)
            yield from self._seeds(row)

    def files(self, base: Path) -> Sequence[File] | None:
        place = locate(self.path, base)
        if place.is_dir():
            return None if _is_saved(place) else self._files_below(place, base)
        if self._is_file(place):
            files = find_files(self.path, base, _OURS)
            self._choose(["train"])
            return files
        return None

    def read_files(
        self, files: Sequence[File], on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        for row in _read_files(files, on_bad_row):
            yield from self._seeds(row)

    def _seeds(self, row: Row) -> list[Seed]:
        try:
            seeds = seeds_of(row, self.map, self.licence)
        except SeedError:
            # What is wrong with the row is for the generator that needs its shape to say.
            seeds = []
        return seeds or [Seed(source=row.source, fields=row.fields, licence=self.licence)]

    def _check_map(self, first: Row) -> None:
        for column in self.map.values():
            if column not in first.fields:
                raise SeedError(
                    f"{first.where}: there is no column {column!r}, which `map` names;"
                    f" columns: {name_columns(first.fields)}"
                )

    def _rows(self, base: Path, on_bad_row: OnBadRow | None) -> Iterator[Row]:
        files = self.files(base)
        if files is not None:
            return _read_files(files, on_bad_row)
        place = locate(self.path, base)
        if not place.is_dir():
            return self._hub(base)
        return self._saved(place) if _is_saved(place) else self._streamed(place)

    def _is_file(self, place: Path) -> bool:
        looks_local = self.path.startswith((".", "/", "~")) or self.path.lower().endswith(_OURS)
        return place.exists() or looks_local or has_magic(self.path) or is_url(self.path)

    def _files_below(self, folder: Path, base: Path) -> list[File] | None:
        """The files of a split of a folder, where we can read them; which split a file belongs to
        goes by the rules of `datasets`."""
        from datasets import load_dataset_builder
        from datasets.data_files import DataFilesList, get_data_patterns

        files: dict[str, Sequence[str]]
        with _in_one_sentence(self.path), TemporaryDirectory() as scratch:
            if self.name or _has_configurations(folder):
                builder = load_dataset_builder(
                    str(folder), name=self.name or None, cache_dir=scratch
                )
                files = {str(s): found for s, found in (builder.config.data_files or {}).items()}
            else:
                files = {
                    str(split): DataFilesList.from_patterns(patterns, base_path=str(folder))
                    for split, patterns in get_data_patterns(str(folder)).items()
                }
        readable = {
            split: sorted({Path(file) for file in found if file.lower().endswith(_OURS)})
            for split, found in files.items()
        }
        readable = {split: found for split, found in readable.items() if found}
        if not readable:
            return None
        chosen = readable[self._choose(list(readable))]
        return [File(file, name_of(self.path, file, base)) for file in chosen]

    def _streamed(self, folder: Path) -> Iterator[Row]:
        """A folder of data files that `datasets` alone can read."""
        from datasets import load_dataset

        with _in_one_sentence(self.path), TemporaryDirectory() as scratch:
            options: dict[str, Any] = {"cache_dir": scratch}
            if self.name or _has_configurations(folder):
                options["name"] = self.name or None
            dataset = self._pick(load_dataset(str(folder), streaming=True, **options))
        yield from self._read(dataset)

    def _saved(self, folder: Path) -> Iterator[Row]:
        """A folder that `save_to_disk` wrote."""
        from datasets import load_from_disk

        with _in_one_sentence(self.path):
            dataset = self._pick(load_from_disk(str(folder)))
        yield from self._read(dataset)

    def _hub(self, base: Path) -> Iterator[Row]:
        from datasets import load_dataset

        self._ask_hub(base)
        with _in_one_sentence(self.path):
            dataset = self._pick(
                load_dataset(
                    self.path,
                    name=self.name or None,
                    revision=self.revision or None,
                    streaming=self.streaming,
                )
            )
        yield from self._read(dataset)

    def _ask_hub(self, base: Path) -> None:
        """Whether the hub has the dataset, asked once: `datasets` itself tries for half a minute.

        Raises:
            SeedError: it has not, or cannot be reached.
        """
        import httpx2
        from datasets import config
        from huggingface_hub import HfApi, errors

        absent = f"{self.path}: there is no such file or folder in {base.absolute()}, and"
        if not _HUB_ID.fullmatch(self.path):
            raise SeedError(f"{absent} it is no id of a dataset on the hub")
        if config.HF_HUB_OFFLINE:
            return
        try:
            HfApi().dataset_info(self.path, revision=self.revision or None, timeout=_PATIENCE)
        except errors.OfflineModeIsEnabled:
            return
        except errors.GatedRepoError as error:
            raise SeedError(
                f"{self.path}: the hub asks for a login and the owner's terms accepted"
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise SeedError(
                f"{absent} no such dataset on the hub (a private one needs a login: HF_TOKEN)"
            ) from error
        except errors.RevisionNotFoundError as error:
            raise SeedError(f"{self.path}: has no revision {self.revision!r} on the hub") from error
        except errors.HfHubHTTPError as error:
            status = error.response.status_code
            raise SeedError(f"{self.path}: the hub answers with status {status}") from error
        except (httpx2.HTTPError, OSError) as error:
            raise SeedError(
                f"{absent} the hub cannot be reached ({reason_of(error)}); HF_HUB_OFFLINE=1 uses"
                " what is in its cache"
            ) from error

    def _pick(self, loaded: Any) -> Any:
        """One split of what `datasets` loaded."""
        return (
            loaded[self._choose([str(s) for s in loaded])] if isinstance(loaded, dict) else loaded
        )

    def _choose(self, splits: list[str]) -> str:
        if self.split:
            if self.split not in splits:
                raise SeedError(
                    f"{self.path}: has no split {self.split!r}; its splits: {', '.join(splits)}"
                )
            return self.split
        if len(splits) > 1 and "train" not in splits:
            raise SeedError(
                f"{self.path}: has the splits {', '.join(splits)}; say which with `split:`"
            )
        return "train" if "train" in splits else splits[0]

    def _read(self, dataset: Any) -> Iterator[Row]:
        """As Arrow, so that images and audio are not decoded."""
        number = 0
        with _in_one_sentence(self.path):
            for table in dataset.with_format("arrow").iter(batch_size=_BATCH):
                yield from rows_of_table(table, self.path, number)
                number += table.num_rows


def _read_files(files: Sequence[File], on_bad_row: OnBadRow | None) -> Iterator[Row]:
    for one in files:
        with at_hand(one) as file:
            if file.name.lower().endswith(TABLE_SUFFIXES):
                yield from read_table(file)
            else:
                yield from read_rows(file, on_bad_row)


def _is_saved(folder: Path) -> bool:
    """Whether `save_to_disk` wrote it."""
    return any((folder / name).is_file() for name in ("state.json", "dataset_dict.json"))


def _has_configurations(folder: Path) -> bool:
    """Whether the dataset card says itself which files belong where."""
    card = folder / "README.md"
    if not card.is_file():
        return False
    from huggingface_hub import DatasetCard

    content = card.read_text(encoding="utf-8", errors="replace")
    return bool(DatasetCard(content, ignore_metadata_errors=True).data.get("configs"))


@contextmanager
def _in_one_sentence(path: str) -> Iterator[None]:
    """Turns what `datasets` and the libraries under it raise into a SeedError."""
    import httpx2
    import pyarrow as pa
    from datasets.data_files import EmptyDatasetError
    from datasets.exceptions import DataFilesNotFoundError, DatasetsError

    try:
        yield
    except (DataFilesNotFoundError, EmptyDatasetError) as error:
        raise SeedError(f"{path}: holds no data file that can be read") from error
    except (
        DatasetsError,
        httpx2.HTTPError,
        pa.ArrowException,
        ImportError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        lines = [line.strip() for line in str(error).splitlines()]
        if lines and lines[0].startswith("Config name is missing"):
            which = lines[1].rpartition(": ")[2] if len(lines) > 1 else ""
            raise SeedError(f"{path}: say with `name:` which configuration: {which}") from error
        raise SeedError(f"{path}: cannot be read ({reason_of(error)})") from error
