"""Agreement of people with each other, of judges with people, and of people with themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ..measures.agreement import krippendorff_alpha
from ..measures.intervals import bootstrap, percentile_interval
from ..measures.ranking import area_under_curve
from ..measures.ratings import Ratings
from .certified import Agreed, Attention, Defect, JudgeAgreed
from .outcomes import Outcome
from .records import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["attention", "defects", "judges_agreed", "people_agreed"]

NO_REASON = "no reason given"


def people_agreed(found: Sequence[Outcome], level: float) -> Agreed | None:
    """How far people agreed on the samples drawn by lot that several of them decided; None where
    there are none. What the owner settled, and who skipped, does not count."""
    import numpy as np

    rows = [_votes(one) for one in found if one.item.role == "estimate"]
    rows = [row for row in rows if len(row) > 1]
    if not rows:
        return None
    names = sorted({name for row in rows for name in row})
    ratings = Ratings.of(names, [[row.get(name) for name in names] for row in rows])
    patterns = ratings.patterns()
    values = np.arange(len(ratings.labels), dtype=np.float64)

    def alpha(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return krippendorff_alpha(weights, patterns.codes, values)[:, None]

    whole = float(alpha(patterns.counts[None, :])[0, 0])
    interval = percentile_interval(bootstrap(patterns.counts, alpha)[:, 0], level)
    defined = whole == whole and interval is not None
    same = pairs = 0
    for row in rows:
        counts = Counter(row.values())
        same += sum(n * (n - 1) for n in counts.values())
        pairs += len(row) * (len(row) - 1)
    return Agreed(
        len(rows),
        same / pairs,
        whole if defined else None,
        interval.low if defined and interval else None,
        interval.high if defined and interval else None,
    )


def _votes(one: Outcome) -> dict[str, str]:
    return {
        verdict.reviewer: "accept" if verdict.verdict == "accept" else "not"
        for verdict in one.verdicts
        if verdict.verdict != "skip" and not verdict.settles
    }


def judges_agreed(
    found: Sequence[Outcome], rows: Mapping[str, Mapping[str, Any]], level: float
) -> tuple[JudgeAgreed, ...]:
    """How far the judges' scores agree with what came out of the verdicts, on the samples drawn by
    lot: the overall score first, then each criterion of each judge.

    Args:
        rows: the samples by their ids, with the columns `score` and `judgements`.
    """
    by_judge: dict[str, list[tuple[float, bool]]] = {}
    for one in found:
        if one.item.role != "estimate" or one.state not in ("good", "bad"):
            continue
        row, good = rows[one.item.sample], one.state == "good"
        if row.get("score") is not None:
            by_judge.setdefault("score", []).append((row["score"], good))
        judgements = row.get("judgements") or []
        several = Counter((j["judge"], j["criterion"]) for j in judgements)
        for said in judgements:
            name = f"{said['judge']}.{said['criterion']}" if said["criterion"] else said["judge"]
            if several[said["judge"], said["criterion"]] > 1:
                name += f" by {said['model']}"
            by_judge.setdefault(name, []).append((said["score"], good))
    agreed = []
    for name, pairs in by_judge.items():
        area, interval = area_under_curve(
            [score for score, _ in pairs], [good for _, good in pairs], level=level
        )
        low, high = (interval.low, interval.high) if interval else (None, None)
        agreed.append(JudgeAgreed(name, len(pairs), area, low, high))
    return tuple(agreed)


def defects(found: Sequence[Outcome]) -> tuple[Defect, ...]:
    """The reasons that people gave for the samples drawn by lot that are not acceptable, the
    commonest first; a sample counts once for each of its reasons."""
    counts: Counter[str] = Counter()
    for one in found:
        if one.item.role == "estimate" and one.state == "bad":
            told = [v for v in one.verdicts if v.verdict in ("reject", "fix")]
            counts.update({v.reason for v in told if v.reason} or {NO_REASON})
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Defect(reason, count) for reason, count in ordered)


def attention(found: Sequence[Outcome]) -> tuple[Attention, ...]:
    """Each person's attention, by name."""
    by_person: dict[str, list[tuple[Outcome, Verdict]]] = {}
    first: dict[tuple[str, str], Verdict] = {}
    for one in found:
        for verdict in one.verdicts:
            if not verdict.settles:
                by_person.setdefault(verdict.reviewer, []).append((one, verdict))
                first[one.item.item, verdict.reviewer] = verdict
    people = []
    for name, decided in sorted(by_person.items()):
        twice = [
            (verdict, before)
            for one, verdict in decided
            if one.item.role == "repeat"
            and (before := first.get((one.item.repeats, name))) is not None
            and "skip" not in (verdict.verdict, before.verdict)
        ]
        gold = [
            (verdict.verdict == "accept") == (one.item.expected == "accept")
            for one, verdict in decided
            if one.item.expected and one.item.role != "repeat" and verdict.verdict != "skip"
        ]
        same = sum((a.verdict == "accept") == (b.verdict == "accept") for a, b in twice)
        seconds = median(verdict.seconds for _, verdict in decided)
        people.append(
            Attention(name, len(decided), seconds, len(twice), same, len(gold), sum(gold))
        )
    return tuple(people)
