"""What the page is given of a sample: all that a person needs to decide, and nothing that would
decide for them."""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from typing import Any

import orjson

from ..records import Sample, Turn, sample_from_json, sample_to_json

__all__ = ["after_decision", "chosen_side", "pack", "shown_to", "unpack"]

_AS_IT_IS = ("answer", "steps", "constraints", "spans", "labels", "flow", "passage")


def pack(sample: Sample) -> bytes:
    """A sample as the database keeps it."""
    return zlib.compress(sample_to_json(sample), 3)


def unpack(body: bytes) -> Sample:
    """The sample that `pack` packed."""
    return sample_from_json(zlib.decompress(body))


def shown_to(
    sample: Sample, *, plan: str, item: str, reviewer: int, with_scores: bool
) -> dict[str, Any]:
    """What a person sees before they decide.

    Of a pair the halves stand in an order of this person's own, without a word about which is the
    chosen one, and neither flaw nor checks nor attributes, which would tell. Scores and rationales
    of judges are left out unless `with_scores`. `shown` is the hash of it all.
    """
    view: dict[str, Any] = {
        "item": item,
        "strategy": sample.strategy,
        "messages": sample.messages,
        "sides": None,
        "source": sample.seed.source if sample.seed else "",
        "licence": sample.seed.licence if sample.seed else "",
        "scores_shown": with_scores,
    }
    view |= {name: getattr(sample, name) for name in _AS_IT_IS}
    if sample.rejected:
        common = _common(sample.messages, sample.rejected)
        halves = [sample.messages[common:], sample.rejected[common:]]
        if chosen_side(plan, item, reviewer):
            halves.reverse()
        view |= {"messages": sample.messages[:common], "sides": halves}
        # They speak of the chosen half, and would say which it is.
        view |= {"answer": None, "steps": (), "spans": ()}
    else:
        view |= _telling(sample)
    if with_scores:
        view |= _judged(sample)
    plain: dict[str, Any] = orjson.loads(orjson.dumps(view))
    digest = hashlib.blake2b(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS), digest_size=16)
    return plain | {"shown": digest.hexdigest()}


def after_decision(sample: Sample, *, plan: str, item: str, reviewer: int) -> dict[str, Any]:
    """What a person may see once they have decided."""
    told = _telling(sample) | _judged(sample)
    if sample.rejected:
        told |= {
            "chosen": chosen_side(plan, item, reviewer),
            "flaw": sample.flaw,
            "answer": sample.answer,
            "steps": sample.steps,
            "spans": sample.spans,
        }
    plain: dict[str, Any] = orjson.loads(orjson.dumps(told))
    return plain


def chosen_side(plan: str, item: str, reviewer: int) -> int:
    """On which side the chosen half stands for a person: 0 left (or above), 1 right (or below)."""
    said = f"{plan}\n{item}\n{reviewer}".encode()
    return hashlib.blake2b(said, digest_size=1).digest()[0] & 1


def _telling(sample: Sample) -> dict[str, Any]:
    return {"checks": sample.checks, "attributes": sample.attributes}


def _judged(sample: Sample) -> dict[str, Any]:
    judgements = [
        {
            "judge": one.judge,
            "criterion": one.criterion,
            "score": one.score,
            "points": one.points,
            "rationale": one.rationale,
        }
        for one in sample.judgements
    ]
    return {"score": sample.score, "judgements": judgements}


def _common(chosen: tuple[Turn, ...], rejected: tuple[Turn, ...]) -> int:
    """How many turns both halves begin with; at least one turn of each is left over."""
    count = 0
    for one, other in zip(chosen[:-1], rejected[:-1], strict=False):
        if dataclasses.astuple(one)[:2] != dataclasses.astuple(other)[:2]:
            break
        count += 1
    return count
