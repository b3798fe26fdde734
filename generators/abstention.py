"""Questions that a text cannot answer, beside twins that it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator

from ..checks.demands import Demand, fault_in, flaw_shown, verdicts_on
from ..checks.facts import replaced, still_says, telling_sentences, without_sentence
from ..checks.pairs import Likeness
from ..checks.texts import count_words
from ..records import Ask, Attribute, Check, Draw, Flaw, Sample, Seed, Turn
from .base import Generator, variant

__all__ = ["Abstention"]

Way = Literal["remove", "vaguer"]

_TAKEN_OUT: Mapping[Way, str] = {"remove": "with its sentence", "vaguer": "for vaguer words"}
_MARKS = (('"""\n', '\n"""'), ("<text>\n", "\n</text>"), ("", ""))
_LEFT = 0.5
"""The share of a passage's words that must be left when a fact is taken out."""


class Abstention(Generator):
    """A question about a passage: in even draws the passage answers it, and in odd ones the fact
    that it needs has been taken out, so that the right answer says what is missing and what would
    help.

    Draws 0 and 1 are twins, 2 and 3, and so on: both are about the same sentence of the passage,
    and have the same value of the attribute `pair`. The rejected half of an answerable question
    abstains all the same; that of an unanswerable one makes the answer up. Needs passages (seeds
    from documents) with at least one sentence that states something particular.

    The idea is that of SQuAD 2.0 (Rajpurkar et al., arXiv 1806.03822), with the difference that
    the passage is changed, by program, and not the question.
    """

    kind = "abstention"
    own_attributes: ClassVar[frozenset[str]] = frozenset(
        {"answerable", "pair", "fact", "taken_out"}
    )

    draws: int = Field(default=2, ge=2, multiple_of=2)
    """How many samples are planned for each seed; two for each pair of twins."""

    ways: tuple[Way, ...] = ("remove", "vaguer")
    """How a fact is taken out: with its whole sentence (remove), or by putting vaguer words in the
    place of its words (vaguer), such as "within a certain time" for "within 30 days". Pairs take
    them in turn."""

    min_words: int = Field(default=60, ge=20)
    """Shorter passages are not used."""

    system: str = (
        "Answer from the text in the user's message and from nothing else. Where it does not hold "
        "the answer, say what is missing and what would help."
    )
    """The system message of all samples; an empty one for none."""

    class Reply(BaseModel, str_strip_whitespace=True):
        """A question about the target sentence, and two replies."""

        question: str = Field(
            min_length=1, description="What the user asks, in words of their own."
        )
        fact: str = Field(
            min_length=1,
            description="The fewest words of the target sentence that answer the question: a "
            "number with its unit, a name, a date, a condition.",
        )
        chosen: str = Field(min_length=1, description="The right reply, whole.")
        rejected: str = Field(min_length=1, description="The wrong reply, whole.")

    class Answered(Reply):
        """A question, its answer, and a reply that holds back for no reason."""

    class Unanswered(Reply):
        """A question, a reply that says that the answer is missing, and one that makes it up."""

        missing: str = Field(
            min_length=1,
            description="Where chosen says what is missing: a short quote from chosen.",
        )
        helps: str = Field(
            min_length=1, description="Where chosen says what would help: a quote from chosen."
        )
        invented: str = Field(
            min_length=1, description="The words of rejected that are made up: a short quote."
        )

    class Blurred(Unanswered):
        """The same, with vaguer words for the fact."""

        vaguer: str = Field(
            min_length=1,
            description="Words to put in the place of fact, which leave open what it says and fit "
            "into the sentence grammatically.",
        )

    @field_validator("ways")
    @classmethod
    def _at_least_one(cls, ways: tuple[Way, ...]) -> tuple[Way, ...]:
        if not ways:
            raise ValueError("name at least one way to take a fact out: remove, vaguer")
        return ways

    @property
    def needs(self) -> str:
        return (
            f"passages of documents with at least {self.min_words} words, and in them a sentence, "
            "which stands there once, that states a number, a name or a marked word"
        )

    def accepts(self, seed: Seed) -> bool:
        """Only passages that are long enough and state something particular."""
        passage = seed.passage
        if passage is None or count_words(passage.text) < self.min_words:
            return False
        return bool(telling_sentences(passage.text))

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        assert seed.passage is not None
        passage = seed.passage.text
        pair, odd = divmod(draw.number, 2)
        nth = variant(seed, Draw(pair), of=1)
        sentences = telling_sentences(passage)
        target = sentences[nth % len(sentences)]
        way: Way | None = self.ways[nth % len(self.ways)] if odd else None
        form: type[Abstention.Reply] = self.Answered
        if odd:
            form = self.Blurred if way == "vaguer" else self.Unanswered
        demands = _DEMANDS[way]
        likeness = Likeness.drawn(_MOST, f"{seed.id}/{draw.number}")
        reply = await ask(
            form,
            check=partial(_fault, way, passage, target, demands, likeness),
            seed=seed,
            draw=draw,
            variant=variant(seed, draw),
            target=target,
            way=way or "",
            demands=[*(demand.words for demand in demands), f"rejected: {likeness.words()}"],
        )
        texts = reply.model_dump()
        text = _shown(way, passage, texts) or passage
        texts |= {"target": target, "passage": text}
        asked = _user_message(reply.question, text, nth)
        head = (Turn("system", self.system.strip()),) if self.system.strip() else ()
        prompt = (*head, Turn("user", asked))
        checks = verdicts_on(demands, texts)
        flaw = Flaw("needless_abstention", "the whole reply")
        if odd:
            flaw = Flaw("invented_answer", texts["invented"])
        gone = Check(
            "passage says it" if way is None else "passage no longer says it",
            still_says(text, reply.fact) is (way is None),
            reply.fact,
        )
        named = {
            "answerable": "no" if odd else "yes",
            "pair": f"{seed.id[:12]}/{pair}",
            "fact": reply.fact,
            "taken_out": "" if way is None else _TAKEN_OUT[way],
            **draw.attributes,
        }
        return Sample(
            messages=(*prompt, Turn("assistant", reply.chosen)),
            rejected=(*prompt, Turn("assistant", reply.rejected)),
            flaw=flaw,
            answer=None if odd else reply.fact,
            passage=seed.passage,
            attributes=tuple(Attribute(name, value) for name, value in named.items() if value),
            checks=(
                gone,
                *checks,
                flaw_shown(flaw.kind, checks, flaw.where),
                likeness.check(reply.chosen, reply.rejected),
            ),
        )


_MOST = 1.5
"""How many times as long as the other one half may be: what says that something is missing, and
what would help, takes about two sentences, and so does an answer."""

_WORDS = "60"
_ANSWERED = (
    Demand("fact", "quotes", "target"),
    Demand("fact", "at_most_words", "15"),
    Demand("chosen", "at_most_words", _WORDS),
    Demand("rejected", "at_most_words", "70"),
    Demand("question", "lacks", "fact"),
    Demand("chosen", "holds", "fact"),
    Demand("chosen", "answers"),
    Demand("chosen", "helps"),
    Demand("rejected", "abstains"),
    Demand("rejected", "lacks", "fact"),
)
_UNANSWERED = (
    Demand("fact", "quotes", "target"),
    Demand("fact", "at_most_words", "15"),
    Demand("chosen", "at_most_words", _WORDS),
    Demand("rejected", "at_most_words", "70"),
    Demand("question", "lacks", "fact"),
    Demand("chosen", "abstains"),
    Demand("chosen", "lacks", "fact"),
    Demand("missing", "quotes", "chosen"),
    Demand("helps", "over_words", "3"),
    Demand("helps", "quotes", "chosen"),
    Demand("helps", "differs", "missing"),
    Demand("rejected", "answers"),
    Demand("rejected", "helps"),
    Demand("rejected", "lacks", "fact"),
    Demand("invented", "quotes", "rejected"),
    Demand("invented", "differs", "passage"),
    Demand("invented", "differs", "chosen"),
)
_DEMANDS: Mapping[Way | None, Sequence[Demand]] = {
    None: _ANSWERED,
    "remove": _UNANSWERED,
    "vaguer": (*_UNANSWERED, Demand("vaguer", "lacks", "fact")),
}


def _fault(
    way: Way | None,
    passage: str,
    target: str,
    demands: Sequence[Demand],
    likeness: Likeness,
    reply: Abstention.Reply,
) -> str | None:
    texts = reply.model_dump()
    text = _shown(way, passage, texts)
    if text is None:
        return (
            f"fact: '{reply.fact}' does not stand exactly once in the passage; quote a little "
            "more of the target sentence, word for word"
        )
    if way is not None and still_says(text, reply.fact):
        return (
            f"fact: the passage says '{reply.fact}' in another place too, so that it cannot be "
            "taken out; choose other words of the target sentence"
        )
    if count_words(text) < _LEFT * count_words(passage):
        return "fact: without it too little of the passage is left; quote fewer words"
    return fault_in(demands, {**texts, "target": target, "passage": text}) or likeness.fault(
        reply.chosen, reply.rejected
    )


def _shown(way: Way | None, passage: str, texts: Mapping[str, str]) -> str | None:
    """The passage as the user shows it; None where the fact does not stand in it once."""
    if way is None:
        return passage
    if way == "vaguer":
        return replaced(passage, texts["fact"], texts["vaguer"])
    return without_sentence(passage, texts["fact"])


def _user_message(question: str, text: str, nth: int) -> str:
    opening, closing = _MARKS[nth % len(_MARKS)]
    shown = f"{opening}{text}{closing}"
    return f"{question}\n\n{shown}" if nth % 2 else f"{shown}\n\n{question}"
