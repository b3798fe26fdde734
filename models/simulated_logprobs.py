"""The log-probabilities that the simulated model gives: certain of every token but of numbers,
whose neighbours it thinks possible too."""

from __future__ import annotations

import math
import re
from hashlib import blake2b
from typing import Any

__all__ = ["logprobs"]

_TOKEN = re.compile(r"\d{1,3}| ?[^\W\d]+|\s+|.", re.DOTALL)
_LEAST = -100.0


def logprobs(text: str, alternatives: int) -> dict[str, Any]:
    """What a chat completion has under `logprobs`; the same for the same text.

    A number has half to nine tenths of the probability, depending on the text before it; the two
    numbers beside it share the rest.
    """
    return {
        "content": [
            {**one[0], "top_logprobs": one[:alternatives]}
            for one in (_weighed(text, match) for match in _TOKEN.finditer(text))
        ],
        "refusal": None,
    }


def _weighed(text: str, match: re.Match[str]) -> list[dict[str, Any]]:
    """The token and its alternatives, the most likely first."""
    token = match.group()
    if not token.isdecimal():
        return [_entry(token, 1.0)]
    digest = blake2b(text[: match.start()].encode("utf-8", "replace"), digest_size=1).digest()
    share = 0.5 + 0.4 * digest[0] / 255
    number = int(token)
    found = [(token, share), (str(number + 1), (1 - share) / 2)]
    found.append((str(number - 1) if number else " ", (1 - share) / 2))
    return [_entry(word, p) for word, p in found]


def _entry(token: str, probability: float) -> dict[str, Any]:
    logprob = math.log(probability) if probability > 0 else _LEAST
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}
