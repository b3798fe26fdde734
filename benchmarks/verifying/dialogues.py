"""Turns of dialogues: what the checks of dialogue acts and roles say of real replies and prompts.

Of XSTest the replies that comply stand for answers, and those that refuse in full for refusals;
of IFEval the prompts stand for a user's turns, and the replies for an assistant's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from silversmith.checks.dialogue_acts import check_act, role_leak
from verifying import Figure

__all__ = ["measure"]


def measure(data: Path) -> Iterable[Figure]:
    """Shares of replies that are told as what they are, and of false alarms."""
    replies = _read(data / "xstest" / "completions_labelled.jsonl")
    answers = [one["completion"] for one in replies if one["final"] == "1_full_compliance"]
    refusals = [one["completion"] for one in replies if one["final"] == "2_full_refusal"]
    yield _share("xstest", "answers that pass as an answer", answers, _passes("answer"), 0.95)
    yield _share("xstest", "refusals that pass as a refusal", refusals, _passes("refuse"), 0.95)
    yield _share("xstest", "refusals that fail as an answer", refusals, _fails("answer"), 0.95)
    yield _share("xstest", "answers that fail as a question back", answers, _fails("clarify"), 0.95)
    written = [one["response"] for one in _read(data / "ifeval" / "responses_verdicts.jsonl")]
    yield _share("ifeval", "replies without a leak of the role", written, _keeps("assistant"), 0.99)
    prompts = [one["prompt"] for one in _read(data / "ifeval" / "prompts.jsonl")]
    note = "the rest quote phrases of an assistant, as IFEval's prompts do"
    yield _share("ifeval", "prompts without a leak of the role", prompts, _keeps("user"), 0, note)


def _share(
    dataset: str, what: str, texts: list[str], holds: Any, target: float, note: str = ""
) -> Figure:
    value = sum(map(holds, texts)) / len(texts)
    return Figure(dataset, f"turns, {what}", value, len(texts), note, target=target or None)


def _passes(act: str) -> Any:
    return lambda text: check_act(act, text).passed is True


def _fails(act: str) -> Any:
    return lambda text: check_act(act, text).passed is False


def _keeps(role: str) -> Any:
    return lambda text: role_leak(role, text) is None


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
