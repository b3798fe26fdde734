"""Keeps what a judge scored high enough, by the judge's name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ..errors import CheckError
from .base import ColumnFilter
from .columns import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Judgement"]


class Judgement(ColumnFilter):
    """Drops samples that a judge scored below a minimum, overall or under one criterion.

    A minimum is kept. A sample that the judge has not scored is an error and not a drop, since a
    filter on scores that nobody gives is a mistake in the recipe.
    """

    kind: ClassVar[str] = "judgement"

    judge: str = Field(min_length=1)
    """The judge, by its name in the recipe: its `name`, or its kind."""

    criterion: str = ""
    """Under which criterion; by default each of the judge's has to reach the minimum."""

    min: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Least score, 0 to 1."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The criterion with the lowest score.

        Raises:
            CheckError: the judge has not scored a sample, or its score is not a number.
        """
        import numpy as np

        judged = _Judgements(columns)
        mine = judged.judges == self.judge
        if self.criterion:
            mine &= judged.criteria == self.criterion
        rows, scores = judged.owner[mine], judged.scores[mine]
        without = np.setdiff1d(np.arange(len(columns)), rows)
        if len(without):
            raise CheckError(self._missing(columns, int(without[0]), judged))
        if np.isnan(scores).any():
            row = int(rows[np.isnan(scores)][0])
            raise CheckError(
                f"the score that {self.judge!r} gave sample {_name(columns, row)} is not a number"
                " (NaN); look at the judge that gave it"
            )
        names = judged.criteria[mine]
        reasons: dict[int, str] = {}
        low = np.flatnonzero(scores < self.min)
        for at in low[np.argsort(scores[low], kind="stable")].tolist():
            shown = f"{scores[at]:.2f}"
            shown = shown if float(shown) < self.min else str(scores[at])
            reason = f"{self.judge}.{names[at]} {shown}, below {self.min:.2f}"
            reasons.setdefault(int(rows[at]), reason)
        return reasons

    def _missing(self, columns: Columns, row: int, judged: _Judgements) -> str:
        mine = judged.owner == row
        known = sorted(set(judged.judges[mine].tolist()))
        criteria = judged.criteria[mine & (judged.judges == self.judge)].tolist()
        sample = f"sample {_name(columns, row)}"
        if criteria:
            near = difflib.get_close_matches(self.criterion, criteria, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(criteria)}"
            return f"{sample} has no score of {self.judge!r} for {self.criterion!r}; {hint}"
        if not known:
            return f"{sample} has not been judged; add the judge {self.judge!r} to the recipe"
        near = difflib.get_close_matches(self.judge, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has scores of {', '.join(known)}"
        return f"{sample} has no score of a judge {self.judge!r}; {hint}"


class _Judgements:
    """The judgements of all samples, one after the other, with the number of each one's sample."""

    def __init__(self, columns: Columns) -> None:
        import numpy as np
        from pyarrow import compute

        column = columns.column("judgements")
        flat = column.flatten()
        lengths = compute.fill_null(compute.list_value_length(column), 0).to_numpy()
        self.owner: NDArray[np.int64] = np.repeat(np.arange(len(column)), lengths)
        self.judges = np.array(compute.struct_field(flat, "judge").to_pylist(), object)
        self.criteria = np.array(compute.struct_field(flat, "criterion").to_pylist(), object)
        scores = compute.struct_field(flat, "score").cast("float64")
        self.scores: NDArray[np.float64] = compute.fill_null(scores, float("nan")).to_numpy()


def _name(columns: Columns, row: int) -> str:
    return str(columns.column("id")[row].as_py())[:8]
