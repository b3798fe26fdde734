"""The constraints that one instruction carries: in words, in its text, and checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import CheckError
from ..records import Check, Constraint

if TYPE_CHECKING:
    from ..checks.constraints import VerifiableConstraint

__all__ = ["AskedConstraints", "Choice", "choices"]

Choice = str | dict[str, Mapping[str, Any] | None]
"""A kind or a family of kinds, or one kind with its arguments."""

_REPEAT = "combination:repeat_prompt"
_SAME_AS_ATTRIBUTE = {"length": "length_constraints:", "language": "language:"}
"""Constraints on what an attribute of that name settles already."""


@dataclass(frozen=True)
class AskedConstraints:
    """Constraints on the response to one instruction.

    Attributes:
        text: a constraint in words that no program checks, or "".
        verifiable: the others, each with a number that chooses its words.
    """

    text: str = ""
    verifiable: tuple[tuple[VerifiableConstraint, int], ...] = ()

    @cached_property
    def repeats(self) -> bool:
        """Whether the request is to be repeated before it is answered."""
        return any(made.id == _REPEAT for made, _ in self.verifiable)

    @cached_property
    def sentences(self) -> list[str]:
        """The constraints in words, in the order in which they stand behind the instruction."""
        # What is to be repeated stands before the sentence that says so.
        ordered = sorted(self.verifiable, key=lambda each: each[0].id == _REPEAT)
        said = [made.sentence(words) for made, words in ordered]
        return [self.text, *said] if self.text else said

    def instruction(self, drafted: str) -> str:
        """The instruction with the constraints behind it, each once."""
        return _joined(drafted, self.sentences)

    def fault(self, drafted: str, response: str) -> str | None:
        """What the response breaks, in words that can be sent back; None where it breaks none.

        Args:
            drafted: the instruction without the constraints.
        """
        wrong = [
            f"{fault} ({made.sentence(words)})"
            for made, words in self._bound(drafted)
            if (fault := made.fault(response)) is not None
        ]
        return f"the response breaks its constraints: {'; '.join(wrong)}" if wrong else None

    def recorded(self, drafted: str, response: str) -> tuple[Constraint, ...]:
        """The constraints as a sample keeps them."""
        text = (_record("text", {"text": self.text}, None),) if self.text else ()
        return (
            *text,
            *(
                _record(made.id, made.model_dump(mode="json"), made.met(response))
                for made, _ in self._bound(drafted)
            ),
        )

    def checks(self, drafted: str, response: str) -> tuple[Check, ...]:
        """What the verifiers say."""
        return tuple(
            Check(made.id, (fault := made.fault(response)) is None, fault or made.sentence(words))
            for made, words in self._bound(drafted)
        )

    def _bound(self, drafted: str) -> list[tuple[VerifiableConstraint, int]]:
        if not self.repeats:
            return list(self.verifiable)
        request = _joined(drafted, self.sentences[:-1])
        return [(made.bound(request), words) for made, words in self.verifiable]


def choices(
    given: Iterable[Choice], sampled: Collection[str] = ()
) -> tuple[str | VerifiableConstraint, ...]:
    """What the constraints are drawn from; all kinds where nothing is given.

    Args:
        sampled: names of attributes; where `length` or `language` is one, no constraint is about
            that, which would say otherwise.

    Raises:
        ValueError: a kind is unknown, an argument is wrong, or nothing is left.
    """
    from ..checks.constraints import KINDS, constraint, kinds_of

    found: dict[str, str | VerifiableConstraint] = {}
    try:
        for each in given:
            if isinstance(each, str):
                found.update((kind, kind) for kind in kinds_of(each))
            else:
                for kind, arguments in each.items():
                    found[f"{kind} {arguments}"] = constraint(kind, arguments)
    except CheckError as error:
        raise ValueError(str(error)) from error
    settled = tuple(prefix for name, prefix in _SAME_AS_ATTRIBUTE.items() if name in sampled)
    left = [
        one
        for one in found.values() or KINDS
        if not (one if isinstance(one, str) else one.id).startswith(settled)
    ]
    if not left:
        raise ValueError(
            "'verifiable_kinds' has nothing left beside the attributes 'length' and 'language',"
            " which say how the response is to be in this; name other kinds, or leave them out"
        )
    return tuple(left)


def _joined(instruction: str, sentences: Sequence[str]) -> str:
    for sentence in sentences:
        if not instruction.endswith(sentence):
            gap = "\n\n" if "\n" in instruction or "\n" in sentence else " "
            instruction += gap + sentence
    return instruction


def _record(kind: str, arguments: Mapping[str, Any], satisfied: bool | None) -> Constraint:
    return Constraint(kind, orjson.dumps(arguments).decode(), satisfied)
