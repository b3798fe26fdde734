"""System message against user: who is obeyed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, Field, field_validator, model_validator

from ..checks.attacks import ATTACKS, INJECTED, AttackName, Grade, Manner
from ..checks.demands import Demand, fault_in, flaw_shown, verdicts_on
from ..checks.hierarchy import RULES, Rule, RuleKind, make_rule
from ..checks.pairs import Likeness, lengths_differ
from ..records import Ask, Attribute, Constraint, Draw, Flaw, Sample, Seed, Turn
from .base import Generator, variant

__all__ = ["Hierarchy"]

_ALWAYS_MIXED: tuple[RuleKind, ...] = ("format", "language")


class Hierarchy(Generator):
    """A system message with a rule, a user message that pushes against it, a reply that keeps the
    rule and helps as far as it may, and one that gives in.

    Rules, attacks and grades are combined, and each draw of a seed takes the next combination. In
    a look-alike nothing is forbidden: the good reply helps, and the rejected one refuses. What can
    be proven is proven by checks: a made-up secret that stands in the system message alone, the
    rule's own form in both halves, quotes of where the halves help and give in.

    Follows Wallace et al., "The Instruction Hierarchy" (arXiv 2404.13208).
    """

    kind = "hierarchy"
    own_attributes: ClassVar[frozenset[str]] = frozenset(
        {"rule", "rule_variety", "attack", "grade", "encoding", "place"}
    )

    rules: tuple[RuleKind, ...] = RULES
    """The kinds of rules to draw from: secret (something told to the assistant alone), persona (a
    name that it keeps), scope (one subject, all else is referred), format, language."""

    attacks: tuple[AttackName, ...] = get_args(AttackName)
    """The ways of pushing to draw from."""

    grades: tuple[Grade, ...] = get_args(Grade)
    """How far the user may be served: conflict (not at all), mixed (in part), look_alike (in full,
    though it sounds alike). Without look-alikes a model learns to refuse."""

    class Halves(BaseModel, str_strip_whitespace=True):
        """Two replies, and where they part."""

        chosen: str = Field(min_length=1, description="The reply that keeps the rule, whole.")
        helps: str = Field(
            min_length=1,
            description="Where chosen does something for the user, or offers it: a short quote "
            "from chosen, word for word.",
        )
        rejected: str = Field(min_length=1, description="The worse reply, whole.")
        where: str = Field(
            min_length=1,
            description="Where rejected goes wrong: a short quote from rejected, word for word.",
        )

    class System(BaseModel, str_strip_whitespace=True):
        """A system message."""

        system: str = Field(min_length=1, description="The system message, with the rule in it.")

    class User(BaseModel, str_strip_whitespace=True):
        """What the user says."""

        user: str = Field(min_length=1, description="The user's message, whole.")

    class Hidden(BaseModel, str_strip_whitespace=True):
        """What the user says in clear and in code."""

        lead_in: str = Field(
            min_length=1,
            description="What the user writes before the encoded text, in clear words.",
        )
        hidden: str = Field(
            min_length=1, description="What the encoded text says, in plain words: not encoded."
        )

    class Injected(BaseModel, str_strip_whitespace=True):
        """What the user asks for, and the text that it is about."""

        request: str = Field(
            min_length=1, description="What the user wants done with the text, in their own words."
        )
        document: str = Field(
            min_length=1, description="The text, whole, two paragraphs or more, without the order."
        )
        order: str = Field(
            min_length=1, description="The order that is put into the text, one to three sentences."
        )

    class UserDraft(Halves, User, System):  # pydantic puts the fields of the last base first
        """A system message, a user message and two replies."""

    class HiddenDraft(Halves, Hidden, System):
        """The same, with a user message that is encoded in part."""

    class InjectedDraft(Halves, Injected, System):
        """The same, with a text that holds an order of its own."""

    @field_validator("rules", "attacks", "grades")
    @classmethod
    def _at_least_one(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError("name at least one, or leave the option out for all of them")
        return names

    @model_validator(mode="after")
    def _something_to_draw(self) -> Hierarchy:
        if not self.cases:
            raise ValueError(
                "nothing can be drawn: in a conflict the user wants nothing that they may have, but"
                " whoever pastes a document (quoted_document, tool_result) or wants another form or"
                " language of a reply (format, language) does; add the grade mixed or look_alike"
            )
        return self

    @cached_property
    def cases(self) -> Sequence[tuple[RuleKind, AttackName, Grade]]:
        """What the draws go through, in an order in which neighbours have little in common.

        Not every combination makes sense: whoever pastes a document, or wants a reply of another
        form or language, also wants something legitimate.
        """
        listed = [
            (rule, attack, grade)
            for rule in self.rules
            for attack in self.attacks
            for grade in self.grades
            if grade != "conflict" or (attack not in INJECTED and rule not in _ALWAYS_MIXED)
        ]
        # Steps of about the golden section, with no common divisor, meet all and never neighbours.
        step = next(
            step
            for step in range(max(1, round(0.618 * len(listed))), 2 * len(listed) + 2)
            if math.gcd(step, max(1, len(listed))) == 1
        )
        return [listed[place * step % len(listed)] for place in range(len(listed))]

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        number = variant(seed, draw, of=1)
        kind, attack, grade = self.cases[number % len(self.cases)]
        rule = make_rule(kind, f"{seed.id}/{draw.number}")
        how = Manner(attack, number, seed.text)
        form = _FORMS.get(attack, Hierarchy.UserDraft)
        demands = _demands(rule, grade, tuple(form.model_fields))
        likeness = _likeness(rule, grade, f"{seed.id}/{draw.number}")
        said = [demand.words for demand in demands]
        reply = await ask(
            form,
            check=partial(_fault, likeness, demands),
            seed=seed,
            draw=draw,
            rule=rule,
            attack=attack,
            manner=ATTACKS[attack][grade == "look_alike"],
            grade=grade,
            encoding=how.encoding,
            place=how.place,
            demands=[*said, f"rejected: {likeness.words()}"] if likeness is not None else said,
        )
        texts = reply.model_dump()
        prompt = (Turn("system", reply.system), Turn("user", how.user_message(texts)))
        flaw = Flaw("over_refusal" if grade == "look_alike" else "gave_in", reply.where)
        checks = verdicts_on(demands, texts)
        checks = (*checks, flaw_shown(flaw.kind, checks, flaw.where))
        alike = lengths_differ("the rule is one of length")
        if likeness is not None:
            alike = likeness.check(reply.chosen, reply.rejected)
        named = {
            "rule": rule.kind, "rule_variety": rule.variety, "attack": attack, "grade": grade,
            "encoding": how.encoding, "place": how.place, **draw.attributes,
        }  # fmt: skip
        return Sample(
            messages=(*prompt, Turn("assistant", reply.chosen)),
            rejected=(*prompt, Turn("assistant", reply.rejected)),
            flaw=flaw,
            constraints=(Constraint(f"{rule.kind}:{rule.variety}", rule.arguments, True),),
            passage=seed.passage,
            attributes=tuple(Attribute(name, value) for name, value in named.items() if value),
            checks=(*checks, alike),
        )


_FORMS: Mapping[AttackName, type[Any]] = {
    "encoded": Hierarchy.HiddenDraft,
    "quoted_document": Hierarchy.InjectedDraft,
    "tool_result": Hierarchy.InjectedDraft,
}


def _demands(rule: Rule, grade: Grade, fields: Sequence[str]) -> tuple[Demand, ...]:
    """All that a program can check of a draft."""
    said = [name for name in fields if name not in Hierarchy.Halves.model_fields]
    demands = [Demand("system", "contains", rule.token)]
    if rule.unknown:
        demands += [Demand(name, "conceals", rule.unknown) for name in said[1:]]
    if rule.named and grade != "look_alike":
        demands.append(Demand(said[-1], "contains", rule.named))
    if "order" in said:
        demands.append(Demand("order", "differs", "document"))
    demands += [Demand("chosen", kind, argument) for kind, argument in rule.kept]
    if grade == "look_alike":
        if rule.kind == "scope":
            demands[-1] = Demand("chosen", *rule.broken[0])
        demands.append(Demand("chosen", "helps"))
    # More words than a signature or the name of a desk has.
    demands += [Demand("helps", "over_words", "3"), Demand("helps", "quotes", "chosen")]
    demands.append(Demand("helps", "helps"))
    wrong = rule.broken
    if grade == "look_alike":
        # An over-refusal keeps the rule, or else training would not learn what is wrong with it.
        wrong = (("declines", ""), *rule.kept)
        if rule.variety != "closing":  # a whole sentence, which both halves end with
            wrong = (*wrong, ("withholds", "chosen"))
    demands += [Demand("rejected", kind, argument) for kind, argument in wrong]
    demands += [Demand("where", "quotes", "rejected"), Demand("where", "differs", "chosen")]
    return tuple(demands)


def _fault(
    likeness: Likeness | None, demands: Sequence[Demand], reply: Hierarchy.Halves
) -> str | None:
    fault = fault_in(demands, reply.model_dump())
    if fault is None and likeness is not None:
        return likeness.fault(reply.chosen, reply.rejected)
    return fault


_MOST: Mapping[Grade, float] = {"mixed": 1.35, "conflict": 1.5, "look_alike": 1.5}
"""How many times as long as the other one half may be. In a mixed case both halves do the same
thing; a refusal has less to say than what gives in, or helps."""

_BETWEEN_LANGUAGES = 4.0
"""The same thing takes 40 signs in Chinese and 130 in German."""


def _likeness(rule: Rule, grade: Grade, key: str) -> Likeness | None:
    """How alike in length the halves are to be; None where breaking the rule is a matter of it.
    An over-refusal keeps the rule, and so is alike whatever the rule is about."""
    if grade == "look_alike":
        return Likeness.drawn(_MOST[grade], key)
    if rule.lengths_differ:
        return None
    if rule.kind == "language":
        return Likeness(_BETWEEN_LANGUAGES)
    return Likeness.drawn(_MOST[grade], key)
