"""What a row of a training format is to a trainer: conversations, and which part is learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Conversation", "Learned", "conversations"]

Learned = Literal["replies", "completion", "nothing"]

_ROLES = {"human": "user", "gpt": "assistant", "observation": "tool", "function_call": "assistant"}


@dataclass(frozen=True, slots=True)
class Conversation:
    """One sequence that a trainer makes of a row.

    Attributes:
        messages: role and content each.
        learned: the assistant's turns ("replies"), what follows the first `prompt` messages
            ("completion"), or no token of it ("nothing"), as of a prompt that is answered anew.
        prompt: how many messages the prompt has.
    """

    messages: tuple[Mapping[str, Any], ...]
    learned: Learned
    prompt: int = 0


def conversations(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversations in a row; two for a pair. Empty where the row holds none in a known way.

    Known are the columns of TRL, OpenAI, ShareGPT, Alpaca, Axolotl and LLaMA-Factory.
    """
    return list(_found(row))


def _found(row: Mapping[str, Any]) -> Iterator[Conversation]:
    prompt = _prompt(row)
    halves = [row[name] for name in _HALVES if row.get(name)]
    if len(halves) == 2:
        for half in halves:
            yield _completed(prompt, _messages(half, "assistant"))
    elif row.get("completion"):
        yield _completed(prompt, _messages(row["completion"], "assistant"))
    elif isinstance(row.get("completions"), Sequence):  # a step each
        text = "\n".join(str(step) for step in row["completions"])
        yield _completed(prompt, _messages(text, "assistant"))
    elif "instruction" in row and "output" in row:
        yield _completed(prompt, _messages(row["output"], "assistant"))
    elif isinstance(row.get("messages") or row.get("conversations"), Sequence):
        messages = _messages(row.get("messages") or row.get("conversations"), "user")
        system = row.get("system")
        head = _messages(system, "system") if isinstance(system, str) and system else ()
        yield Conversation((*head, *messages), "replies")
    elif prompt:
        yield Conversation(prompt, "nothing", len(prompt))


_HALVES = ("chosen", "rejected", "preferred_output", "non_preferred_output")


def _completed(
    prompt: tuple[Mapping[str, Any], ...], rest: tuple[Mapping[str, Any], ...]
) -> Conversation:
    if not prompt:  # the whole conversation stands in each half: its last answer is what differs
        prompt, rest = rest[:-1], rest[-1:]
    return Conversation((*prompt, *rest), "completion", len(prompt))


def _prompt(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    system = row.get("system")
    head = _messages(system, "system") if isinstance(system, str) and system else ()
    if row.get("prompt"):
        return (*head, *_messages(row["prompt"], "user"))
    if isinstance(row.get("input"), Mapping):
        return _messages(row["input"].get("messages"), "user")
    if isinstance(row.get("instruction"), str):
        text = "\n".join(part for part in (row["instruction"], row.get("input") or "") if part)
        past = [
            {"role": role, "content": said}
            for pair in row.get("history") or ()
            for role, said in zip(("user", "assistant"), pair, strict=True)
        ]
        return (*head, *past, {"role": "user", "content": text})
    if any(row.get(name) for name in _HALVES) and row.get("conversations"):
        return (*head, *_messages(row["conversations"], "user"))
    if any(row.get(name) for name in _HALVES) and row.get("messages"):
        return (*head, *_messages(row["messages"], "user"))
    return ()


def _messages(value: Any, role: str) -> tuple[Mapping[str, Any], ...]:
    """Messages by role and content, however they were written."""
    if isinstance(value, str):
        return ({"role": role, "content": value},)
    if isinstance(value, Mapping):
        return (_message(value, role),)
    return tuple(_message(one, role) for one in value or ())


def _message(one: Any, role: str) -> Mapping[str, Any]:
    if not isinstance(one, Mapping):
        return {"role": role, "content": str(one)}
    if "role" in one:
        return one
    said = one.get("from", role)
    return {"role": _ROLES.get(said, said), "content": one.get("value", "")}
