"""The dataset card: a README.md beside the exported rows, as the Hugging Face hub reads it
(https://huggingface.co/docs/hub/datasets-cards). It is made of the provenance alone, so that it can
be made again and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from ..errors import ExportError
from ..review.certificate_text import as_markdown
from ..review.certified import Certificate, read_certificate
from ..review.population import read_population
from .checksums import SUMS
from .licences import hub_licence
from .numbers import counted
from .provenance import PROVENANCE, JudgeUsed, Provenance
from .token_report import TokenReport

__all__ = ["CARD", "card", "fitting_certificate", "require_certificate"]

CARD = "README.md"

_MOST_NAMED = 20
_MARKS = re.compile(r"([\\|\[\]`])")
_SLUG = re.compile(r"[^a-z0-9.]+")


def fitting_certificate(folder: Path) -> tuple[Certificate | None, str]:
    """The certificate of a run's folder where it speaks of the samples that are kept there now;
    else None and why.

    Raises:
        ReviewError: the certificate, or a file of kept samples, cannot be read.
    """
    certificate = read_certificate(folder)
    if certificate is None:
        return None, f"there is none (`silversmith certify {folder}` writes one)"
    now = read_population(folder).hash
    if now != certificate.dataset:
        return None, (
            f"it speaks of the dataset {certificate.dataset[:12]}, and the kept samples are now"
            f" {now[:12]} (review them, and `silversmith certify {folder}`)"
        )
    return certificate, ""


def require_certificate(folder: Path, at_least: float) -> None:
    """Refuse unless a certificate shows that so large a share of the kept samples is acceptable.

    Raises:
        ExportError: it does not; says why and what to do.
        ReviewError: as `fitting_certificate`.
    """
    certificate, why = fitting_certificate(folder)
    if certificate is None:
        raise ExportError(
            f"{folder} has no certificate for an acceptance rate of {at_least:.1%}: {why}"
        )
    low = certificate.overall.low
    if low < at_least:
        raise ExportError(
            f"{folder} is certified for an acceptance rate of {low:.1%} or more with"
            f" {certificate.level:.0%} confidence, and {at_least:.1%} are required: review more"
            " samples, settle what is disputed, or filter harder"
        )


def card(of: Provenance) -> str:
    """The card in Markdown, with the metadata of the hub at its head."""
    lines = [
        *_metadata(of),
        f"# {_one_line(of.name)}",
        "",
        f"{counted(of.rows, 'row')} of the format `{of.export}` from"
        f" {counted(of.samples, 'sample')}, made by silversmith {_one_line(of.silversmith)}.",
        "",
        *_limits(of),
        *_making(of),
        *_judging(of.judges),
        *_filtering(of),
        *_splits(of),
    ]
    if of.tokens is not None:
        lines += _tokens(of.tokens)
    if of.certificate is not None:
        lines += [
            as_markdown(of.certificate, heading=2),
            "The certificate speaks of the kept samples before those that people rejected were"
            " left out, and those that they mended were changed.",
            "",
        ]
    lines += [
        "## Checking it",
        "",
        f"`{SUMS}` has the checksum of each file (`sha256sum --check {SUMS}`), `{PROVENANCE}` all"
        " of the above for programs, and `silversmith verify` holds them against each other and,"
        " where it is at hand, against the run.",
    ]
    return "\n".join(lines) + "\n"


def _metadata(of: Provenance) -> Iterator[str]:
    licence, name = hub_licence(of.licences)
    yield "---"
    yield f"pretty_name: {orjson.dumps(of.name).decode()}"
    if licence:
        yield f"license: {licence}"
    if name:
        yield f"license_name: {_slug(name)}"
    yield "task_categories: [text-generation]"
    yield f"size_categories: [{_size(of.rows)}]"
    yield "tags: [synthetic, silversmith]"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for file in of.files:
        yield f"  - split: {file.split}"
        yield f"    path: {orjson.dumps(file.path).decode()}"
    yield "---"
    yield ""


def _limits(of: Provenance) -> Iterator[str]:
    yield "## What one must know"
    yield ""
    for number, limit in enumerate(of.limits):
        text = _one_line(limit)
        yield f"- **{text}**" if of.simulated and not number else f"- {text}"
    yield ""


def _making(of: Provenance) -> Iterator[str]:
    yield "## How it was made"
    yield ""
    for title, counts in (
        ("Strategy", of.strategies),
        ("Model that wrote it", of.models),
        ("Model that wrote the rejected half", of.rejected_models),
        ("Template, and its hash", of.templates),
        ("Source of the seed", of.sources),
        ("Licence of the seed", of.licences),
        ("Tier (gold: a person accepted or mended it)", of.tiers),
    ):
        if counts:
            yield from _counted(title, counts)
    recipe = of.run.get("recipe")
    if recipe:
        yield f"The recipe's SHA-256 is `{_one_line(str(recipe))}`."
        yield ""


def _judging(judges: Sequence[JudgeUsed]) -> Iterator[str]:
    if not judges:
        return
    yield "## Judges, and how far people agree"
    yield ""
    rows = []
    for one in judges:
        name = f"{one.judge}.{one.criterion}" if one.criterion else one.judge
        agreed = "not measured"
        if one.people is not None:
            agreed = f"on {one.people:,} samples"
            if one.area is not None:
                agreed = f"area {one.area:.2f} {agreed}"
            if one.low is not None and one.high is not None:
                agreed += f" ({one.low:.2f} to {one.high:.2f})"
        by = one.model or "no model"
        rows.append((name, by, f"{one.judgements:,}", f"{one.calibrated:,}", agreed))
    columns = ("judge", "model", "judgements", "calibrated", "agreement with people")
    yield from _table(columns, rows)
    yield (
        "The area is how often the judge scores a sample that people accept above one that they do"
        " not; 0.5 is chance."
    )
    yield ""


def _filtering(of: Provenance) -> Iterator[str]:
    yield "## What was left out"
    yield ""
    books = of.run.get("books")
    if isinstance(books, Mapping):
        yield (
            f"The run planned {books['planned']:,} samples: {books['kept']:,} kept,"
            f" {books['dropped']:,} dropped, {books['failed']:,} failed, {books['pending']:,}"
            " pending."
        )
        yield ""
    if of.filters:
        rows = [
            (
                one.filter,
                f"{one.samples_in:,}",
                f"{one.dropped:,}",
                _share(one.dropped, one.samples_in),
            )
            for one in of.filters
        ]
        yield from _table(("filter", "samples in", "dropped", "share"), rows)
    if of.left_out:
        yield from _counted("Left out of the export", of.left_out)
    else:
        yield f"Nothing: of {counted(of.kept, 'kept sample')} each gave a row."
        yield ""


def _splits(of: Provenance) -> Iterator[str]:
    yield "## Files"
    yield ""
    rows = [(file.split, f"`{file.path}`", f"{file.rows:,}") for file in of.files]
    yield from _table(("split", "file", "rows"), rows, plain=False)
    if of.learned:
        yield f"What is learned of a row: {of.learned}."
        yield ""


def _tokens(of: TokenReport) -> Iterator[str]:
    yield "## Tokens"
    yield ""
    yield (
        f"By the tokenizer and chat template of {_one_line(of.tokenizer)}: {of.tokens:,} tokens, of"
        f" which {of.learned:,} ({_share(of.learned, of.tokens)}) count in the loss:"
        f" {of.learned_by}."
    )
    yield ""
    if of.lengths is not None:
        held = of.lengths
        figures = (held.least, held.p50, held.p90, held.p95, held.p99, held.most)
        columns = ("tokens a row: the shortest", "50%", "90%", "95%", "99%", "longest")
        yield from _table(columns, [tuple(f"{one:,}" for one in figures)])
    if of.context is not None:
        written = (
            "were written all the same, and a trainer cuts them" if of.longer_written
            else "were left out"
        )  # fmt: skip
        yield (
            f"Rows with more than {of.context:,} tokens: {of.longer:,}, which {written}."
            if of.longer
            else f"No row has more than {of.context:,} tokens."
        )
        yield ""
    if of.refused:
        yield f"Rows that the chat template refuses: {of.refused:,}, which were left out."
        yield ""
    if of.packing is not None:
        pack = of.packing
        yield (
            f"Packed into sequences of {pack.length:,} tokens they come to {pack.sequences:,},"
            f" {pack.filled:.0%} full: {pack.fewer:g} times fewer than rows."
        )
        yield ""


def _counted(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    rows = [(name, f"{count:,}") for name, count in ranked[:_MOST_NAMED]]
    if (more := len(counts) - _MOST_NAMED) > 0:
        rows.append((f"{more:,} others", f"{sum(counts.values()):,} in all"))
    yield from _table((title, "samples"), rows)


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, plain: bool = True
) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(_one_line(cell) if plain else cell for cell in row) + " |"
    yield ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _slug(name: str) -> str:
    """As the hub wants the name of a licence of one's own."""
    return _SLUG.sub("-", name.lower()).strip("-")[:80] or "other"


def _one_line(text: str) -> str:
    """Words from data, so that nothing in them is taken for a table's edge, HTML or a link."""
    words = " ".join(text.split())
    return _MARKS.sub(r"\\\1", words).replace("<", "&lt;")


def _size(rows: int) -> str:
    """The hub's name of a dataset's size."""
    for most, name in ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M")):
        if rows < most:
            return name
    return "1M<n<10M" if rows < 1e7 else "n>10M"
