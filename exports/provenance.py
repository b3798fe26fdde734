"""Where the rows of an export come from, for programs: `provenance.json`. The card says the same
for people, and `silversmith verify` holds both against the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import ExportError
from ..review.certified import Certificate
from ..store import RunFolder
from .contents import Contents
from .licences import cautions
from .losses import learned_from
from .numbers import counted
from .token_report import TokenReport

__all__ = [
    "PROVENANCE",
    "ExportedFile",
    "Filtered",
    "JudgeUsed",
    "Provenance",
    "as_json",
    "provenance_of",
    "read_provenance",
]

PROVENANCE = "__about__/provenance.json"
"""In a folder that `datasets.load_dataset` passes over, since its name begins with `__`."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ExportedFile(_Record):
    """A file with rows."""

    path: str
    """Its place in the export's folder."""
    split: str
    """Of which split its rows are."""
    rows: int = Field(ge=0)
    """How many rows it has."""
    ids: str | None
    """The file with the sample's id for each row, line by line; None where the rows have them."""


class Filtered(_Record):
    """What a filter of the run did."""

    filter: str
    samples_in: int
    dropped: int


class JudgeUsed(_Record):
    """Who judged the samples under a criterion, and how far people agree."""

    judge: str
    criterion: str
    model: str
    """"" for a judge that needs none."""
    judgements: int
    """Of the exported samples."""
    calibrated: int
    """Those of them with a calibrated probability that people accept the sample."""
    people: int | None
    """On how many samples its scores were held against people's verdicts; None: not measured."""
    area: float | None
    """How often it scores a sample that people accept above one that they do not (the area under
    the ROC curve); None where it was not measured or is not defined."""
    low: float | None
    high: float | None
    """The ends of the area's interval."""


class Provenance(_Record):
    """Where the rows of an export come from."""

    format: Literal["silversmith provenance 1"] = "silversmith provenance 1"
    name: str
    """Of the run."""
    export: str
    """The training format."""
    silversmith: str
    """The version that exported."""
    rows: int
    samples: int
    """How many samples gave a row."""
    kept: int
    """How many the run kept."""
    left_out: dict[str, int]
    """How many of these gave no row, by reason."""
    files: tuple[ExportedFile, ...]
    run: dict[str, Any]
    """Of the run's manifest: status, books, the recipe's hash, versions, when it ended."""
    strategies: dict[str, int]
    models: dict[str, int]
    rejected_models: dict[str, int]
    templates: dict[str, int]
    sources: dict[str, int]
    licences: dict[str, int]
    tiers: dict[str, int]
    judged: int
    verified: int
    simulated: int
    judges: tuple[JudgeUsed, ...]
    filters: tuple[Filtered, ...]
    certificate: Certificate | None
    learned: str
    """Which tokens of a row its trainer learns, or "" where that is the trainer's to say."""
    tokens: TokenReport | None
    limits: tuple[str, ...]
    """What one must know before training on it."""


def provenance_of(
    folder: Path,
    kind: str,
    version: str,
    files: Sequence[ExportedFile],
    contents: Contents,
    left_out: Mapping[str, int],
    kept: int,
    certificate: Certificate | None,
    tokens: TokenReport | None = None,
) -> Provenance:
    """Where the rows of an export come from.

    Args:
        folder: the run's.
        kind: the format.
        version: of silversmith.
        files: what was written.
        contents: of the samples that gave rows.
        left_out: how many did not, by reason.
        kept: how many samples the run kept.
        certificate: the one that speaks of them, or None.
        tokens: how long the rows are, where a tokenizer was given.

    Raises:
        RunFolderError: the run's manifest is damaged.
    """
    manifest = RunFolder(folder).manifest() or {}
    return Provenance(
        name=folder.resolve().name,
        export=kind,
        silversmith=version,
        rows=sum(file.rows for file in files),
        samples=contents.samples,
        kept=kept,
        left_out=dict(sorted(left_out.items())),
        files=tuple(files),
        run={
            "status": manifest.get("status"),
            "books": manifest.get("books"),
            "recipe": manifest.get("recipe"),
            "versions": manifest.get("versions"),
            "ended": (manifest.get("this_run") or {}).get("ended"),
        },
        **{
            name: _ranked(getattr(contents, name))
            for name in (
                "strategies", "models", "rejected_models", "templates", "sources", "licences",
                "tiers",
            )
        },
        judged=contents.judged,
        verified=contents.verified,
        simulated=contents.simulated,
        judges=_judges(contents, certificate),
        filters=tuple(
            Filtered(
                filter=step["filter"], samples_in=step["samples_in"], dropped=step["dropped"]
            )
            for step in manifest.get("funnel") or ()
        ),
        certificate=certificate,
        learned=learned_from(kind),
        tokens=tokens,
        limits=tuple(_limits(contents, manifest, certificate, tokens)),
    )  # fmt: skip


def read_provenance(folder: Path) -> Provenance:
    """The provenance of an export's folder.

    Raises:
        ExportError: there is none, or it is none of this version.
    """
    path = folder / PROVENANCE
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ExportError(
            f"{path} is missing: give a folder that `silversmith export` wrote"
        ) from error
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ExportError(f"{path}: {where}: {first['msg']}") from error


def as_json(provenance: Provenance) -> bytes:
    """The file's content."""
    fields = provenance.model_dump(mode="json")
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _judges(contents: Contents, certificate: Certificate | None) -> tuple[JudgeUsed, ...]:
    measured = {one.judge: one for one in certificate.judges} if certificate is not None else {}
    used = []
    for (judge, criterion, model), count in sorted(contents.judges.items()):
        found = measured.get(f"{judge}.{criterion}" if criterion else judge)
        used.append(
            JudgeUsed(
                judge=judge, criterion=criterion, model=model, judgements=count,
                calibrated=contents.calibrated[judge, criterion, model],
                people=found.items if found is not None else None,
                area=found.area if found is not None else None,
                low=found.low if found is not None else None,
                high=found.high if found is not None else None,
            )
        )  # fmt: skip
    return tuple(used)


def _limits(
    contents: Contents,
    manifest: Mapping[str, Any],
    certificate: Certificate | None,
    tokens: TokenReport | None,
) -> list[str]:
    """What one must know, each a sentence; what nobody looked at is said as well."""
    samples = contents.samples
    said = []
    if contents.simulated:
        said.append(
            f"Written by a simulated model, and not for training: {contents.simulated:,} of"
            f" {counted(samples, 'sample')}."
        )
    gold = contents.tiers["gold"]
    if gold < samples:
        said.append(
            f"Seen by no person: {samples - gold:,} of {counted(samples, 'sample')}."
            if gold
            else "No person has accepted any of these samples."
        )
    if certificate is None:
        said.append("No certificate: no number says how many of these samples are acceptable.")
    if contents.judged < samples:
        none = samples - contents.judged
        said.append(f"Scored by no judge: {none:,} of {counted(samples, 'sample')}.")
    measured = certificate is not None and certificate.judges
    if contents.judges and not measured:
        said.append("How far the judges agree with people was not measured on these samples.")
    if contents.verified < samples:
        said.append(
            f"A program could verify nothing, or not all, of {samples - contents.verified:,} of"
            f" {counted(samples, 'sample')}: what they say rests on the model."
        )
    if manifest and manifest.get("status") != "done":
        said.append(f"The run was not done but {manifest.get('status')}, so more was planned.")
    books = manifest.get("books") or {}
    if failed := books.get("failed"):
        said.append(
            f"Failed, and so missing: {failed:,} of {counted(books['planned'], 'planned sample')},"
            " which may be the hard ones."
        )
    if len(contents.models) == 1:
        (model,) = contents.models
        said.append(f"One model wrote all of it ({_short(model)}), with its habits and errors.")
    if tokens is None:
        said.append("How many tokens a row has was not counted.")
    return [*said, *cautions(contents.licences)]


def _short(name: str) -> str:
    return " ".join(name.split())[:80]
