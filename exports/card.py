"""The dataset card: a README.md beside the exported rows, as the Hugging Face hub reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ..errors import ExportError
from ..records import Sample
from ..review.certificate_text import as_markdown
from ..review.certified import Certificate, read_certificate
from ..review.population import read_population

__all__ = ["Contents", "card", "fitting_certificate", "require_certificate"]

_MOST_NAMED = 20


@dataclass
class Contents:
    """What was written, counted sample by sample."""

    strategies: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    simulated: int = 0

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self.strategies[sample.strategy or "none"] += 1
        if sample.origin is not None and sample.origin.model:
            self.models[sample.origin.model] += 1
        if sample.seed is not None:
            self.licences[sample.seed.licence or "not stated"] += 1
        if sample.review is not None:
            self.tiers[sample.review.tier] += 1
        self.simulated += sample.simulated


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


def card(
    name: str,
    kind: str,
    rows: int,
    contents: Contents,
    certificate: Certificate | None,
    files: Mapping[str, str],
) -> str:
    """The card in Markdown, with the metadata of the hub at its head.

    Args:
        name: of the run.
        kind: the format.
        rows: how many were written.
        certificate: of the run's kept samples, or None.
        files: the file of each split.
    """
    samples = contents.strategies.total()
    lines = [
        "---",
        f"pretty_name: {orjson.dumps(name).decode()}",
        f"size_categories: [{_size(rows)}]",
        "tags: [synthetic, silversmith]",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(f"  - {{split: {split}, path: {file}}}" for split, file in files.items()),
        "---",
        "",
        f"# {_one_line(name)}",
        "",
        f"{rows:,} rows of the format `{kind}` from {samples:,} samples, made by silversmith.",
        "",
    ]
    if contents.simulated:
        lines += [
            f"**{contents.simulated:,} of the samples were written by a simulated model and are"
            " not for training.**",
            "",
        ]
    for title, counts in (
        ("Strategy", contents.strategies),
        ("Model that wrote it", contents.models),
        ("Licence of the seed", contents.licences),
        ("Tier (gold: a person accepted or mended it)", contents.tiers),
    ):
        if counts:
            lines += _table(title, counts)
    if certificate is None:
        lines += ["No certificate: no number says how many of these samples are acceptable.", ""]
    else:
        lines += [
            as_markdown(certificate, heading=2),
            "The certificate speaks of the kept samples before those that people rejected were"
            " left out, and those that they mended were changed.",
            "",
        ]
    return "\n".join(lines)


def _table(title: str, counts: Counter[str]) -> list[str]:
    lines = [f"| {title} | samples |", "|---|---|"]
    for name, count in counts.most_common(_MOST_NAMED):
        lines.append(f"| {_one_line(name)} | {count:,} |")
    if (more := len(counts) - _MOST_NAMED) > 0:
        lines.append(f"| {more:,} others | {sum(counts.values()):,} in all |")
    return [*lines, ""]


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _size(rows: int) -> str:
    """The hub's name of a dataset's size."""
    for most, name in ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M")):
        if rows < most:
            return name
    return "1M<n<10M" if rows < 1e7 else "n>10M"
