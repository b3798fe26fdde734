"""What people decided, as rows for the next steps: labels that calibrate judges, and failures that
specify the next round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import ReviewError
from .decided import decided
from .population import content_hash, kept_rows
from .records import Verdict

__all__ = ["failure_rows", "label_rows"]


def label_rows(folder: Path, verdicts: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    """One row for each kept sample that people decided about: its `id`, `acceptable` (1 or 0, what
    came out of all verdicts; None where they are disputed), and a column for each person (1 or 0).

    `silversmith agreement DIR --labels FILE --human acceptable` sets judges beside it, and
    `measures.calibration.calibrate` takes the column with a judge's scores. A sample that had to be
    mended was not acceptable. Samples shown because judges disagreed are among them.

    Raises:
        ReviewError: a person's name is that of a column.
    """
    given = list(verdicts)
    people = sorted({one.reviewer for one in given})
    if clash := {"id", "acceptable"}.intersection(people):
        raise ReviewError(
            f"A reviewer is called {clash.pop()!r}, as a column of the labels is: rename them"
        )
    said: dict[tuple[str, str], dict[str, int]] = {}
    for one in given:
        if one.verdict != "skip":
            verdict_of = said.setdefault((one.sample, one.content), {})
            verdict_of[one.reviewer] = int(one.verdict == "accept")
    found = decided(given)
    for row in kept_rows(folder):
        key = (row["id"], content_hash(row))
        if key not in said:
            continue
        verdict = found[key].verdict
        whole = None if verdict == "disputed" else int(verdict == "accept")
        columns = {name: said[key].get(name) for name in people}
        yield {"id": row["id"], "acceptable": whole, **columns}


def failure_rows(folder: Path, verdicts: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    """One row for each kept sample that people rejected or mended: what was asked, what was
    answered, what is wrong with it, and the mended answer where there is one.

    `failure_group` is the reason that was given, by which the next round can group them; the rows
    are tasks that `seeds: {tasks: FILE}` reads.
    """
    import orjson

    from ..records import sample_from_row
    from .fixes import mend

    found = decided(verdicts)
    known = {sample for sample, _ in found}
    for row in kept_rows(folder):
        if row["id"] not in known:
            continue
        one = found.get((row["id"], content_hash(row)))
        if one is None or one.verdict not in ("reject", "fix"):
            continue
        sample = sample_from_row(row)
        better = ""
        if one.verdict == "fix":
            better = mend(sample, orjson.loads(one.by.fixed)).response
        yield {
            "id": sample.id,
            "strategy": sample.strategy,
            "instruction": sample.instruction,
            "system": sample.system,
            "wrong_response": sample.response,
            "answer": better,
            "failure_group": one.by.reason or "no reason given",
            "comment": one.by.text,
            "seed": sample.seed.source if sample.seed is not None else "",
        }
