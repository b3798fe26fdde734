"""Problems that a model has never seen, what it replies to them, and what that is worth."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from looping.grammar import FAMILIES, Problem, made

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Examination", "failed", "items", "problems", "write_log"]

_ANSWER = re.compile(r"Answer: ([0-9]+)\Z")


def items(each: int, seed: int, without: Sequence[Problem] = ()) -> list[Problem]:
    """So many problems of each family, all different, and none of those in `without`."""
    dice = random.Random(seed)
    seen = {problem.text for problem in without}
    found = []
    for family in FAMILIES.values():
        missing = each
        while missing:
            problem = made(family, dice)
            if problem.text not in seen:
                seen.add(problem.text)
                found.append(problem)
                missing -= 1
    return found


def problems(count: int, shares: Mapping[str, float], seed: int) -> list[Problem]:
    """So many problems of families drawn by their shares."""
    dice = random.Random(seed)
    names = dice.choices(list(shares), list(shares.values()), k=count)
    return [made(FAMILIES[name], dice) for name in names]


def failed(problem: Problem, reply: str) -> bool:
    """Whether the reply does not end with the right answer in the form of the samples."""
    found = _ANSWER.search(reply.strip())
    return found is None or int(found[1]) != problem.answer


@dataclass(frozen=True)
class Examination:
    """What a model replied to problems.

    Attributes:
        problems: the problems.
        replies: the reply to each.
    """

    problems: Sequence[Problem]
    replies: Sequence[str]

    @classmethod
    def of(
        cls, problems: Sequence[Problem], answers: Callable[[Sequence[str]], list[str]]
    ) -> Examination:
        """The examination of a model by what it answers to prompts."""
        return cls(problems, answers([problem.text for problem in problems]))

    def failures(self, families: Sequence[str] = ()) -> NDArray[np.float64]:
        """For each problem of these families (of all, by default) 1 where the reply is wrong."""
        import numpy as np

        return np.array(
            [
                float(failed(problem, reply))
                for problem, reply in zip(self.problems, self.replies, strict=True)
                if not families or problem.family.name in families
            ]
        )

    def rates(self) -> dict[str, float]:
        """The share of wrong replies in each family."""
        return {name: float(self.failures([name]).mean()) for name in FAMILIES}


def write_log(examination: Examination, path: Path) -> None:
    """The examination as an evaluation's log of rows, all of it, those that passed among them."""
    with open(path, "w", encoding="utf-8") as file:
        for number, (problem, reply) in enumerate(
            zip(examination.problems, examination.replies, strict=True)
        ):
            row = {
                "id": number,
                "prompt": problem.text,
                "output": reply,
                "expected": str(problem.answer),
                "score": 0.0 if failed(problem, reply) else 1.0,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
