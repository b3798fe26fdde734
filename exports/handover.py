"""The planned samples of a review, handed over to another tool and read back from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ..errors import ExportError
from ..records import Component, Sample, Turn, sample_from_row
from ..review.plan_file import read_plan
from ..review.population import content_hash, kept_rows
from ..review.records import Returned, ReviewPlan

__all__ = ["GUIDELINES", "VERDICTS", "Batch", "HandOver", "Handed", "hand_over", "kind_of"]

VERDICTS = ("accept", "reject", "fix", "skip")

GUIDELINES = """\
Accept a sample if you would train on it as it is. Reject it if not, and say why. Choose fix if it
only needs another answer, and write that answer. Skip what you cannot judge.
"""


@dataclass(frozen=True, slots=True)
class Handed:
    """One item as it is handed over; what it is planned for is no part of it.

    Attributes:
        item: its name in the plan.
        sample: what it shows.
        prompt, response, rejected: all before the last answer, that answer, and the rejected one
            or "".
        annotations: what else the sample has (steps, labels, spans ...), as text, or "".
        suggestion: "accept" or "reject" by the judges' calibrated probability, or "".
        score: the overall score, or None.
        rationale: what the judges said.
    """

    item: str
    sample: Sample
    prompt: str
    response: str
    rejected: str
    annotations: str
    suggestion: str
    score: float | None
    rationale: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A planned batch.

    Attributes:
        plan: that the items are of.
        guidelines: Markdown.
        reasons: the defects to choose from.
    """

    plan: ReviewPlan
    guidelines: str
    reasons: Sequence[str]


class HandOver(Component, ABC):
    """Another tool: how a batch is written for it, and how its own export is read."""

    @abstractmethod
    def write(self, rows: Iterable[Handed], batch: Batch, folder: Path) -> list[Path]:
        """Write the batch into a folder; returns the files, what to open first at the head."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Returned]:
        """What people decided, from a file that the tool exported.

        Raises:
            ExportError: it is no such file.
        """


def hand_over(folder: Path, tool: HandOver, to: Path | None, *, reasons: Sequence[str] = ()) -> str:
    """Write the planned batch of a run's folder for another tool; returns a sentence.

    Raises:
        ExportError: there is no plan, it is of other samples than those kept now, or a file cannot
            be written.
        ReviewError: the plan or the kept samples cannot be read.
    """
    plan = read_plan(folder)
    if plan is None:
        raise ExportError(
            f"{folder} has no plan that says which samples go over: `silversmith review {folder}"
            " --plan` draws one"
        )
    target = to if to is not None else folder / "exports" / tool.kind
    batch = Batch(plan, _guidelines(folder), reasons)
    try:
        target.mkdir(parents=True, exist_ok=True)
        paths = tool.write(list(_handed(folder, plan)), batch, target)
    except OSError as error:
        raise ExportError(
            f"{target} could not be written ({error.strerror or error}): make room or check the"
            " permissions, or choose another folder by --to"
        ) from error
    return (
        f"{len(plan.items):,} items in {paths[0]}; what people decide comes back by `silversmith"
        f" reviews import {folder} FILE`"
    )


def kind_of(path: Path) -> str:
    """Which tool a file is from, by its ending and its first row.

    Raises:
        ExportError: it cannot be told.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending in ("csv", "xlsx"):
        return ending
    try:
        rows = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ExportError(f"{path}: cannot be read as JSON ({error}); name a --format") from error
    first = rows[0] if isinstance(rows, list) and rows else {}
    if isinstance(first, dict) and "data" in first:
        return "label-studio"
    if isinstance(first, dict) and "fields" in first:
        return "argilla"
    raise ExportError(
        f"{path}: is neither Argilla's records nor Label Studio's tasks; name a --format"
    )


def _guidelines(folder: Path) -> str:
    path = folder / "guidelines.md"
    return path.read_text(encoding="utf-8") if path.is_file() else GUIDELINES


def _handed(folder: Path, plan: ReviewPlan) -> Iterator[Handed]:
    wanted = {one.sample for one in plan.items}
    rows = {row["id"]: row for row in kept_rows(folder) if row["id"] in wanted}
    for item in plan.items:
        row = rows.get(item.sample)
        if row is None or content_hash(row) != item.content:
            raise ExportError(
                f"The plan of {folder} was drawn from other samples than those kept now: draw a"
                f" new one by `silversmith review {folder} --plan --replan`"
            )
        sample = sample_from_row(row)
        told = [j.probability for j in sample.judgements if j.probability is not None]
        likely = sum(told) / len(told) if told else None
        yield Handed(
            item=item.item,
            sample=sample,
            prompt="\n\n".join(f"[{t.role}]\n{t.content}" for t in _prompt(sample)),
            response=sample.response,
            rejected=sample.rejected_response,
            annotations=_annotations(row),
            suggestion="" if likely is None else "accept" if likely >= 0.5 else "reject",
            score=sample.score,
            rationale="\n".join(
                f"{j.judge} {j.criterion}: {j.points:g}. {j.rationale}".strip()
                for j in sample.judgements
            ),
        )


def _prompt(sample: Sample) -> Sequence[Turn]:
    turns = sample.messages
    return turns[:-1] if turns and turns[-1].role == "assistant" else turns


def _annotations(row: dict[str, object]) -> str:
    names = ("answer", "steps", "labels", "spans", "constraints", "flow", "flaw")
    there = {name: row[name] for name in names if row.get(name)}
    return orjson.dumps(there, option=orjson.OPT_INDENT_2).decode() if there else ""
