"""A certificate: what people's verdicts say of a dataset. Its records, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import ReviewError

__all__ = [
    "FORMAT",
    "Agreed",
    "Attention",
    "Certificate",
    "Defect",
    "Group",
    "JudgeAgreed",
    "Method",
    "Rate",
    "certificate_path",
    "read_certificate",
]

FORMAT = "silversmith certificate 1"

Method = Literal["exact", "ppi++", "stratified", "stratified exact", "sequence", "none"]


@dataclass(frozen=True, slots=True)
class Rate:
    """An acceptance rate with its interval.

    Attributes:
        name: of the group, "" for all.
        size: how many kept samples it speaks of.
        seen: how many of them were drawn by lot and decided, the unresolved included.
        good: how many of these are acceptable.
        unresolved: how many are skipped or disputed. They count as not acceptable in the lower
            end, and as acceptable in the upper end.
        value: the estimated rate; None where nothing was seen.
        low, high: the interval's ends.
        method: how it was found.
    """

    name: str
    size: int
    seen: int
    good: int
    unresolved: int
    value: float | None
    low: float
    high: float
    method: Method


@dataclass(frozen=True, slots=True)
class Group:
    """The rates of the parts that the samples fall into by one thing."""

    by: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far people agreed on the samples that several of them decided.

    Attributes:
        items: how many samples these are.
        percent: the share of pairs of verdicts that are the same, acceptable or not; from 0 to 1.
        alpha: Krippendorff's alpha; None where it is not defined.
        low, high: the ends of alpha's bootstrap interval, or None.
    """

    items: int
    percent: float
    alpha: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class JudgeAgreed:
    """How far a judge's scores agree with people.

    Attributes:
        judge: `JUDGE.CRITERION`, or "score" for the overall one.
        items: how many samples have both.
        area: how often it scores an acceptable sample above one that is not, ties half (the area
            under the ROC curve); 0.5 says nothing. None where all or none are acceptable.
        low, high: the ends of its bootstrap interval, or None.
    """

    judge: str
    items: int
    area: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Defect:
    """How often a reason was given for samples that were drawn by lot and are not acceptable."""

    reason: str
    samples: int


@dataclass(frozen=True, slots=True)
class Attention:
    """How attentive one person was.

    Attributes:
        reviewer: the name.
        decisions: how many verdicts, the skipped included.
        median_seconds: of one decision.
        repeats, same: how many items were shown twice, and decided the same way both times.
        gold, right: how many with a known verdict were decided, and how many so.
    """

    reviewer: str
    decisions: int
    median_seconds: float
    repeats: int
    same: int
    gold: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What people's verdicts say of a dataset.

    Attributes:
        dataset: hash of the kept samples that it speaks of.
        population: how many these are.
        plan, seed, design, allocation: of the draw.
        level: the confidence of all intervals.
        made: when, UTC, ISO 8601.
        version: of silversmith.
        reviewers: how many people decided.
        planned, seen: samples drawn by lot, and how many of them were decided.
        accepted, not_accepted, skipped, disputed: what these came to.
        overall: the acceptance rate.
        exact: the same without the help of scores, where `overall` has it.
        groups: by strategy, label and score.
        people, judges: agreement.
        defects: by reason.
        attention: by person.
        notes: what one must know to read it.
        says: what it means, in a sentence.
    """

    dataset: str
    population: int
    plan: str
    seed: int
    design: str
    allocation: str
    level: float
    made: str
    version: str
    reviewers: int
    planned: int
    seen: int
    accepted: int
    not_accepted: int
    skipped: int
    disputed: int
    overall: Rate
    exact: Rate | None
    groups: tuple[Group, ...]
    people: Agreed | None
    judges: tuple[JudgeAgreed, ...]
    defects: tuple[Defect, ...]
    attention: tuple[Attention, ...]
    notes: tuple[str, ...]
    says: str


def certificate_path(folder: Path) -> Path:
    """Where the certificate of a run's folder is, as JSON."""
    return folder / "certificate.json"


def read_certificate(folder: Path) -> Certificate | None:
    """The certificate of a run's folder, or None where there is none.

    Raises:
        ReviewError: the file cannot be read, or is no certificate of this version.
    """
    from pydantic import TypeAdapter, ValidationError

    path = certificate_path(folder)
    again = f"write it anew by `silversmith certify {folder}`"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReviewError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        fields: Mapping[str, Any] = TypeAdapter(dict[str, Any]).validate_json(data)
        if fields.get("format") != FORMAT:
            raise ReviewError(f"{path}: is no {FORMAT!r} but {fields.get('format')!r}: {again}")
        return TypeAdapter(Certificate).validate_python(
            {name: value for name, value in fields.items() if name != "format"}
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ReviewError(f"{path}: {where}: {first['msg']}: {again}") from error
