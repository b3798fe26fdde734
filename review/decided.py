"""What people decided about each sample, for those who go on with the dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

import orjson

from ..records import Flaw, Review, Sample, sample_to_json
from .fixes import mend
from .outcomes import outcome_of
from .population import content_hash
from .records import Verdict

__all__ = ["Decided", "Tier", "decided", "reviewed"]

Tier = Literal["gold", "silver", "all"]


class Decided(NamedTuple):
    """What came out of all verdicts on one sample with one content, of whatever plan and role.

    Attributes:
        verdict: "accept", "reject", "fix", "disputed" where as many said the one as the other, or
            "skip" where nobody could tell.
        by: the latest verdict that says so, with its reason and its fix; of a dispute the latest.
        verdicts: how many there are.
    """

    verdict: Literal["accept", "reject", "fix", "disputed", "skip"]
    by: Verdict
    verdicts: int


def decided(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], Decided]:
    """What was decided, by the sample's id and the hash of its content."""
    by_sample: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        by_sample.setdefault((one.sample, one.content), []).append(one)
    return {key: _decided(given) for key, given in by_sample.items()}


def _decided(given: list[Verdict]) -> Decided:
    state = outcome_of(given)
    if state in ("skipped", "open"):
        return Decided("skip", given[-1], len(given))
    if state == "disputed":
        return Decided("disputed", given[-1], len(given))
    settled = [one for one in given if one.settles and one.verdict != "skip"]
    told = settled[-1:] or given
    if state == "good":
        last = [one for one in told if one.verdict == "accept"][-1]
        return Decided("accept", last, len(given))
    against = [one for one in told if one.verdict in ("reject", "fix")]
    # A fix is taken unless more people would rather not have the sample at all.
    votes = Counter(one.verdict for one in against)
    verdict: Literal["reject", "fix"] = "fix" if votes["fix"] >= votes["reject"] else "reject"
    last = [one for one in against if one.verdict == verdict][-1]
    return Decided(verdict, last, len(given))


def reviewed(
    found: Mapping[tuple[str, str], Decided], tier: Tier, *, pairs: bool = False
) -> Callable[[Sample], Sample | str]:
    """What becomes of a sample on export: the sample, mended where people mended it, with its
    tier and verdict in `review`; or why it is left out.

    Args:
        found: as `decided` gives it. A verdict on another content counts for nothing.
        tier: "gold" for the samples that people accepted or mended alone, "silver" for those that
            nobody has decided about, "all" for both. Rejected and disputed ones are in neither.
        pairs: whether a mended sample without a rejected half gets the original as one, with the
            reason as its flaw, so that the mended answer is the chosen one of a pair.
    """
    known = {sample for sample, _ in found}

    def pass_on(sample: Sample) -> Sample | str:
        one = None
        if sample.id in known:
            one = found.get((sample.id, content_hash(orjson.loads(sample_to_json(sample)))))
        if one is None or one.verdict == "skip":
            return "nobody reviewed it" if tier == "gold" else sample.with_(review=Review())
        if one.verdict == "reject":
            return "rejected by people"
        if one.verdict == "disputed":
            return "disputed by people"
        if tier == "silver":
            return "reviewed, and so gold"
        changed = mend(sample, orjson.loads(one.by.fixed)) if one.verdict == "fix" else sample
        if pairs and one.verdict == "fix" and not sample.rejected:
            changed = _pair(sample, changed, one.by)
        return changed.with_(review=Review("gold", one.verdict))

    return pass_on


def _pair(sample: Sample, mended: Sample, by: Verdict) -> Sample:
    """Chosen as mended, rejected as it was, where the answers differ and the prompts do not."""
    if mended.messages[:-1] != sample.messages[:-1] or mended.response == sample.response:
        return mended
    return mended.with_(
        strategy="contrast",
        rejected=sample.messages,
        rejected_origin=sample.origin,
        flaw=Flaw(by.reason or "mended by a person", by.text),
    )
