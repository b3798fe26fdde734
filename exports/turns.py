"""A sample's messages as training formats write them: the halves of a pair, the turns to learn, and
where the reasoning goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ..records import Sample, Turn

__all__ = [
    "MISTAKE",
    "Pair",
    "Reasoning",
    "answered",
    "chat",
    "learnable",
    "pair_of",
    "reason_for_no_pair",
    "unknown_role",
    "without_mistake",
]

Reasoning = Literal["text", "think", "reasoning_content", "thinking"]
"""Where the reasoning of an answer goes: "text" leaves it in the answer as the sample has it,
"think" puts it between `<think>` tags before the answer, the others are fields of the message
beside `content` (`reasoning_content` is read by the chat templates of Qwen3, GLM and Nemotron,
`thinking` by those of gpt-oss and LFM2.5; a template that knows neither drops it). Every answer has
the field, "" where there is no reasoning: readers of long files want the same columns throughout.
"""

MISTAKE = "a turn is a planned mistake (trl-sft-turns has the others)"


class Pair(NamedTuple):
    """What both halves share, and how each goes on; the first turn of each is an answer."""

    prompt: Sequence[Turn]
    chosen: Sequence[Turn]
    rejected: Sequence[Turn]


def pair_of(sample: Sample) -> Pair | None:
    """The halves of a sample, parted at the first answer that differs; None where there are no
    two answers to one prompt."""
    if not sample.rejected or not sample.response.strip():
        return None
    rejected = sample.rejected
    if all(turn.role == "assistant" for turn in rejected):  # the last answer alone
        rejected = (*sample.messages[:-1], *rejected)
    for index, (one, other) in enumerate(zip(sample.messages, rejected, strict=False)):
        if (one.role, one.content) != (other.role, other.content):
            if not index or not one.role == other.role == "assistant":
                return None
            return Pair(sample.messages[:index], sample.messages[index:], rejected[index:])
    return None


def reason_for_no_pair(sample: Sample) -> str | None:
    """Why a sample is no pair; None where it is one."""
    if not sample.rejected:
        return "no rejected answer"
    if not sample.response.strip():
        return "no answer"
    pair = pair_of(sample)
    if pair is None:
        return "chosen and rejected are equal, or answer different prompts"
    if not (pair.chosen[0].content.strip() and pair.rejected[0].content.strip()):
        return "an answer is empty"
    return None if _asked(pair.prompt) else "no prompt"


def learnable(turns: Sequence[Turn]) -> list[int]:
    """The places of the assistant's turns that are to be learned: no planned mistakes."""
    return [
        index
        for index, turn in enumerate(turns)
        if turn.role == "assistant"
        and turn.act != "mistake"
        and turn.content.strip()
        and _asked(turns[:index])
    ]


def without_mistake(sample: Sample) -> str | None:
    """Why a format that learns every turn of the assistant has no place for a sample: there is
    nothing to learn, or something that is not to be learned."""
    if any(turn.act == "mistake" for turn in sample.messages):
        return MISTAKE
    if not sample.response.strip():
        return "no answer"
    return None if _asked(answered(sample)) else "no prompt"


def unknown_role(sample: Sample) -> str | None:
    """Why a format of system, user and assistant alone has no place for a sample, or None."""
    others = {turn.role for turn in sample.messages} - {"system", "user", "assistant"}
    return f"a message by {min(others)}" if others else None


def _asked(turns: Sequence[Turn]) -> bool:
    return any(turn.role == "user" and turn.content.strip() for turn in turns)


def answered(sample: Sample) -> Sequence[Turn]:
    """The messages up to the last answer; a last question that nobody answered is left out."""
    answers = [index for index, turn in enumerate(sample.messages) if turn.role == "assistant"]
    return sample.messages[: answers[-1] + 1] if answers else ()


def chat(
    sample: Sample, turns: Sequence[Turn], reasoning: Reasoning = "text"
) -> list[dict[str, str]]:
    """Messages with role and content, and the reasoning where it is wanted."""
    return [_message(sample, turn, reasoning) for turn in turns]


def _message(sample: Sample, turn: Turn, reasoning: Reasoning) -> dict[str, str]:
    plain = {"role": turn.role, "content": turn.content}
    if reasoning == "text" or turn.role != "assistant":
        return plain
    parted = _parted(turn.content, worked=bool(sample.steps))
    if reasoning != "think":
        thought, answer = parted or ("", turn.content)
        return {"role": turn.role, "content": answer, reasoning: thought}
    if parted is None:
        return plain
    thought, answer = parted
    return {"role": turn.role, "content": f"<think>\n{thought}\n</think>\n\n{answer}"}


_SET_APART = ("\n\nAnswer: ", "\n\n```python\n")
"""How a worked solution goes over to its answer (`generators/reasoning.py`)."""

_TAGGED = re.compile(r"\s*<think>\s*(.*?)\s*</think>\s*(.+)", re.DOTALL)


def _parted(content: str, *, worked: bool) -> tuple[str, str] | None:
    """An answer's reasoning and the rest: between tags where the dataset came with some, else what
    comes before the answer that a worked solution sets apart at its end."""
    if found := _TAGGED.fullmatch(content):
        return (found[1], found[2]) if found[1] else None
    if not worked or "<think>" in content or "</think>" in content:
        return None
    start = max(content.rfind(mark) for mark in _SET_APART)
    thought, answer = content[: max(start, 0)].strip(), content[start:].strip()
    return (thought, answer) if thought else None
