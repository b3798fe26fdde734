"""What was found in a judge's reply: a score, two scores, a choice, or none and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ABSENT", "Choice", "Kind", "Problem", "Verdict"]

Kind = Literal["score", "scores", "choice", "none"]
Choice = Literal["A", "B", "tie"]
Problem = Literal[
    "empty",
    "error",
    "refused",
    "cut_off",
    "absent",
    "unreadable",
    "contradictory",
    "off_scale",
    "off_choices",
]

ABSENT = frozenset({"empty", "error", "refused", "cut_off", "absent"})
"""The problems of a reply in which there is no verdict. With the others there is one, and it
cannot be read, or must not be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict, or the reason why there is none.

    Attributes:
        kind: "score" (one number), "scores" (one for each of two answers), "choice", or "none".
        values: the number, or the two in the order first answer, second answer; in the points
            that the judge wrote, not scaled.
        choice: the better answer, "A" the first and "B" the second, or "tie".
        out_of: the highest points that the judge named ("4/5": 5), or None.
        start, end: where the verdict stands in the text; for a problem the place that shows it.
            Both -1 where there is no such place.
        format: the format in which it was found; "" for none.
        problem: None where there is a verdict. Otherwise "empty", "error" (the service's message
            stands for the reply), "refused", "cut_off" or "absent": there is none; "unreadable"
            (there seems to be one), "contradictory", "off_scale", "off_choices": there is one that
            is of no use.
        reason: the problem in a sentence, or "".
    """

    kind: Kind = "none"
    values: tuple[float, ...] = ()
    choice: Choice | None = None
    out_of: float | None = None
    start: int = -1
    end: int = -1
    format: str = ""
    problem: Problem | None = None
    reason: str = ""

    @property
    def found(self) -> bool:
        """Whether there is a verdict."""
        return self.problem is None

    @property
    def absent(self) -> bool:
        """Whether the judge gave none, in contrast to one that could not be read or used."""
        return self.problem in ABSENT
