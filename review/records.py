"""What flows in a review: the plan and its items, and people's verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

__all__ = [
    "Decided",
    "Design",
    "Forgotten",
    "PlannedItem",
    "Returned",
    "ReviewPlan",
    "Reviews",
    "Role",
    "Stratum",
    "Verdict",
]

Design = Literal["simple", "stratified"]
Role = Literal["estimate", "routed", "gold", "repeat"]
Decided = Literal["accept", "reject", "fix", "skip"]


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the kept samples from which its own random sample is drawn.

    Attributes:
        name: "" where the design has one stratum only.
        size: how many kept samples it has.
        drawn: how many of them are in the plan for the estimate.
    """

    name: str
    size: int
    drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """One sample that people are to see, and why; no part of it but the sample is shown to them.

    Attributes:
        item: names it in its plan; says nothing of its role.
        sample: the sample's id.
        content: hash of the sample's content when the plan was made (`population.content_hash`).
        role: "estimate" for those drawn by lot, which alone count for the acceptance rate;
            "routed" for those that judges disagreed on; "gold" for those whose right verdict is
            known; "repeat" for those that a person sees a second time.
        place: the order in which items are given out, from 0; drawn by lot.
        stratum: the name of its stratum.
        reviewers: by how many different people it is to be decided; 0 means by each of them
            (gold).
        weight: how many kept samples it stands for (stratum's size over those drawn from it); 0
            where it does not count for the estimate.
        expected: the right verdict where it is known, "accept" or "reject"; else "". A gold sample
            that was drawn by lot too counts for the estimate.
        repeats: for a repeat the item that it repeats; it is for the people who decided that one,
            and some items after it; else "".
    """

    item: str
    sample: str
    content: str
    role: Role
    place: int
    stratum: str = ""
    reviewers: int = 1
    weight: float = 0.0
    expected: str = ""
    repeats: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPlan:
    """Which samples are shown, drawn so that anyone can draw the same ones again.

    Attributes:
        id: hash of all that decided about the items.
        dataset: hash of the kept samples that it was drawn from (`population.Population.hash`).
        population: how many there were.
        design: "simple" is one random sample of all, "stratified" one of each stratum.
        strata: their sizes and what was drawn from them.
        strata_by: what the strata were made of, such as ("strategy", "score").
        allocation: how many were drawn from each: "proportional" to its size, or by Neyman's rule.
        half_width: half the length of the interval that was expected from the plan.
        seed: of the draw.
        level: the confidence of the interval that is aimed at.
        precision: the wanted half width of the interval, or None.
        minutes: the people's time available in all, or None.
        seconds_each: how long one decision was taken to last.
        overlap: the share of the items for the estimate that several people decide.
        overlap_reviewers: how many people these are for each.
        sequential: whether looking at the number before the end was planned for.
        clear_at: the rate at which a sequential review may end: it is clearly reached, or clearly
            not; None where nothing was named.
        made: when, UTC, ISO 8601.
        items: in the order of their places.
    """

    id: str
    dataset: str
    population: int
    design: Design
    strata: tuple[Stratum, ...]
    seed: int
    strata_by: tuple[str, ...] = ()
    allocation: Literal["proportional", "neyman"] = "proportional"
    half_width: float | None = None
    level: float = 0.95
    precision: float | None = None
    minutes: float | None = None
    seconds_each: float = 40.0
    overlap: float = 0.0
    overlap_reviewers: int = 2
    sequential: bool = False
    clear_at: float | None = None
    made: str = ""
    items: tuple[PlannedItem, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one person decided about one item.

    Attributes:
        id: made where it was decided, so that sending it twice counts once.
        plan, dataset: of the plan that the item belongs to; verdicts of another dataset are kept
            apart.
        item, sample: what was decided about.
        content: hash of the sample's content that was decided about.
        reviewer: the person's name.
        verdict: "fix" means that the sample was not acceptable as it was, and that `fixed` is.
        reason: a defect's name from the project's list, or "".
        text: the person's own words, or "".
        fixed: for "fix" the fields of the sample as they should be, a JSON object (`messages`,
            `rejected`, `answer` ...); the original is kept.
        wrong_steps: indices of reasoning steps that the person marked as wrong.
        when: UTC, ISO 8601.
        seconds: how long it took.
        shown: hash of what the page showed, the order of the halves included.
        scores_shown: whether the judges' scores were to be seen before the decision.
        settles: whether it is the owner's, given to settle what others disagreed on or to correct
            them; it then counts instead of theirs.
    """

    id: str
    plan: str
    dataset: str
    item: str
    sample: str
    content: str
    reviewer: str
    verdict: Decided
    when: str
    seconds: float = 0.0
    reason: str = ""
    text: str = ""
    fixed: str = ""
    wrong_steps: tuple[int, ...] = ()
    shown: str = ""
    scores_shown: bool = False
    settles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A verdict as another tool gave it back.

    Attributes:
        where: the file and the row, for messages.
        item, sample: as they were handed over; either may be "".
        reviewer: as the tool names the person, or "".
        verdict: "accept", "reject", "fix" or "skip"; "" where nobody decided.
        reason, text: as in `Verdict`.
        response: for "fix" the last answer as it should be, or "".
        when: as the tool wrote it, or "".
        seconds: how long it took; 0 where that is not known.
    """

    where: str
    item: str
    sample: str
    reviewer: str
    verdict: str
    reason: str = ""
    text: str = ""
    response: str = ""
    when: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many entries were (or would be) taken out of the reviews.

    Attributes:
        verdicts: entries of the log of verdicts, undone ones included.
        reviewers: people's names and tokens.
        other: leases, drafts and the like.
    """

    verdicts: int = 0
    reviewers: int = 0
    other: int = 0

    def __add__(self, other: Forgotten) -> Forgotten:
        return Forgotten(
            self.verdicts + other.verdicts,
            self.reviewers + other.reviewers,
            self.other + other.other,
        )


class Reviews(Protocol):
    """Where verdicts are kept; `store.open_reviews(folder)` gives it for a run's folder."""

    def verdicts(self) -> list[Verdict]:
        """The verdicts that stand, of all plans, in the order in which they came: the latest one
        of each person on each item; what was undone is not among them."""

    def add(self, verdicts: Iterable[Verdict]) -> int:
        """Add verdicts that were given elsewhere; those whose id is there already are passed
        over. Returns how many were added."""

    def forget(
        self,
        *,
        samples: Collection[str] = (),
        reviewers: Collection[str] = (),
        dry: bool = False,
    ) -> Forgotten:
        """Take out all that is there about these samples, and all that these people entered, so
        that nothing of it is left in the file; `dry` only counts."""
