"""What the judges of a run said, over all that they judged: how each uses its scale, who wins, what
order and length have to do with it, and how far the members of a panel can be relied on. Counted
from the files of a run, a few columns at a time."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..judges import Judge
from ..judges.panel import Panel
from ..records.judging import AS_GIVEN, FIRST, OF_JUDGES, SECOND
from .panel_votes import PanelVotes
from .turn_lengths import last_lengths

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["judged"]

FEW = 30
"""Fewer judgements than these may all be the same by chance."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a judge used one criterion; what goes into the manifest.

    Attributes:
        judge, criterion: which.
        samples: how many have such a judgement.
        mean, deviation: of the scores, 0 to 1.
        lowest, highest: score that was given.
        points: how often each number of points was given.
        always_the_same: whether a model gave one score to all of 30 or more, which tells nothing
            apart; of a judge that compares answers, whether it never preferred one. That the
            chosen one of a pair, or the best of several, always wins is no such thing.
        as_given: how many scores were to be expectations over log-probabilities and are not.
        simulated: how many are by a simulated model.
    """

    judge: str
    criterion: str
    samples: int
    mean: float
    deviation: float
    lowest: float
    highest: float
    points: dict[str, int]
    always_the_same: bool
    as_given: int
    simulated: int


@dataclass
class _Sums:
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    points: Counter[float] = field(default_factory=Counter)
    by_model: int = 0
    as_given: int = 0
    simulated: int = 0


_Pairs = Counter[tuple[float, float, int]]
"""How many pairs there are with these verdicts for the response, where it was shown first and where
it was shown second, and with this difference of the halves' lengths: some thousand kinds, whatever
the number of pairs."""


def judged(folder: Path, judges: Sequence[Judge]) -> dict[str, Any]:
    """What goes into the manifest; and, for each panel, a file with the reliability of its members.

    Args:
        folder: the run's, with `kept/` and `dropped/`.
        judges: the recipe's.
    """
    if not judges:
        return {"judges": [], "comparisons": [], "panels": []}
    count = _Count(judges)
    for name in ("kept", "dropped"):
        for file in sorted((folder / name).glob("*.parquet")):
            count.read(file)
    return {
        "judges": [asdict(one) for one in count.scales()],
        "comparisons": [_comparison(title, pairs) for title, pairs in count.pairs.items()],
        "panels": [
            _panel(folder, judge, count.votes)
            for judge in judges
            if isinstance(judge, Panel) and judge.title in count.votes
        ],
    }


class _Count:
    def __init__(self, judges: Sequence[Judge]) -> None:
        self._order = {judge.title: place for place, judge in enumerate(judges)}
        self._comparing = {judge.title for judge in judges if judge.compares}
        self._sums: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
        self.pairs: dict[str, _Pairs] = defaultdict(Counter)
        self.votes = PanelVotes(judge.title for judge in judges if isinstance(judge, Panel))

    def read(self, file: Path) -> None:
        from pyarrow import parquet

        fields = ("judge", "criterion", "model", "score", "points", "note", "simulated")
        columns = [f"judgements.list.element.{name}" for name in fields]
        with parquet.ParquetFile(file) as whole:
            for group in range(whole.num_row_groups):
                lists = whole.read_row_group(group, columns)["judgements"].combine_chunks()
                self._count(lists)
                if self._has(lists, FIRST):
                    texts = ["messages.list.element.content", "rejected.list.element.content"]
                    self._compare(lists, whole.read_row_group(group, texts))
                self.votes.add(lists)

    def scales(self) -> Iterable[_Scale]:
        """In the order of the judges; the members of a panel after it."""
        in_order = sorted(
            self._sums.items(), key=lambda item: self._order[item[0][0].partition("/")[0]]
        )
        for (judge, criterion), sums in in_order:
            mean = sums.total / sums.n
            variance = max(0.0, sums.squares / sums.n - mean * mean)
            same = sums.lowest == sums.highest and sums.n >= FEW and sums.by_model == sums.n
            if judge in self._comparing:
                same = same and sums.lowest == 0.5 and criterion not in (FIRST, SECOND)
            yield _Scale(
                judge=judge,
                criterion=criterion,
                samples=sums.n,
                mean=round(mean, 4),
                deviation=round(math.sqrt(variance), 4),
                lowest=round(sums.lowest, 4),
                highest=round(sums.highest, 4),
                points={f"{point:g}": n for point, n in sorted(sums.points.items())},
                always_the_same=same and criterion not in OF_JUDGES,
                as_given=sums.as_given,
                simulated=sums.simulated,
            )

    def _count(self, lists: pa.ListArray) -> None:
        import pyarrow as pa
        from pyarrow import compute

        flat = compute.list_flatten(lists)
        scores = flat.field("score")
        notes = compute.fill_null(flat.field("note"), "")
        simulated = flat.field("simulated")
        table = pa.table(
            {
                "judge": flat.field("judge"),
                "criterion": flat.field("criterion"),
                "points": compute.round(flat.field("points"), 2),
                "score": scores,
                "square": compute.multiply(scores, scores),
                "model": compute.cast(compute.not_equal(flat.field("model"), ""), pa.int64()),
                "given": compute.cast(compute.starts_with(notes, AS_GIVEN), pa.int64()),
                "simulated": compute.cast(compute.fill_null(simulated, False), pa.int64()),
            }
        )
        sums = ("score", "square", "model", "given", "simulated")
        grouped = table.group_by(["judge", "criterion", "points"]).aggregate(
            [*((name, "sum") for name in sums), *(("score", of) for of in ("count", "min", "max"))]
        )
        for row in grouped.to_pylist():
            if row["judge"].partition("/")[0] not in self._order:
                continue  # what a judge of an earlier pass said
            found = self._sums[row["judge"], row["criterion"]]
            found.n += row["score_count"]
            found.total += row["score_sum"]
            found.squares += row["square_sum"]
            found.lowest = min(found.lowest, row["score_min"])
            found.highest = max(found.highest, row["score_max"])
            found.points[row["points"]] += row["score_count"]
            found.by_model += row["model_sum"]
            found.as_given += row["given_sum"]
            found.simulated += row["simulated_sum"]

    def _has(self, lists: pa.ListArray, criterion: str) -> bool:
        from pyarrow import compute

        flat = compute.list_flatten(lists)
        return bool(compute.any(compute.equal(flat.field("criterion"), criterion)).as_py())

    def _compare(self, lists: pa.ListArray, texts: pa.Table) -> None:
        import numpy as np
        from pyarrow import compute

        own, other = (
            last_lengths(texts[name].combine_chunks()) for name in ("messages", "rejected")
        )
        flat = compute.list_flatten(lists)
        rows = compute.list_parent_indices(lists)
        for title in self._order:
            of_judge = compute.equal(flat.field("judge"), title)
            orders = []
            for order in (FIRST, SECOND):
                chosen = compute.and_(of_judge, compute.equal(flat.field("criterion"), order))
                orders.append(flat.field("score").filter(chosen).to_numpy())
                of_order = rows.filter(chosen).to_numpy()
            first, second = orders
            pairs = np.column_stack([first, second, (own - other)[of_order]])
            kinds, times = np.unique(pairs, axis=0, return_counts=True)
            for (one, two, longer), n in zip(kinds.tolist(), times.tolist(), strict=True):
                self.pairs[title][one, two, int(longer)] += n


def _comparison(title: str, pairs: _Pairs) -> dict[str, Any]:
    """Win rates of the response against the rejected half, with 95% intervals."""
    import numpy as np

    from ..measures.bias import merge_orders, position_bias
    from ..measures.verbosity import length_controlled

    # In an order that the order of the samples has no say in.
    first, second, longer = np.array(sorted(pairs), dtype=np.float64).T
    counts = np.array([pairs[kind] for kind in sorted(pairs)])
    outcomes = merge_orders(first, second)
    lengths = np.maximum(longer, 0), np.maximum(-longer, 0)
    rates = length_controlled(outcomes, *lengths, counts=counts)
    position = position_bias(first, second, counts=counts)
    return {
        "judge": title,
        "pairs": pairs.total(),
        "wins": int(counts[outcomes == 1].sum()),
        "ties": int(counts[outcomes == 0.5].sum()),
        "losses": int(counts[outcomes == 0].sum()),
        "win_rate": rates.raw._asdict(),
        "length_controlled_win_rate": _figure(rates.controlled),
        "longer_wins": _figure(rates.longer),
        "reversed": position.reversed._asdict(),
        "first_wins": _figure(position.first),
    }


def _figure(one: Any) -> dict[str, Any] | None:
    return None if one is None else dict(one._asdict())


def _panel(folder: Path, panel: Panel, votes: PanelVotes) -> dict[str, Any]:
    """The estimated reliability of a panel's members; what `reliability` reads."""
    experts, unknown = votes.experts(panel.title)
    criteria = {
        criterion: {"members": {name: one.as_json() for name, one in sorted(members.items())}}
        for criterion, members in experts.items()
    }
    name = "panel-{}.json".format(re.sub(r"[^\w.-]", "_", panel.title))
    if criteria:
        (folder / name).write_text(
            json.dumps({"panel": panel.title, "criteria": criteria}, indent=1)
        )
    return {
        "panel": panel.title,
        "file": name if criteria else "",
        "members": [
            {
                "member": member,
                "criterion": criterion,
                **{key: expert[key] for key in ("accuracy", "informedness", "given")},
            }
            for criterion, found in criteria.items()
            for member, expert in found["members"].items()
        ],
        "unknown": unknown,
    }
