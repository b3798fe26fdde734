"""Sums in words, of the kind that the simulated model writes, worked out again from the words."""

from __future__ import annotations

import re

__all__ = ["worked_out"]

_OPENING = re.compile(r"The (\w+(?: \w+)?) for .{1,400}? holds (\d{1,9}) groups of (\d{1,9}) (\w+)")
_CHANGE = re.compile(r"(\d{1,9}) \w+ are (added|taken away)|is copied (\d{1,9}) times")


def worked_out(problem: str | None, *, wrong: bool = False) -> tuple[list[str], int, str] | None:
    """The steps, the result and the set-up of a problem; None where it is none of these sums.

    Args:
        wrong: whether the last step is miscalculated.
    """
    opening = _OPENING.search(problem or "")
    if problem is None or opening is None:
        return None
    whole, groups, size, noun = opening.groups()
    value = int(groups) * int(size)
    leads = [f"There are {groups} groups of {size} {noun}: {size} * {groups} = "]
    values = [value]
    for change in _CHANGE.finditer(problem, opening.end()):
        by, way, copied = change.groups()
        sign = "*" if copied else "+" if way == "added" else "-"
        number = int(copied or by)
        before = value
        value = value * number if sign == "*" else value + number if sign == "+" else value - number
        leads.append(f"{change.group().capitalize()}: {before} {sign} {number} = ")
        values.append(value)
    values[-1] += wrong
    steps = [f"{lead}{value}." for lead, value in zip(leads, values, strict=True)]
    if len(steps) == 1:
        steps.append(f"Nothing else changes, so that the {whole} holds {values[-1]} {noun}.")
    setup = f"Given are the {noun} of the {whole}; wanted is how many there are in the end."
    return steps, values[-1], setup
