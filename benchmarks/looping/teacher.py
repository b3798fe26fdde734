"""A programmatic teacher behind an OpenAI-compatible endpoint: it writes problems of the grammar and
solves them, and a known share of what it writes is wrong."""

from __future__ import annotations

import contextlib
import json
import math
import random
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from looping.grammar import FAMILIES, Family, Problem, Step, made, read

__all__ = ["Teacher", "teaching"]

NAME = "teacher"
_TAGGED = re.compile(r"<(task|problem)>\n(.*?)\n</\1>", re.DOTALL)
_FARTHEST = 9


@dataclass(frozen=True)
class Teacher:
    """Who drafts. The same request has the same reply, whenever it comes.

    A draft is of the family that the seed's words speak of, and of any family where they speak of
    none. What was sent back is written anew, with the same problem.

    Attributes:
        slips: the share of solutions with a calculation that comes out wrong, which whoever
            recomputes it sees; the answer follows from it.
        misreadings: the share of the others that answer another question than the problem's; each
            of their calculations is right.
    """

    slips: float = 0.0
    misreadings: float = 0.0

    def reply(self, body: Mapping[str, Any]) -> str:
        """What it says to a request, as JSON in the form that is asked for."""
        messages = body["messages"]
        dice = _dice(messages, body.get("seed"))
        asked = [message["content"] for message in messages if message["role"] == "user"]
        material = "\n".join(text for _, text in _TAGGED.findall(asked[0]))
        if "problem" not in _fields(body):
            problem = read(material)
            if problem is None:
                raise ValueError(f"the teacher cannot read this problem: {material[:200]!r}")
            return json.dumps(self._solution(problem, dice))
        problem = _sent_back(messages) or made(dice.choice(spoken_of(material)), dice)
        return json.dumps({"problem": problem.text, **self._solution(problem, dice)})

    def _solution(self, problem: Problem, dice: random.Random) -> dict[str, Any]:
        """The set-up, steps and answer, right or with one of the flaws."""
        slips = dice.random() < self.slips
        misread = not slips and dice.random() < self.misreadings
        steps = problem.family.wrong(**problem.numbers) if misread else problem.steps
        values = [step.value for step in steps]
        if slips:
            values = _slipped(steps, dice)
        told = [_told(step, values[:place], steps) for place, step in enumerate(steps)]
        lines = [f"{left} {step.sign} {right} = {value}"
                 for (left, right), step, value in zip(told, steps, values, strict=True)]  # fmt: skip
        if len(lines) == 1:
            lines.insert(0, steps[0].words)
        return {"setup": "", "steps": lines, "answer": str(values[-1])}
