"""Answers and arithmetic of GSM8K: 2,640 solutions of four models with recorded labels, and 1,319
by people with calculator notes such as <<48/2=24>>.

A note's truth is found here by other means than those that are measured: Python's own parser and
exact fractions. In the solutions of people no arithmetic should be called wrong (some is); a wrong
result is planted in each of them, once in the note and once in the sentence alone.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from silversmith.checks.answers import answers_agree_now, final_answer
from silversmith.checks.arithmetic import find_statements
from verifying import Figure

__all__ = ["measure"]

_NOTE = re.compile(r"<<([0-9.+*/() -]+)=(-?[0-9.]+)>>")
_NOTED = re.compile(r"<<([^<>=]+)=([^<>=]+)>>")
"""Any note of one equality: with percents, currencies and thousands as well."""

_STATED = re.compile(r"([0-9)]\s*=\s*\$?)<<[0-9.+*/() -]+=(-?[0-9]+)>>\2(?![0-9.])")


def measure(data: Path) -> Iterable[Figure]:
    """The figures."""
    folder = data / "gsm8k"
    problems = _rows(folder / "problems.jsonl")
    solutions = _rows(folder / "model_solutions.jsonl")
    yield from _answers(problems, solutions)
    yield from _notes(solutions)
    yield from _people(problems)


def _answers(problems: list[dict[str, Any]], solutions: list[dict[str, Any]]) -> Iterator[Figure]:
    agreed = sum(
        (answers_agree_now(final_answer(row["solution"]), row["ground_truth"]) is True)
        == row["is_correct"]
        for row in solutions
    )
    yield Figure(
        "gsm8k", "final answer agrees with label", agreed / len(solutions), len(solutions),
        "extracted and compared; models' solutions", target=0.995,
    )  # fmt: skip
    bare = [_NOTE.sub("", row["answer"]).rpartition("####") for row in problems]
    found = sum(
        answers_agree_now(final_answer(f"{text}The answer is {answer.strip()}."), answer) is True
        for text, _, answer in bare
    )
    yield Figure(
        "gsm8k", "final answer behind other words", found / len(problems), len(problems),
        "people's solutions that end in a sentence instead of ####", target=0.995,
    )  # fmt: skip


def _notes(solutions: list[dict[str, Any]]) -> Iterator[Figure]:
    wrong = found = right = alarms = 0
    for row in solutions:
        truths = [
            (note.group(), truth)
            for note in _NOTED.finditer(row["solution"])
            if (truth := _holds(*map(_plain, note.groups()))) is not None
        ]
        if not truths:
            continue
        notes = " ".join(note for note, _ in truths)
        called = any(each.verdict == "wrong" for each in find_statements(notes))
        if not all(truth for _, truth in truths):
            wrong += 1
            found += called
        else:
            right += 1
            alarms += called
    yield Figure(
        "gsm8k", "traces with wrong notes found", found / max(1, wrong), wrong,
        "models' calculator notes, truth by Python's parser", target=0.95,
    )  # fmt: skip
    yield Figure(
        "gsm8k", "traces with right notes let pass", 1 - alarms / right, right, target=0.99
    )


def _people(problems: list[dict[str, Any]]) -> Iterator[Figure]:
    quiet = planted = found = 0
    for row in problems:
        solution = row["answer"]
        quiet += all(each.verdict != "wrong" for each in find_statements(solution))
        for place in _STATED.finditer(solution):
            planted += 1
            wrong = str(int(place[2]) + 3)
            end = f"{place[1]}{wrong}{solution[place.end() :]}"
            before = _NOTE.sub("", solution[: place.start()])
            line = (before + _NOTE.sub("", end)).split("\n")[before.count("\n")]
            found += any(each.verdict == "wrong" for each in find_statements(line))
    yield Figure(
        "gsm8k", "people's solutions let pass", quiet / len(problems), len(problems),
        "four are called wrong, three of them rightly", target=0.99,
    )  # fmt: skip
    yield Figure(
        "gsm8k", "planted wrong results found", found / planted, planted,
        "a whole result made 3 larger, notes taken out", target=0.95,
    )  # fmt: skip


def _plain(side: str) -> str:
    """A side of a note as Python reads it: 1,200 as 1200, $5 as 5, 20% as (20/100), 05 as 5."""
    side = re.sub(r"(?<=\d),(?=\d{3})", "", side).replace("$", "")
    side = re.sub(r"(\d+\.?\d*|\.\d+)%(?![\d.])", r"(\1/100)", side)
    return re.sub(r"(?<![\d.])0+(?=\d)", "", side).strip()


def _holds(expression: str, result: str) -> bool | None:
    """Whether a note is right, up to the rounding of what it shows; None where it is no sum."""
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
        shown = _value(ast.parse(result, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, TypeError):
        return None
    places = len(result.partition(".")[2])
    off = abs(value - shown)
    return off * 10**12 <= abs(value) or off * 10**places < 1


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
    raise TypeError(node)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
