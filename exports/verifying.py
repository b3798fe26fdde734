"""An export's folder held against itself and, where it is at hand, against the run it is from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from ..errors import ExportError, ReviewError, RunFolderError
from ..records import sample_from_row
from ..records.redaction import redacted
from ..records.verified import Verified
from ..review.population import kept_rows
from .card import CARD, card, fitting_certificate
from .checksums import SUMS, files_in, read_sums, sha256_of
from .contents import Contents
from .licences import cautions
from .provenance import PROVENANCE, ExportedFile, Provenance, provenance_of, read_provenance
from .reading import Reading, read_lines, read_rows

__all__ = ["is_export", "verify_certificate", "verify_export"]

_NAMED = 3
_SECRET = re.compile(
    r"\b(sk-[\w-]{16,}|hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|glpat-[\w-]{16,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\bBearer\s+[\w.~+/-]{16,}|://[^/\s:@]+:[^/\s:@]+@"
)
_RECOUNTED = ("models", "licences", "sources", "judged", "simulated", "samples")


def is_export(folder: Path) -> bool:
    """Whether a folder is one that `export` wrote into."""
    return (folder / PROVENANCE).is_file() or (folder / SUMS).is_file()


def verify_export(
    folder: Path, run: Path | None, mended: Collection[str] = ()
) -> Iterator[Verified]:
    """Look at all of an export's folder, and change nothing.

    Args:
        folder: of the export.
        run: the folder of the run that it is from, or None where that is not at hand.
        mended: ids of samples that people have mended, whose rows need not have the texts of the
            kept samples.
    """
    yield _checksums(folder)
    try:
        told = read_provenance(folder)
    except ExportError as error:
        yield Verified("provenance", False, str(error))
        return
    yield _provenance(told)
    yield from (_rows(folder, file) for file in told.files)
    yield _card(folder, told)
    yield _secrets(folder)
    if run is None:
        yield Verified("run", None, "is not at hand, so rows and figures are not held against it")
        return
    try:
        yield from _against_run(folder, told, run, mended)
    except (ReviewError, RunFolderError, ExportError) as error:
        yield Verified("run", False, str(error))


def verify_certificate(run: Path) -> Verified:
    """Whether the certificate of a run's folder speaks of the samples that are kept there."""
    try:
        found, why = fitting_certificate(run)
    except ReviewError as error:
        return Verified("certificate", False, str(error))
    if found is not None:
        return Verified("certificate", True, found.says)
    return Verified("certificate", None if why.startswith("there is none") else False, why)


def _checksums(folder: Path) -> Verified:
    try:
        sums = read_sums(folder)
    except ExportError as error:
        return Verified("checksums", False, str(error))
    there = set(files_in(folder))
    wrong = [f"{name} is missing" for name in sorted(sums.keys() - there)]
    wrong += [f"{name} was not exported" for name in sorted(there - sums.keys())]
    wrong += [
        f"{name} was changed"
        for name in sorted(sums.keys() & there)
        if sha256_of(folder / name) != sums[name]
    ]
    if wrong:
        return Verified("checksums", False, _some(wrong))
    return Verified("checksums", True, f"{len(sums):,} files, and none beside them")


def _provenance(told: Provenance) -> Verified:
    wrong = []
    if (rows := sum(file.rows for file in told.files)) != told.rows:
        wrong.append(f"{told.rows:,} rows in all, but its files have {rows:,}")
    if told.kept != told.samples + sum(told.left_out.values()):
        wrong.append(
            f"{told.kept:,} kept samples are not the {told.samples:,} exported and the"
            f" {sum(told.left_out.values()):,} left out"
        )
    if (strategies := sum(told.strategies.values())) != told.samples:
        wrong.append(f"{told.samples:,} samples, but by strategy they are {strategies:,}")
    books = told.run.get("books")
    if isinstance(books, dict) and books.get("kept") != told.kept:
        wrong.append(f"the run's books have {books.get('kept')} kept, the export {told.kept:,}")
    if told.tokens is not None and told.tokens.rows != told.rows:
        wrong.append(f"tokens of {told.tokens.rows:,} rows were counted, and {told.rows:,} written")
    if wrong:
        return Verified("provenance", False, _some(wrong))
    left = sum(told.left_out.values())
    says = f"{told.kept:,} kept = {told.samples:,} exported + {left:,} left out"
    return Verified("provenance", True, says)


def _rows(folder: Path, file: ExportedFile) -> Verified:
    """The rows can be read, and there are as many as told, each with the id of its sample."""
    rows = 0
    try:
        for rows, _ in enumerate(read_rows(folder, file), start=1):  # noqa: B007
            pass
        ids = len(read_lines(folder / file.ids)) if file.ids is not None else file.rows
    except ExportError as error:
        return Verified(file.path, False, str(error))
    if rows != file.rows:
        return Verified(file.path, False, f"{rows:,} rows, and the provenance says {file.rows:,}")
    if ids != file.rows:
        return Verified(file.path, False, f"{file.rows:,} rows, and {ids:,} ids in {file.ids}")
    return Verified(file.path, True, f"{rows:,} rows, each with the id of its sample")


def _card(folder: Path, told: Provenance) -> Verified:
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Verified("card", False, f"{folder / CARD} cannot be read ({error})")
    if text == card(told):
        return Verified("card", True, "every figure is the provenance's")
    if told.silversmith != version("silversmith"):
        says = f"written by silversmith {told.silversmith}, whose words may be others"
        return Verified("card", None, says)
    ours = card(told).splitlines()
    first = next(
        (n for n, (a, b) in enumerate(zip(ours, text.splitlines(), strict=False), 1) if a != b),
        min(len(ours), len(text.splitlines())) + 1,
    )
    return Verified("card", False, f"{CARD}, line {first} is not what the provenance says")


def _secrets(folder: Path) -> Verified:
    """What an export says of itself holds nothing that looks like a key."""
    for name in files_in(folder):
        if name != CARD and not name.startswith(("__about__/", "__train__/")):
            continue
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if _SECRET.search(line):
                says = f"{name}, line {number} holds what looks like a key or a password"
                return Verified("secrets", False, says)
    return Verified("secrets", True, "none in card, provenance and configurations")


def _against_run(
    folder: Path, told: Provenance, run: Path, mended: Collection[str]
) -> Iterator[Verified]:
    """One pass over the kept samples, beside the files, which have the same order."""
    files = [Reading(folder, file) for file in told.files]
    contents = Contents()
    kept = 0
    wrong: list[str] = []
    seeds: dict[str, str] = {}
    shared: list[str] = []
    for row in kept_rows(run):
        kept += 1
        sample = redacted(sample_from_row(row))
        here = [file for file in files if file.id == sample.id]
        for file in here:
            wrong += file.pass_over(sample, checked=sample.id not in mended)
            if sample.seed is not None and len(files) > 1:
                split = seeds.setdefault(sample.seed.id, file.split)
                if split != file.split:
                    shared.append(f"seed {sample.seed.id} is in {split} and {file.split}")
        if here:
            contents.add(sample)
    for file in files:
        if file.id is not None:
            wrong.append(
                f"{file.path}, row {file.number}: the sample {file.id} is not among those kept in"
                f" {run}, or not in this place"
            )
    if wrong:
        yield Verified("samples", False, _some(wrong))
    else:
        says = f"every row is of a kept sample, in their order, of {kept:,}"
        yield Verified("samples", True, says)
    if len(files) > 1:
        says = _some(shared) if shared else f"{len(seeds):,} seeds, none in two splits"
        yield Verified("splits", not shared, says)
    yield (
        _recounted(told, contents, run)
        if not wrong
        else Verified("figures", None, "not counted again, as rows are wrong")
    )
    yield _certified(told, run)


def _recounted(told: Provenance, contents: Contents, run: Path) -> Verified:
    """The figures of the provenance, counted again from the kept samples."""
    wrong = []
    for name in _RECOUNTED:
        found = getattr(contents, name)
        if getattr(told, name) != (found if isinstance(found, int) else dict(found)):
            wrong.append(f"{name} are {_figure(getattr(told, name))}, and now {_figure(found)}")
    judged = {(one.judge, one.criterion, one.model): one.judgements for one in told.judges}
    if judged != dict(contents.judges):
        wrong.append("the judges are others than those of the kept samples")
    if any(one not in told.limits for one in cautions(contents.licences)):
        wrong.append("what the licences of the seeds ask for is not said")
    again = provenance_of(run, told.export, told.silversmith, told.files, contents, {}, 0, None)
    when = {"ended": None}  # the same command again may have changed nothing else
    if ({**again.run, **when}, again.filters) != ({**told.run, **when}, told.filters):
        wrong.append("the run's manifest is another one: it went on since; export again")
    if wrong:
        return Verified("figures", False, _some(wrong))
    return Verified("figures", True, "models, seeds, licences, judges and filters, counted again")


def _certified(told: Provenance, run: Path) -> Verified:
    found, why = fitting_certificate(run)
    if told.certificate is None:
        if found is None:
            return Verified("certificate", None, why)
        return Verified("certificate", None, "there is one since the export: export again")
    if found is None:
        return Verified("certificate", False, f"the card has one, but {why}")
    if found != told.certificate:
        says = "the card has another one than the run: export again"
        return Verified("certificate", False, says)
    return Verified("certificate", True, f"of the dataset {found.dataset[:12]}, as kept now")


def _figure(value: int | Mapping[str, int]) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(f"{count:,} {name}" for name, count in list(value.items())[:_NAMED]) or "none"


def _some(wrong: Iterable[str]) -> str:
    """The first of them, and how many more."""
    listed = list(wrong)
    more = f", and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return "; ".join(listed[:_NAMED]) + more
