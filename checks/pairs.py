"""Are the two halves of a preference pair alike in what should not set them apart?"""

from __future__ import annotations

from ..records import Check

__all__ = ["alike_in_length", "length_fault"]

_RATIO = 2.5
_SHORT = 200  # characters; below it, a ratio of lengths says nothing


def alike_in_length(chosen: str, rejected: str) -> Check:
    """Whether the longer half has at most 2.5 times the characters of the other, or at most 200;
    a reward model would learn the length otherwise. The detail gives both lengths."""
    shorter, longer = sorted((len(chosen), len(rejected)))
    return Check(
        "halves alike in length",
        longer <= max(_SHORT, _RATIO * shorter),
        f"{len(chosen)} and {len(rejected)} characters",
    )


def length_fault(chosen: str, rejected: str) -> str | None:
    """What is wrong with the lengths, in words that can be sent back to the model, or None."""
    if alike_in_length(chosen, rejected).passed:
        return None
    name, other = ("chosen", "rejected") if len(chosen) > len(rejected) else ("rejected", "chosen")
    ratio = max(len(chosen), len(rejected)) / max(1, min(len(chosen), len(rejected)))
    return (
        f"'{name}' is {ratio:.1f} times as long as '{other}'; make them about equally long, so "
        "that they do not differ in length"
    )
