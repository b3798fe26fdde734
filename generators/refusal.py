"""Harmful requests that are refused, beside harmless ones that sound like them and are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, Field, PrivateAttr, field_validator

from ..checks.demands import Demand, fault_in, flaw_shown, verdicts_on
from ..checks.pairs import Likeness
from ..errors import RecipeError, ReplyError
from ..records import Ask, Attribute, Draw, Flaw, Sample, Seed, Turn
from .base import Generator, variant
from .policies import Category, Policy, default_policy, read_policy

__all__ = ["LIKENESSES", "Refusal"]

Kind = Literal["harmful", "look_alike"]

LIKENESSES: Mapping[str, str] = {
    "homonym": "a word that names a harm elsewhere and means something else here, as in killing a "
    "process",
    "figure_of_speech": "a figure of speech that sounds harmful taken word for word",
    "safe_target": "something done to a thing, which would be harmful if it were done to a person",
    "safe_context": "something that is harmless where it happens: in a game, a film, a novel, "
    "sport or at the doctor's",
    "definition": "what something harmful is, means or is called, without how it is done",
    "history": "an event of the past or a case in court, as anybody may learn about it",
    "public_matter": "something about a public or fictional person that everybody may know",
    "protection": "how to notice, prevent, report or survive such a harm",
}
"""How a harmless request can sound like a harmful one, after the types of safe prompts in XSTest
(Röttger et al., arXiv 2308.01263); the last one is ours."""

_TRUE = frozenset({"true", "yes", "1", "harmful", "unsafe"})
_FALSE = frozenset({"false", "no", "0", "harmless", "safe"})


class Refusal(Generator):
    """A harmful request with a polite, firm and useful refusal, or a harmless one that sounds like
    it with an answer and, as the rejected half, a refusal that is out of place.

    Categories come from a policy file, and draws go through them and through both kinds. With
    `requests` the seeds are requests of your own with their category, and are used word for word;
    otherwise a model writes them, from the category's description alone and without anything that
    could be acted on, in the field of the seed where that goes together.

    A harmful request has no rejected half, since that would be help with harm; `short_compliance`
    gives it one that agrees to help and says nothing.
    """

    kind = "refusal"
    scalar: ClassVar[str] = "policy"
    own_attributes: ClassVar[frozenset[str]] = frozenset(
        {"category", "harmful", "likeness", "request_from"}
    )

    policy: str = ""
    """A YAML file of categories (name, description, harmless, offers, examples, drafted); by
    default `recipes/data/hazards.yaml` in silversmith, after the MLCommons hazard taxonomy."""

    categories: tuple[str, ...] = ()
    """Some of the policy's categories, by name; by default all."""

    kinds: tuple[Kind, ...] = get_args(Kind)
    """What to draw: requests that are refused (harmful), and requests that sound like them and are
    answered (look_alike). Not for `requests`, which say so themselves."""

    requests: bool = False
    """Whether the seeds are requests, each with a column `category`, and with a column `harmful`
    (true or false) where some are harmless; without it all are harmful."""

    short_compliance: bool = False
    """Whether a harmful request has a rejected half: a few sentences that agree to help and hold no
    information. For preference training, which needs pairs. The refusal is then as short."""

    _policy: Policy | None = PrivateAttr(default=None)

    class Refused(BaseModel, str_strip_whitespace=True):
        """A refusal."""

        chosen: str = Field(min_length=1, description="The refusal, whole.")
        offer: str = Field(
            min_length=1,
            description="Where chosen offers something instead: a short quote from chosen.",
        )

    class Compliance(BaseModel, str_strip_whitespace=True):
        """A reply that should have been a refusal."""

        rejected: str = Field(
            min_length=1, description="A few sentences that agree to help and say nothing."
        )

    class Answered(BaseModel, str_strip_whitespace=True):
        """An answer, and a refusal that is out of place."""

        chosen: str = Field(min_length=1, description="The answer, whole.")
        rejected: str = Field(min_length=1, description="The refusal that is out of place, whole.")
        where: str = Field(
            min_length=1,
            description="Where rejected refuses: a short quote from rejected, word for word.",
        )

    class Request(BaseModel, str_strip_whitespace=True):
        """A request."""

        request: str = Field(min_length=1, description="What the user asks, whole.")

    class RefusedPair(Compliance, Refused):  # pydantic puts the fields of the last base first
        """A refusal and a compliance."""

    class RequestRefused(Refused, Request):
        """A request and its refusal."""

    class RequestRefusedPair(Compliance, Refused, Request):
        """A request, its refusal and a compliance."""

    class RequestAnswered(Answered, Request):
        """A request, its answer and a refusal."""

    @field_validator("kinds")
    @classmethod
    def _at_least_one(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if not kinds:
            raise ValueError("name at least one of harmful, look_alike")
        return kinds

    def prepare(self, folder: Path) -> None:
        self._policy = policy = read_policy(folder / self.policy) if self.policy else None
        policy = policy or default_policy()
        for name in self.categories:
            if policy.category(name) is None:
                raise RecipeError(f"generators.{self.title}.categories: {policy.unknown(name)}")
        if not self.requests and not self._cases():
            raise RecipeError(
                f"generators.{self.title}: nothing can be drawn, because no model may write "
                "requests of the named categories (drafted: false); add kinds: look_alike, or "
                "bring requests of your own"
            )

    @property
    def contents(self) -> Any:
        return (self._policy or default_policy()).model_dump(mode="json")

    @property
    def needs(self) -> str:
        return "requests (rows with an instruction)" if self.requests else super().needs

    def accepts(self, seed: Seed) -> bool:
        return bool(seed.instruction.strip()) if self.requests else super().accepts(seed)

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        category, harmful = self._given(seed) if self.requests else self._drawn(seed, draw)
        given = seed.text if self.requests else ""
        likeness = "" if harmful or given else _likeness(seed, draw)
        form = self._form(harmful=harmful, given=bool(given))
        demands = [
            demand
            for demand in (_refused(paired=self.short_compliance) if harmful else _ANSWERED)
            if demand.field in form.model_fields
        ]
        lengths = Likeness.drawn(_MOST, f"{seed.id}/{draw.number}")
        paired = "rejected" in form.model_fields
        said = [demand.words for demand in demands]
        reply = await ask(
            form,
            check=partial(_fault, demands, lengths),
            seed=Seed(source=seed.source) if given else seed,
            draw=draw,
            variant=variant(seed, draw),
            category=category,
            harmful=harmful,
            request=given,
            likeness=LIKENESSES.get(likeness, ""),
            compliance=self.short_compliance,
            demands=[*said, f"rejected: {lengths.words()}"] if paired else said,
        )
        texts = reply.model_dump()
        prompt = Turn("user", given or texts["request"])
        rejected = texts.get("rejected")
        checks = verdicts_on(demands, texts)
        flaw = _flaw(texts, harmful=harmful) if rejected else None
        if flaw is not None:
            alike = lengths.check(reply.chosen, reply.rejected)
            checks = (*checks, flaw_shown(flaw.kind, checks, flaw.where), alike)
        named = {
            "category": category.name,
            "harmful": "yes" if harmful else "no",
            "likeness": likeness,
            "request_from": "the seeds" if given else "the model",
            **draw.attributes,
        }
        return Sample(
            messages=(prompt, Turn("assistant", reply.chosen, act="refuse" if harmful else "")),
            rejected=(prompt, Turn("assistant", rejected)) if rejected else (),
            flaw=flaw,
            passage=seed.passage,
            attributes=tuple(Attribute(name, value) for name, value in named.items() if value),
            checks=checks,
        )

    def _cases(self) -> Sequence[tuple[Category, bool]]:
        policy = self._policy or default_policy()
        listed = [each for each in policy.categories if each.name in self.categories]
        return [
            (category, kind == "harmful")
            for category in listed or policy.categories
            for kind in self.kinds
            if kind == "look_alike" or category.drafted
        ]

    def _drawn(self, seed: Seed, draw: Draw) -> tuple[Category, bool]:
        cases = self._cases()
        return cases[variant(seed, draw, of=1) % len(cases)]

    def _given(self, seed: Seed) -> tuple[Category, bool]:
        policy = self._policy or default_policy()
        name = seed.fields.get("category")
        category = policy.category(str(name).strip()) if name is not None else None
        if category is None:
            said = policy.unknown(name) if name is not None else "the request has no category"
            raise ReplyError(f"{seed.source}: {said}")
        harmful = str(seed.fields.get("harmful", True)).strip().lower()
        if harmful not in _TRUE | _FALSE:
            raise ReplyError(
                f"{seed.source}: the column harmful holds {harmful}; it is true or false"
            )
        return category, harmful in _TRUE

    def _form(self, *, harmful: bool, given: bool) -> type[Any]:
        if not harmful:
            return self.Answered if given else self.RequestAnswered
        if self.short_compliance:
            return self.RefusedPair if given else self.RequestRefusedPair
        return self.Refused if given else self.RequestRefused


_MOST = 1.5
"""How many times as long as the other one half of a pair may be: a refusal has less to say than an
answer, and what agrees to help and says nothing has less to say than a refusal."""


def _refused(*, paired: bool) -> Sequence[Demand]:
    """What is demanded of a harmful request and what replies to it."""
    return (
        Demand("request", "at_most_words", "40"),
        Demand("request", "no_list"),
        Demand("chosen", "declines"),
        Demand("chosen", "at_most_words", "50" if paired else "120"),
        Demand("chosen", "no_list"),
        Demand("offer", "over_words", "3"),
        Demand("offer", "quotes", "chosen"),
        Demand("offer", "helps"),
        # Nothing that could be of use to anybody: no list, no figures, few words.
        Demand("rejected", "agrees"),
        Demand("rejected", "at_most_words", "60"),
        Demand("rejected", "no_list"),
        Demand("rejected", "no_digits"),
    )


_ANSWERED = (
    Demand("request", "at_most_words", "60"),
    Demand("chosen", "helps"),
    Demand("chosen", "at_most_words", "150"),
    Demand("rejected", "declines"),
    Demand("rejected", "at_most_words", "180"),
    Demand("rejected", "withholds", "chosen"),
    Demand("where", "quotes", "rejected"),
    Demand("where", "differs", "chosen"),
)


def _fault(demands: Sequence[Demand], lengths: Likeness, reply: BaseModel) -> str | None:
    texts = reply.model_dump()
    fault = fault_in(demands, texts)
    if fault is None and "rejected" in texts:
        return lengths.fault(texts["chosen"], texts["rejected"])
    return fault


def _likeness(seed: Seed, draw: Draw) -> str:
    return tuple(LIKENESSES)[variant(seed, draw, of=2) % len(LIKENESSES)]


def _flaw(texts: Mapping[str, str], *, harmful: bool) -> Flaw:
    return (
        Flaw("unsafe_compliance", "the whole reply")
        if harmful
        else Flaw("over_refusal", texts["where"])
    )
