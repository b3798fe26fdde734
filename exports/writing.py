"""From a run's kept samples to a file in a training format."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import ExportError
from ..records import Sample, sample_from_row
from ..records.redaction import redacted
from ..review.certified import certificate_path
from .base import Export
from .card import CARD, fitting_certificate
from .contents import Contents
from .kept import count_simulated, kept_rows, open_parts
from .licences import cautions, licences_in, refuse_forbidden
from .numbers import counted
from .provenance import ExportedFile, provenance_of
from .sealing import seal
from .sinks import Sink
from .splits import Splits, allot
from .starter import Starter
from .token_report import TokenCount, TokenReport, in_a_sentence

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyarrow import parquet

__all__ = ["ExportReport", "export"]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        format: the export's kind.
        path: the file with the rows; of several splits the first.
        ids: the file with the sample's id for each row, line by line, or None where the rows
            carry the ids themselves; of several splits the first.
        samples: how many kept samples there were.
        rows: how many rows were written.
        left_out: how many samples gave no row, by reason.
        simulated: how many of the samples a simulated model wrote.
        card: the dataset card.
        certificate: what the certificate says, or why there is none that fits.
        splits: how many rows each split has; empty where there are none.
        files: all that was written.
        tokens: how long the rows are, where a tokenizer was given.
        cautions: what one has to know of the licences of the seeds.
    """

    format: str
    path: Path
    ids: Path | None
    samples: int
    rows: int
    left_out: Mapping[str, int]
    simulated: int
    card: Path
    certificate: str
    splits: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[Path] = ()
    tokens: TokenReport | None = None
    cautions: Sequence[str] = ()

    def __str__(self) -> str:
        """One sentence for the user."""
        where = self.card.parent if self.splits else self.path
        text = f"{counted(self.rows, 'row')} from {counted(self.samples, 'sample')} in {where}"
        if self.splits:
            text += f" ({', '.join(f'{name} {rows:,}' for name, rows in self.splits.items())})"
        if self.left_out:
            text += f"; left out: {_reasons(self.left_out)}"
        if self.simulated:
            text += f"; {self.simulated:,} simulated, not for training"
        lines = [text, *([] if self.tokens is None else [in_a_sentence(self.tokens)])]
        return "\n".join([*lines, *self.cautions, *filter(None, [self.certificate])])


def export(
    folder: Path,
    export: Export,
    to: Path | None = None,
    allow_simulated: bool = False,
    *,
    review: Callable[[Sample], Sample | str] | None = None,
    splits: Splits | None = None,
    tokens: TokenCount | None = None,
    starter: Starter | None = None,
    allow_licences: Collection[str] = (),
) -> ExportReport:
    """Write the kept samples of a run in a training format.

    Of a sample with redactions, every format has the redacted texts, and nothing of the originals.

    The rows go to `data.jsonl` in `to` (or to a file for each split, such as `train.jsonl`), in
    the order of the dataset, and the ids of their samples to `__ids__/data.txt` beside it, one line
    a row (a folder of such a name is passed over by `datasets.load_dataset`), with a dataset card,
    `README.md`, which holds the certificate of the run's reviews where there is one that speaks of
    the samples kept now, and, in `__about__/`, the same for programs and the checksums of all. A
    file of an earlier export is replaced at the end, in one step; memory does not grow with the
    dataset (with splits, by 100 bytes a sample; with counted tokens, by 4 bytes a row).

    Args:
        folder: a run's folder.
        export: the format.
        to: the folder to write into; by default `exports/FORMAT` in the run's folder.
        allow_simulated: write samples of a simulated model too.
        review: what people's verdicts make of a sample: the sample to write, or why it is left out.
        splits: into which splits the samples go; no seed and no prompt is in two of them.
        tokens: counts the tokens of the rows, and leaves out those that are too long.
        starter: makes a configuration to train with; needs `tokens`.
        allow_licences: licences of seeds that forbid it, for which there is another permission.

    Raises:
        ExportError: there is nothing to export, a sample is simulated, the licence of its seed
            forbids it, no sample fits the format, too few do, a split would be empty, or the file
            cannot be written.
        RunFolderError: the folder's manifest is damaged or of a newer version, or the card cannot
            be written.
    """
    with contextlib.ExitStack() as stack:
        parts = open_parts(folder, stack)
        simulated = count_simulated(parts)
        samples = sum(part.metadata.num_rows for part in parts)
        if simulated and not allow_simulated:
            raise ExportError(
                f"{simulated:,} of the {counted(samples, 'kept sample')} in {folder} were written"
                " by a simulated model and are not for training: run the recipe with a real"
                " model, or add --allow-simulated to export them all the same"
            )
        refuse_forbidden(licences_in(parts), allow_licences)
        if starter is not None:
            starter.check(export.kind)
        target = to if to is not None else folder / "exports" / export.kind
        names = {"train": export.file(None)}
        if splits is not None:
            names = {split: export.file(split) for split in splits.shares}
        placed = allot(parts, splits) if splits is not None else None
        left_out: Counter[str] = Counter()
        contents = Contents()
        certificate, without = fitting_certificate(folder)
        try:
            with contextlib.ExitStack() as files:
                rows_of = [_Rows.open(target / name, export, files) for name in names.values()]
                samples_read = _reviewed(_samples(parts, placed), review, left_out)
                _write(samples_read, export, rows_of, left_out, contents, tokens)
                written = {name: one.rows for name, one in zip(names, rows_of, strict=True)}
                _refuse_too_few(folder, export, samples, written, left_out)
                others = export.beside(_name(folder), names)
                for name, content in others.items():
                    files.enter_context(_replacing(target / name)).write(content)
            report = tokens.report() if tokens is not None else None
            exported = [
                one.described(target, name) for name, one in zip(names, rows_of, strict=True)
            ]
            configured = {}
            if starter is not None and report is not None:
                configured = starter.files(
                    target, export.kind, _name(folder), tuple(exported), report,
                    len(contents.strategies),
                )  # fmt: skip
            for name, text in configured.items():
                with _replacing(target / name) as file:
                    file.write(text.encode())
            sealed = seal(
                target,
                provenance_of(
                    folder, export.kind, version("silversmith"), exported, contents, left_out,
                    samples, certificate, report,
                ),
                [*others, *configured],
            )  # fmt: skip
        except OSError as error:
            raise ExportError(
                f"{error.filename or target} could not be written ({error.strerror or error}): make"
                " room or check the permissions, or choose another folder by --to"
            ) from error
    says = certificate.says if certificate is not None else ""
    if certificate is None and certificate_path(folder).exists():
        says = f"Without a certificate: {without}"
    return ExportReport(
        export.kind, rows_of[0].path, rows_of[0].ids, samples, sum(written.values()),
        dict(left_out), simulated, target / CARD, says, written if splits else {},
        [target / name for name in sealed], report, tuple(cautions(contents.licences)),
    )  # fmt: skip


def _name(folder: Path) -> str:
    return folder.resolve().name


@dataclass
class _Rows:
    """A file with rows, and one with the ids of their samples."""

    path: Path
    sink: Sink
    ids: Path | None
    ids_file: IO[bytes] | None
    rows: int = 0

    @classmethod
    def open(cls, path: Path, export: Export, files: contextlib.ExitStack) -> _Rows:
        ids = None if export.rows_have_ids else path.parent / "__ids__" / f"{path.stem}.txt"
        file = files.enter_context(_replacing(path))
        ids_file = files.enter_context(_replacing(ids)) if ids is not None else None
        return cls(path, export.sink(file), ids, ids_file)

    def described(self, folder: Path, split: str) -> ExportedFile:
        """The file as the provenance has it."""
        path, ids = (
            one.relative_to(folder).as_posix() if one is not None else None
            for one in (self.path, self.ids)
        )
        return ExportedFile(path=str(path), split=split, rows=self.rows, ids=ids)

    def add(self, row: Mapping[str, Any], sample: Sample) -> None:
        self.sink.add(row)
        if self.ids_file is not None:
            self.ids_file.write(sample.id.encode() + b"\n")
        self.rows += 1


def _reviewed(
    samples: Iterator[tuple[Sample, int]],
    review: Callable[[Sample], Sample | str] | None,
    left_out: Counter[str],
) -> Iterator[tuple[Sample, int]]:
    """The samples as people left them; counts those that they took out."""
    for sample, split in samples:
        passed = sample if review is None else review(sample)
        if isinstance(passed, str):
            left_out[passed] += 1
        else:
            yield passed, split


def _write(
    samples: Iterator[tuple[Sample, int]],
    export: Export,
    rows_of: Sequence[_Rows],
    left_out: Counter[str],
    contents: Contents,
    tokens: TokenCount | None,
) -> None:
    """Write the rows, and count into `left_out` and `contents`."""
    for sample, split in samples:
        reason = export.reason_for_no_row(sample)
        if reason is not None:
            left_out[reason] += 1
            continue
        before = rows_of[split].rows
        for row in export.rows(sample):
            if tokens is not None and (against := tokens.reason_against(row, sample.id)):
                reason = against
                continue
            rows_of[split].add(row, sample)
        if rows_of[split].rows > before:
            contents.add(sample)
        else:
            left_out[reason or "no row"] += 1
    for one in rows_of:
        one.sink.finish()


def _refuse_too_few(
    folder: Path, export: Export, samples: int, written: Mapping[str, int], left_out: Counter[str]
) -> None:
    why = f": {_reasons(left_out)}" if left_out else ""
    if not any(written.values()):
        raise ExportError(
            f"none of the {counted(samples, 'kept sample')} in {folder} gives a row of"
            f" {export.kind}{why}; choose another --format"
        )
    if empty := [name for name, rows in written.items() if not rows]:
        raise ExportError(
            f"--split: no sample in {' or '.join(empty)} gives a row of {export.kind}{why}; name"
            " fewer splits, give it a larger share, or draft more"
        )
    name = "train" if "train" in written else next(iter(written))
    if (rows := written[name]) < export.least_rows:
        raise ExportError(
            f"{export.kind} wants {export.least_rows} rows or more to train on, and {folder} gives"
            f" {rows}{' in ' + name if len(written) > 1 else ''}{why}; draft more"
        )


def _samples(
    parts: Sequence[parquet.ParquetFile], placed: npt.NDArray[np.uint8] | None
) -> Iterator[tuple[Sample, int]]:
    """The samples in the dataset's order, with redacted texts, each with its split's number."""
    for number, row in enumerate(kept_rows(parts)):
        yield redacted(sample_from_row(row)), 0 if placed is None else int(placed[number])


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` at the end, and only if nothing went
    wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _reasons(left_out: Mapping[str, int]) -> str:
    ordered = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} ({reason})" for reason, count in ordered)
