"""Training by rewards that a program computes, with TRL.

The rows are TRL's conversational prompt-only type; `trl.GRPOTrainer` hands the other columns to
reward functions: https://huggingface.co/docs/trl/dataset_formats, arXiv 2402.03300
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import orjson

from ..records import Sample
from .base import Export
from .turns import answered, chat

__all__ = ["TrlGrpo"]

_TESTS = "python_tests"


class TrlGrpo(Export):
    """`{"prompt": [messages], "answer", "constraints", "tests", "strategy"}`, one row a sample
    whose answer a program can verify: by the final answer of a worked solution, by the constraints
    of the instruction (a JSON list of objects with `kind` and `arguments`), or by tests of a Python
    function. What does not apply is "": readers of long files want the same types throughout."""

    kind: ClassVar[str] = "trl-grpo"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A row needs a prompt, and something by which a reward can be computed."""
        if not _prompt(sample):
            return "no prompt"
        return None if any(_verifiable(sample).values()) else "nothing that a program can verify"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        prompt = chat(sample, _prompt(sample))
        yield {"prompt": prompt, **_verifiable(sample), "strategy": sample.strategy}


def _prompt(sample: Sample) -> list[Any]:
    turns = list(answered(sample)[:-1] or sample.messages)
    return turns if turns and turns[-1].role == "user" else []


def _verifiable(sample: Sample) -> dict[str, str]:
    """What a reward function verifies an answer by."""
    tests = [one for one in sample.constraints if one.kind == _TESTS]
    # The rule of a system message is no constraint that stands by itself.
    constraints = [
        {"kind": one.kind, "arguments": orjson.loads(one.arguments)}
        for one in sample.constraints
        if one.satisfied is not None and one.kind != _TESTS and sample.strategy != "hierarchy"
    ]
    return {
        "answer": (sample.answer or "") if sample.steps and not tests else "",
        "constraints": orjson.dumps(constraints).decode() if constraints else "",
        "tests": orjson.loads(tests[0].arguments)["tests"] if tests else "",
    }
