"""A process reward model: which steps of a solution are right.

The rows are TRL's stepwise supervision type, as of PRM800K (arXiv 2305.20050):
https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from ..records import Sample
from .base import Export
from .turns import pair_of

__all__ = ["TrlStepwise"]

_VERIFIED = frozenset({"known answer", "agreement"})
"""Checks that say that the final answer is right."""

_NUMBERED = re.compile(r"^(\d+)\. ", re.MULTILINE)

_Steps = tuple[list[str], list[bool]]


class TrlStepwise(Export):
    """`{"prompt": text, "completions": [step, ...], "labels": [true or false, ...]}`.

    A step is false where a check refuted it, and the row ends there, as in PRM800K. It is true
    where a check recomputed it, or where its solution arrives at an answer that is known to be
    right or that other solutions agree on (as in Math-Shepherd, arXiv 2312.08935); a row ends
    before the first step of which neither can be said. A pair with a wrong step that a check found
    is a further row: the steps of the rejected half, up to the wrong one.
    """

    kind: ClassVar[str] = "trl-stepwise"

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """A row needs steps, and at least one that a check could tell."""
        if not sample.steps:
            return "no steps"
        return None if any(self._solutions(sample)) else "no step that a check could tell"

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """A row for each solution of which at least one step can be told."""
        for completions, labels in self._solutions(sample):
            yield {"prompt": sample.prompt, "completions": completions, "labels": labels}

    def _solutions(self, sample: Sample) -> Iterable[_Steps]:
        told = _told(sample)
        if told[0]:
            yield told
        refuted = _refuted(sample)
        if refuted is not None:
            yield refuted


def _told(sample: Sample) -> _Steps:
    """The steps of the answer as far as they can be told."""
    right = any(check.name in _VERIFIED and check.passed for check in sample.checks)
    texts: list[str] = []
    labels: list[bool] = []
    for step in sample.steps:
        if not step.verdict and not right:
            break
        texts.append(step.text)
        labels.append(step.verdict != "wrong")
        if not labels[-1]:
            break
    # The set-up has no label of its own: it is told with the first step.
    before, found, _ = sample.response.partition(f"1. {sample.steps[0].text}")
    if texts and found and before.strip():
        texts[0] = f"{before.strip()}\n\n{texts[0]}"
    return texts, labels


def _refuted(sample: Sample) -> _Steps | None:
    """The steps of a rejected half up to the wrong one, where a check found it."""
    flaw, pair = sample.flaw, pair_of(sample)
    if pair is None or flaw is None or flaw.kind != "wrong_step" or not flaw.where:
        return None
    if not any(check.name == "flaw wrong_step" and check.passed for check in sample.checks):
        return None
    text = pair.rejected[0].content
    steps = _numbered(text.rpartition("\n\nAnswer: ")[0])
    good = [step.text for step in sample.steps]
    for place, step in enumerate(steps):
        if " ".join(flaw.where.split()) in " ".join(step.split()):
            return steps[: place + 1], [True] * place + [False]
        if place >= len(good) or step != good[place]:
            return None  # another step differs too: nobody says that it is right
    return None


def _numbered(text: str) -> list[str]:
    """The steps of a numbered list that counts from 1."""
    starts: list[re.Match[str]] = []
    for found in _NUMBERED.finditer(text):
        if int(found[1]) == len(starts) + 1:
            starts.append(found)
    ends = [one.start() for one in starts[1:]] + [len(text)]
    return [text[one.end() : end].strip() for one, end in zip(starts, ends, strict=True)]
