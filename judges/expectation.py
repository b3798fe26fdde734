"""The probability of each point of a scale, from the log-probabilities of a reply's tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from ..records import Token

__all__ = ["probabilities"]

_NUMBER = re.compile(r"\s*(-?\d+)")
_MOST_UNSURE = 0.02
"""The share of the probability that may be on numbers of which the tokens do not tell whether
they are at their end (the 1 of a 10)."""


def probabilities(
    tokens: Sequence[Token], start: int, end: int, points: Sequence[int]
) -> dict[int, float] | str:
    """How probable each point was, the sum being 1; or why that cannot be told, in a few words.

    As in G-Eval (Liu et al., 2023): the probabilities of the tokens in the place of the score,
    shared out anew among those that are points. A point of several tokens has the product.

    Args:
        tokens: they make up the reply.
        start, end: where the given score stands in the reply.
        points: the scale.
    """
    if not tokens:
        return "the endpoint gives no log-probabilities"
    place, before = _token_at(tokens, start)
    token = tokens[place]
    if not token.alternatives:
        return "there are no log-probabilities where the score stands"
    head = token.text[: start - before]
    given = "".join(t.text for t in tokens)[start:end]
    behind = before + len(token.text)
    found: dict[int, float] = {}
    unsure = 0.0
    read = [(_number_in(word, head), math.exp(p)) for word, p in token.alternatives.items()]
    numbers = [(*number, p) for number, p in read if number is not None]
    shown = {number for number, _, _ in numbers}
    for number, ended, p in numbers:
        longer = [str(one) for one in points if str(one).startswith(number) and str(one) != number]
        longer = [] if ended else longer
        if longer and given.startswith(number) and behind < start + len(number) + 1:
            for more, q in _continued(tokens, place, number, points).items():
                found[more] = found.get(more, 0.0) + p * q
            continue
        if longer and shown.isdisjoint(longer):
            unsure += p
            continue
        if int(number) in points:
            found[int(number)] = found.get(int(number), 0.0) + p
    total = sum(found.values())
    if unsure > _MOST_UNSURE * (total + unsure):
        return "the tokens do not tell a number from a longer one that begins alike"
    if not total or not found.get(_whole(given)):
        return "the score given is not among the most likely tokens"
    return {point: found[point] / total for point in sorted(found)}


def _whole(given: str) -> int:
    return round(float(given)) if re.fullmatch(r"-?\d+(\.0+)?", given) else -(10**9)


def _token_at(tokens: Sequence[Token], position: int) -> tuple[int, int]:
    """The number of the token that holds a position, and where that token begins."""
    start = 0
    for number, token in enumerate(tokens):
        if start + len(token.text) > position:
            return number, start
        start += len(token.text)
    return len(tokens) - 1, start - len(tokens[-1].text)


def _number_in(word: str, head: str) -> tuple[str, bool] | None:
    """The number that an alternative begins with, behind what the token has before the score, and
    whether something stands behind it, so that it cannot go on."""
    rest = word.removeprefix(head) if not head or word.startswith(head) else word.lstrip()
    match = _NUMBER.match(rest)
    return (match[1], match.end() < len(rest)) if match else None


def _continued(
    tokens: Sequence[Token], place: int, number: str, points: Sequence[int]
) -> Mapping[int, float]:
    """How a number goes on that other points begin with, by the token behind it."""
    alternatives: Mapping[str, float] = {}
    if place + 1 < len(tokens):
        alternatives = tokens[place + 1].alternatives
    found: dict[int, float] = {}
    for word, p in alternatives.items():
        digits = re.match(r"\d+", word)
        point = int(number + digits[0]) if digits else int(number)
        if point in points:
            found[point] = found.get(point, 0.0) + math.exp(p)
    total = sum(found.values())
    if not total:  # nothing is known of what else might have followed
        return {int(number): 1.0} if int(number) in points else {}
    return {point: share / total for point, share in found.items()}
