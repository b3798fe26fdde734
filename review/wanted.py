"""What a plan of a review is to reach, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import ReviewError

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan is to reach, and with what.

    Attributes:
        precision: half the length of the interval of the acceptance rate, such as 0.03; the
            default where neither `minutes` nor `samples` says how many.
        minutes: people's time, all of them together.
        samples: how many are drawn for the estimate.
        expect: the acceptance rate that is expected; 0.5 needs the most samples, so that the
            precision is reached whatever the rate is.
        level: the confidence of the interval.
        stratify: what strata are made of (`strata.BY`); none for one simple random sample.
        seconds_each: how long one decision takes.
        people: how many review; each of them sees all gold items.
        overlap: the share of the drawn samples that several people decide.
        overlap_reviewers: how many these are.
        repeats: the share of the drawn samples that one person sees twice, 50 at most.
        routed: how many samples on which judges disagree are shown beside, the worst first; None
            for a twentieth of those drawn.
        gold: the right verdicts ("accept" or "reject") of some samples, by their ids.
        sequential: whether one may look at the number at any time and stop.
        clear_at: the rate that it may stop at as soon as it is clearly reached or clearly not.
        seed: of the draw; None for a random one.
    """

    precision: float | None = None
    minutes: float | None = None
    samples: int | None = None
    expect: float = 0.5
    level: float = 0.95
    stratify: tuple[str, ...] = ()
    seconds_each: float = 40.0
    people: int = 1
    overlap: float = 0.1
    overlap_reviewers: int = 2
    repeats: float = 0.05
    routed: int | None = None
    gold: Mapping[str, str] = field(default_factory=dict)
    sequential: bool = False
    clear_at: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if fault := next((text for wrong, text in self._faults() if wrong), ""):
            raise ReviewError(fault)

    def _faults(self) -> Iterator[tuple[bool, str]]:
        given = [self.precision, self.minutes, self.samples]
        yield (
            sum(one is not None for one in given) > 1,
            "A plan is made for a precision, for minutes or for a number of samples: name one",
        )
        yield (
            self.samples is not None and self.samples < 1,
            f"A plan has one sample at least, not {self.samples}",
        )
        yield (
            self.precision is not None and not 0.001 <= self.precision < 0.5,
            f"A precision is half the length of the interval, such as 0.03, not {self.precision}",
        )
        yield (
            not 0.0 <= self.expect <= 1.0,
            f"An expected rate lies between 0 and 1, not at {self.expect}",
        )
        yield (
            not 0.5 <= self.level < 1.0,
            f"A confidence lies between 0.5 and 1, not at {self.level}",
        )
        yield (
            not (0.0 <= self.overlap <= 1.0 and 0.0 <= self.repeats <= 1.0),
            "The shares of overlap and of repeats lie between 0 and 1",
        )
        yield (self.overlap_reviewers < 2, "An overlap needs two reviewers or more for a sample")
        yield (
            self.seconds_each <= 0 or (self.minutes is not None and self.minutes <= 0),
            "Times are longer than nothing",
        )
        yield self.people < 1, "It takes one reviewer at least"
        yield (self.routed or 0) < 0, "No fewer than none can be routed"
        yield (
            self.sequential and bool(self.stratify),
            "Stopping early needs one simple random sample: leave the strata or the looking out",
        )
        yield (
            self.clear_at is not None and not (self.sequential and 0.0 < self.clear_at < 1.0),
            f"A sequential review ends at a rate between 0 and 1, not at {self.clear_at}",
        )
        for sample, verdict in self.gold.items():
            yield (
                verdict not in ("accept", "reject"),
                f"The gold sample {sample!r} has the verdict {verdict!r}: accept or reject",
            )
