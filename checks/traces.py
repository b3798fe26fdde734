"""A chain of thought under check: its steps' arithmetic, and whether they arrive at the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..records import Check, Step
from .arithmetic import Statement, step_verdicts
from .arithmetic.quantities import single_quantity
from .arithmetic.tokens import literal_of
from .bookkeeping import first_wrong_step

__all__ = ["Trace", "bare_answer", "bare_step", "check_agreement", "check_trace"]


@dataclass(frozen=True, slots=True)
class Trace:
    """What the checks say of a chain of thought.

    Attributes:
        steps: the steps, each with its verdict.
        checks: "arithmetic" (every statement in set-up and steps recomputed); for a numeric
            answer "answer reached" (one of the steps arrives at it); and "bookkeeping" where a
            step does not follow from what was said of who holds what, brackets or an order.
        fault: what must be put right, in words for who wrote it, or None.
    """

    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    fault: str | None


def check_trace(problem: str, setup: str, steps: Sequence[str], answer: str) -> Trace:
    """Recompute every arithmetic statement of a solution, follow the books that its steps keep, and
    look for its answer in them."""
    told = step_verdicts([setup, *steps])
    arithmetic, wrong = _arithmetic(told)
    checks, fault = [arithmetic], wrong
    reached = _reached([setup, *steps], answer)
    if reached is not None:
        missing = "" if reached else f"no step arrives at {_short(answer)}"
        checks.append(Check("answer reached", reached, missing))
        if fault is None and not reached:
            fault = f"'answer' is {_short(answer)}, but no step arrives at it; mend what is wrong"
    lost = first_wrong_step(problem, steps)
    if lost is not None:
        checks.append(Check("bookkeeping", False, f"step {lost.step + 1}: {lost.reason}"))
        fault = fault or f"step {lost.step + 1} is wrong: {lost.reason}"
    if fault is None and len({step.casefold().strip(" .") for step in steps}) < len(steps):
        fault = "two steps say the same; each step is one inference of its own"
    verdicts = tuple(
        Step(step, "wrong" if lost is not None and lost.step == place else verdict)
        for place, (step, (verdict, _)) in enumerate(zip(steps, told[1:], strict=True))
    )
    return Trace(verdicts, tuple(checks), fault)


def check_agreement(
    answer: str, others: Sequence[tuple[str, bool | None]], least: float
) -> tuple[Check, float | None]:
    """How many independent solutions arrive at an answer (self-consistency, arXiv 2203.11171).

    Args:
        answer: the answer to look at.
        others: the answer of each other solution, "" where it has none, and whether it is the
            same; None where that cannot be told.
        least: the least share from 0 to 1 that passes; 0 stands for more than half.

    Returns:
        The check, and the share; None where it cannot be told of any of them.
    """
    told = [same for _, same in others if same is not None]
    if not told:
        detail = f"of {len(others)} other solutions none can be compared with {_short(answer)}"
        return Check("agreement", None, detail), None
    share = sum(told) / len(told)
    different = dict.fromkeys(_short(other) or "none" for other, same in others if same is False)
    detail = f"{share:.2f}: {sum(told)} of {len(told)} other solutions give {_short(answer)}"
    if different:
        detail += f"; the others: {', '.join(list(different)[:5])}"
    if len(told) < len(others):
        detail += f"; {len(others) - len(told)} cannot be compared"
    return Check("agreement", share >= least if least else share > 0.5, detail), share


def bare_step(step: str, number: int) -> str:
    """The step without a number of its own in front, where it is this step's number."""
    found = _NUMBERED.match(step)
    if found and int(found[1] or found[2]) == number:
        return step[found.end() :]
    return step


def bare_answer(answer: str) -> str:
    """The answer without a label in front."""
    found = _LABEL.match(answer)
    return answer[found.end() :] if found else answer


_NUMBERED = re.compile(r"(?:step\s+(\d{1,4})\s*[.:)]|(\d{1,4})[.:)])\s+", re.IGNORECASE)
_LABEL = re.compile(r"(?:final\s+)?answer\s*:\s*", re.IGNORECASE)
_SHOWN = 80


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _arithmetic(told: Sequence[tuple[str, Sequence[Statement]]]) -> tuple[Check, str | None]:
    """The check over set-up (number 0) and steps, and what to say of what is wrong."""
    wrong: list[str] = []
    right = unsure = 0
    for number, (_, statements) in enumerate(told):
        place = f"step {number}" if number else "the set-up"
        for each in statements:
            right += each.verdict == "right"
            unsure += not each.verdict
            if each.verdict == "wrong":
                wrong.append(
                    f"{place} says {_short(each.text)!r}, but the left side comes to {each.value}"
                )
    if wrong:
        shown = "; ".join(wrong[:3])
        again = "; put it right, and all that follows from it"
        return Check("arithmetic", False, shown), shown + again
    detail = f"{right} statements recomputed" if right else "no statement that could be recomputed"
    if unsure:
        detail += f", {unsure} undecided"
    return Check("arithmetic", True if right else None, detail), None


def _reached(texts: Sequence[str], answer: str) -> bool | None:
    """Whether the number that is the answer stands in one of the texts; None for an answer that
    is no plain number, or where the last step names no number in digits."""
    wanted = single_quantity(answer)
    if wanted is None:
        return None
    size = abs(wanted.value)
    alike = {size * scale for scale in _SCALES}  # as per cent, in thousands, in other metric units
    slack = wanted.ulp / 2 if wanted.decimals else Fraction(0)
    for shown in _NUMBER.findall(" ".join(texts)):
        literal = literal_of(shown)
        if literal is None:
            continue
        if literal.value in alike or (slack and abs(literal.value - size) <= slack):
            return True
    plain = wanted.ulp and (wanted.unit is None or wanted.currency) and not wanted.percent
    return False if plain and _NUMBER.search(texts[-1]) else None


_SCALES = (1, 100, Fraction(1, 100), 1_000, Fraction(1, 1_000), Fraction(1, 1_000_000))
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*|\.[0-9]+")
