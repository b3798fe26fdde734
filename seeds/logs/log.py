"""What is read out of an evaluation log, and what all its readers share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow

__all__ = [
    "PASS_FROM",
    "Log",
    "Scoring",
    "said_of",
    "text_of",
    "texts_in",
    "turns_of",
    "verdict_of",
]

PASS_FROM = 0.5
"""From which score on an item has passed, where nothing else is said."""

_PASSED = frozenset({
    "true", "yes", "y", "pass", "passed", "correct", "right", "c", "good", "up", "thumbs_up",
    "thumbsup", "thumbs-up", "positive", "like", "liked", "accept", "accepted", "👍", "+1",
})  # fmt: skip
_FAILED = frozenset({
    "false", "no", "n", "fail", "failed", "incorrect", "wrong", "i", "bad", "down", "thumbs_down",
    "thumbsdown", "thumbs-down", "negative", "dislike", "disliked", "reject", "rejected", "👎",
    "error",
})  # fmt: skip
_LONGEST_VERDICT = 2_000


@dataclass(frozen=True)
class Scoring:
    """How a log is to be read.

    Attributes:
        columns: field to column, for rows with columns of unusual names.
        pass_from: from which score on an item has passed; None for 0.5, where scores are from 0
            to 1.
        metric: which of several metrics or scorers decides; "" for the first of them.
        all_failed: whether every row is a failure, whatever its columns say.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    pass_from: float | None = None
    metric: str = ""
    all_failed: bool = False

    def has_failed(self, score: float) -> bool:
        """Whether a score is that of a failure.

        Raises:
            ValueError: it is on a scale of which nobody has said where passing begins.
        """
        if self.pass_from is None and score > 1:
            raise ValueError(
                f"has the score {score:g}, which is not from 0 to 1: say with --pass-from from"
                " which score on an item has passed"
            )
        return score < (PASS_FROM if self.pass_from is None else self.pass_from)


@dataclass(frozen=True)
class Log:
    """A log as it was read.

    Attributes:
        name: the file.
        kind: which evaluation wrote it, in words.
        items: in the order of the log.
        unusable: what could not be used (no prompt, no score), each with the reason.
    """

    name: str
    kind: str
    items: Sequence[EvaluatedItem]
    unusable: Sequence[BadRow] = ()


def said_of(value: Any) -> float | None:
    """A score out of what a log may hold: a number, true or false, a word such as `thumbs_down`
    or `C`; None where it says nothing.

    Raises:
        ValueError: it is none of these.
    """
    if value is None or value == "":
        return None
    if isinstance(value, (bool, int, float)):
        number = float(value)
        if not math.isfinite(number):
            return None
        return number
    if isinstance(value, str):
        word = value.strip().casefold()
        if word in _PASSED:
            return 1.0
        if word in _FAILED:
            return 0.0
        try:
            number = float(word)
        except ValueError:
            pass
        else:
            return number if math.isfinite(number) else None
    raise ValueError(f"has the score {str(value)[:60]!r}, which is no number, true or false")


def turns_of(value: Any) -> tuple[str, int, str]:
    """The words of a prompt that is text or a list of messages, how many turns of a person it
    has, and the last of these.

    Raises:
        SeedError: it is neither.
    """
    if isinstance(value, str):
        return value, 1, value
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        raise SeedError("the prompt is neither text nor a list of messages")
    said: list[tuple[str, str]] = []
    for one in value:
        if isinstance(one, str):
            said.append(("user", one))
        elif isinstance(one, Mapping):
            said.append((str(one.get("role", "user")), _content(one.get("content"))))
        else:
            raise SeedError("a message of the prompt is neither text nor an object")
    asked = [text for role, text in said if role == "user"]
    shown = [text if role == "user" else f"{role}: {text}" for role, text in said if text]
    return "\n\n".join(shown), max(1, len(asked)), asked[-1] if asked else ""


def _content(value: Any) -> str:
    if isinstance(value, list):  # parts, of which text alone is read
        parts = (one.get("text") if isinstance(one, Mapping) else one for one in value)
        return "\n".join(one for one in parts if isinstance(one, str))
    return value if isinstance(value, str) else ""


def texts_in(value: Any) -> Iterable[str]:
    """All texts of a value, also in lists and objects."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)


def text_of(value: Any) -> str:
    """A value as text: text as it is, anything else as JSON writes it, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def verdict_of(parts: Iterable[str]) -> str:
    """What verifiers said, in one line."""
    said = "; ".join(" ".join(part.split()) for part in parts if part and part.strip())
    return said[:_LONGEST_VERDICT]
