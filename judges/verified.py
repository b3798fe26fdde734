"""What can be seen without a model: constraints, sums, answers, code and quotes, recomputed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field, PrivateAttr, model_validator

from ..checks.answers import answers_agree, final_answer
from ..checks.constraints import KINDS, constraint
from ..checks.quotes import find_quote
from ..checks.sandbox import SandboxUnavailable, run_tests
from ..checks.traces import check_trace
from ..errors import CheckError, ReplyError
from ..records import Ask, Constraint, Judgement, Sample
from ..records.judging import MUST_HOLD
from .base import Judge

__all__ = ["Verified"]

CheckName = Literal["constraints", "arithmetic", "answer", "code", "citations"]
_ALL: tuple[CheckName, ...] = ("constraints", "arithmetic", "answer", "code", "citations")
_FENCED = re.compile(r"^```[^\S\n]*(?:python3?|py)?[^\S\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMPARABLE = re.compile(r"\d|\\|^\W*[A-Za-z]\W*$")
"""Gold answers in words are not compared: other words may say the same."""
_LONGEST_ANSWER = 200
_TESTS = "python_tests"


class Verified(Judge):
    """Recomputes what a program can check of a response. Asks no model and is free of charge, so
    it judges first. A sample that breaks what must hold has the score 0, and no further judge
    is asked about it: it stays a judged sample, for the filters to drop.

    Each check that could tell something gives a judgement of its name, 1 where it passed (of
    several constraints: the share that is met). `must_hold` is 0 where anything is broken that must
    hold, and else 1, also where nothing could be told; such a sample gets no score of this judge.

    - constraints: the 25 kinds of IFEval (arXiv 2311.07911), of the sample or in a row's columns
      `instruction_id_list` and `kwargs`;
    - arithmetic: every statement such as "3 * 4 = 12" in the steps, or in the response;
    - answer: the response's final answer beside the known one, as numbers, units, sets or algebra;
      a known answer in words proves nothing here, a `reference` judge reads it;
    - code: the response's Python under the sample's tests, in the sandbox;
    - citations: every quote of the sample stands in its passage, where it says.
    """

    kind: ClassVar[str] = "verified"
    scalar: ClassVar[str] = "checks"
    free: ClassVar[bool] = True

    checks: tuple[CheckName, ...] = Field(default=_ALL, min_length=1)
    """What to check."""

    must_hold: tuple[CheckName, ...] | None = None
    """Which of the checks a sample must pass; by default all. The others count in the score."""

    tests: str = ""
    """The column of a row that holds the tests of its code (plain assert statements), where a
    dataset has one."""

    loose: bool = False
    """Whether constraints are also met without a first or last line, or asterisks, around the
    answer, as in IFEval's loose accuracy."""

    _required: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _known(self) -> Verified:
        required = self.checks if self.must_hold is None else self.must_hold
        if missing := [name for name in required if name not in self.checks]:
            raise ValueError(f"`must_hold` names {missing[0]!r}, which `checks` leaves out")
        self._required = frozenset(required)
        return self

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        if not sample.response.strip():
            raise ReplyError("the sample does not end with a response, so there is none to judge")
        found: list[tuple[str, float, str]] = []
        for name in self.checks:
            told = await self._check(name, sample)
            if told is not None:
                found.append((name, *told))
        judged = [self._judgement(name, share, detail) for name, share, detail in found]
        if self._required:
            required = [one for one in found if one[0] in self._required]
            broken = [f"{name}: {why}" for name, share, why in required if share < 1]
            said = "; ".join(broken) if required else "nothing that must hold could be told"
            judged.append(self._judgement(MUST_HOLD, float(not broken), said))
        return judged

    def settles(self, judgements: Sequence[Judgement]) -> bool:
        return any(j.criterion == MUST_HOLD and j.score == 0 for j in judgements)

    def score(self, judgements: Sequence[Judgement]) -> float | None:
        """The mean over the checks; 0 where one failed that must hold."""
        if self.settles(judgements):
            return 0.0
        return super().score([j for j in judgements if j.criterion != MUST_HOLD])

    def _judgement(self, criterion: str, score: float, rationale: str) -> Judgement:
        return Judgement(self.title, criterion, "", score, score, rationale)

    async def _check(self, name: CheckName, sample: Sample) -> tuple[float, str] | None:
        """The share that passed and what was found; None where nothing can be told."""
        if name == "constraints":
            return _constraints(sample, self.loose)
        if name == "arithmetic":
            return _arithmetic(sample)
        if name == "answer":
            return await _answer(sample)
        if name == "code":
            return await self._code(sample)
        return _citations(sample)

    async def _code(self, sample: Sample) -> tuple[float, str] | None:
        tests = [_argument(c, "tests") for c in sample.constraints if c.kind == _TESTS]
        if self.tests:
            tests.append(_column(sample, self.tests))
        tests = [text for text in tests if text.strip()]
        if not tests:
            return None
        code = "\n\n".join(_FENCED.findall(sample.response)) or sample.response
        try:
            outcome = await asyncio.to_thread(run_tests, code, "\n\n".join(tests))
        except SandboxUnavailable as error:
            raise CheckError(
                f"{self.title} cannot run the code of samples here: {error}; leave `code` out of"
                " its `checks`"
            ) from error
        if outcome.passed is None:
            return None
        said = "the tests pass" if outcome.passed else f"{outcome.ending}: {outcome.reason[:300]}"
        return float(outcome.passed), said


def _constraints(sample: Sample, loose: bool) -> tuple[float, str] | None:
    faults: list[str] = []
    told = 0
    for each in sample.constraints or _of_ifeval(sample):
        if each.kind not in KINDS:
            continue
        told += 1
        one = constraint(each.kind, orjson.loads(each.arguments))
        if not one.met(sample.response, loose=loose):
            faults.append(f"{one.fault(sample.response)} ({each.kind})")
    if not told:
        return None
    return 1 - len(faults) / told, "; ".join(faults) or f"{told} met"


def _of_ifeval(sample: Sample) -> list[Constraint]:
    """The constraints of a row with the columns of IFEval."""
    if not sample.row or "instruction_id_list" not in sample.row:
        return []
    row = orjson.loads(sample.row)
    kinds, arguments = row.get("instruction_id_list"), row.get("kwargs")
    if not isinstance(kinds, list) or not isinstance(arguments, list):
        return []
    if len(kinds) != len(arguments):
        raise ReplyError(
            f"the row has {len(kinds)} constraints in 'instruction_id_list', and arguments for"
            f" {len(arguments)} in 'kwargs'"
        )
    return [
        # Multilingual editions put the language in front ("en:punctuation:no_comma").
        Constraint(str(kind).removeprefix("en:"), orjson.dumps(given or {}).decode())
        for kind, given in zip(kinds, arguments, strict=True)
    ]


def _arithmetic(sample: Sample) -> tuple[float, str] | None:
    steps = [step.text for step in sample.steps]
    steps = steps or [line for line in sample.response.splitlines() if line.strip()]
    checks = check_trace(sample.instruction, "", steps, "").checks
    told = [check for check in checks if check.passed is not None]
    if not told:
        return None
    wrong = [check.detail for check in told if not check.passed]
    return float(not wrong), "; ".join(wrong or [told[0].detail])


async def _answer(sample: Sample) -> tuple[float, str] | None:
    if not sample.answer or (sample.origin is not None and sample.origin.template):
        return None  # an answer that was drafted with the response proves nothing
    known = _gold(sample.answer)
    given = final_answer(sample.response)
    if not known or not given:
        return None
    same = await answers_agree(given, known)
    if same is None:
        return None
    said = f"the response arrives at {_short(given)}"
    return float(same), said if same else f"{said}, and the known answer is {_short(known)}"


def _gold(answer: str) -> str:
    """The known answer where it can be compared without reading it, or ""."""
    marked = "####" in answer or "\\boxed" in answer
    bare = final_answer(answer) if marked else answer.strip()
    if len(bare) > _LONGEST_ANSWER or not _COMPARABLE.search(bare):
        return ""
    return bare if marked or len(bare.split()) <= 4 or "\\" in bare else ""


def _citations(sample: Sample) -> tuple[float, str] | None:
    if sample.passage is None or not sample.spans:
        return None
    text = sample.passage.text
    lost = []
    for span in sample.spans:
        if text[span.start : span.end] == span.quote:
            continue
        place = find_quote(span.quote, text, any_place=True)
        lost.append(
            f"{span.label}: {place}"
            if isinstance(place, str)
            else f"{span.label}: {_short(span.quote)} does not stand at {span.start}"
        )
    if lost:
        return 1 - len(lost) / len(sample.spans), "; ".join(lost[:3])
    return 1.0, f"{len(sample.spans)} quotes stand in the passage"


def _argument(given: Constraint, name: str) -> str:
    value = orjson.loads(given.arguments).get(name)
    return value if isinstance(value, str) else ""


def _column(sample: Sample, column: str) -> str:
    row: dict[str, Any] = orjson.loads(sample.row or "{}")
    if column not in row:
        raise ReplyError(f"the row has no column {column!r} with tests (columns: {', '.join(row)})")
    value = row[column]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise ReplyError(f"the column {column!r} holds no tests: neither a text nor a list of them")
    return value


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 60 else f"{flat[:59]}…")
