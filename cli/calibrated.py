"""A calibration in words and tables, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import CheckError

if TYPE_CHECKING:
    from ..measures.calibration import Calibration
    from ..measures.reliability import Bin

__all__ = ["show", "show_json", "write_svg"]

_CELLS = 41
"""Of the line from 0 to 1 on which a bin is drawn."""

_SCORES = 5
"""Scores whose probability is said."""


def show_json(fitted: Calibration, notes: Sequence[str], saved: Path) -> None:
    """Print what was fitted as one JSON object."""
    whole = {**fitted.model_dump(mode="json"), "notes": [*notes], "saved": str(saved)}
    print(json.dumps(whole, indent=2, ensure_ascii=False))


def write_svg(fitted: Calibration, path: Path) -> None:
    """Draw the reliability diagram into a file.

    Raises:
        CheckError: it cannot be written.
    """
    from ..measures.diagram import reliability_svg

    try:
        path.write_text(reliability_svg(fitted.reliability, _title(fitted)), encoding="utf-8")
    except OSError as error:
        raise CheckError(f"{path}: cannot be written: {error.strerror}.") from error


def show(fitted: Calibration, notes: Sequence[str], saved: Path) -> None:
    """Print what the scores are worth, the reliability diagram, and what to do with the file."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(_heading(fitted)))
    console.print(Text(_worth(fitted)))
    console.print()
    console.print(_diagram(fitted.reliability.bins))
    console.print()
    for line in (*_lines(fitted), *notes):
        console.print(Text(line))
    console.print(Text(f"Saved: {saved}. As a filter, with the probability that you want:"))
    console.print(
        Text(f"  - score: {{min_probability: {_wanted(fitted):g}, calibration: {saved}}}")
    )


def _title(fitted: Calibration) -> str:
    whose = ", ".join(map(str, fitted.judged[:3])) + (" …" if len(fitted.judged) > 3 else "")
    if not whose or len(fitted.judged) == 1:
        return whose or fitted.of
    return f"{fitted.of} ({whose})"


def _heading(fitted: Calibration) -> str:
    share = fitted.acceptable / fitted.n
    return (
        f"{_title(fitted)}: {fitted.n:,} labelled samples, of which {fitted.acceptable:,}"
        f" ({share:.1%}) are acceptable."
    )


def _worth(fitted: Calibration) -> str:
    step = (fitted.highest - fitted.lowest) / (_SCORES - 1)
    scores = [fitted.lowest + step * number for number in range(_SCORES)]
    worth = ", ".join(f"{score:g} is {fitted.probability(score):.2f}" for score in scores)
    return f"A score as a probability ({fitted.curve.kind} curve): {worth}."


def _diagram(bins: Sequence[Bin]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("predicted", "acceptable", "samples"):
        table.add_column(name, justify="right")
    table.add_column(Text("0" + "1".rjust(_CELLS - 1)), no_wrap=True)
    for each in bins:
        table.add_row(
            f"{each.predicted:.2f}",
            f"{each.observed:.2f} [{each.low:.2f},{each.high:.2f}]",
            f"{each.n:,}",
            Text(_line(each)),
        )
    return table


def _line(each: Bin) -> str:
    cells = ["·"] * _CELLS
    low, high, observed, predicted = (
        round(share * (_CELLS - 1))
        for share in (each.low, each.high, each.observed, each.predicted)
    )
    cells[low : high + 1] = "─" * (high + 1 - low)
    cells[predicted] = "│"
    cells[observed] = "◆" if observed == predicted else "●"
    return "".join(cells)


def _lines(fitted: Calibration) -> Iterator[str]:
    found = fitted.reliability
    share = fitted.acceptable / fitted.n
    yield (
        f"On {fitted.folds} parts held out in turn: ● acceptable (─ its 95% interval), │ predicted."
        f" Expected calibration error {found.ece:.3f}, Brier score {found.brier:.3f}, log loss"
        f" {found.log_loss:.3f} (of saying {share:.0%} always: {fitted.prior_loss:.3f})."
    )
    off = f"the curve is off by {fitted.error:.3f} (root mean square)"
    if not fitted.error:
        off = "no error of the curve shows"
    yield f"On parts that had no say in it, {off} beyond the noise of their labels."
    for threshold in fitted.thresholds:
        yield threshold.says


def _wanted(fitted: Calibration) -> float:
    met = [one.probability for one in fitted.thresholds if one.probability is not None]
    return round(met[0], 3) if met else 0.9
