"""What the simulated model puts into a field, by the field's name; a field of a name that it does
not know gets a few words of the seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .simulated_demands import Demands
from .simulated_dialogue import Player
from .simulated_draft import Draft
from .simulated_judge import Verdict
from .simulated_phrases import SENTENCES
from .simulated_prompt import Dice, Prompt

__all__ = ["Content", "asks_for_verdict", "one_of", "string_of", "truth_of"]

_QUESTIONS = ("instruction", "question", "problem", "prompt", "query", "user", "task")
_ANSWERS = ("response", "answer", "chosen", "output", "completion", "assistant", "reply")
_DRAFTED = frozenset((*_QUESTIONS, *_ANSWERS, "steps", "rejected", "edits", "final_answer"))
_SCORES = frozenset({"score", "rating", "points", "grade", "verdict", "acceptable", "correct"})
_REASONS = frozenset({"rationale", "reason", "reasons", "reasoning", "critique", "explanation"})
_GOOD = frozenset(
    {"yes", "y", "pass", "passed", "accept", "acceptable", "good", "correct", "true", "valid"}
    | {"keep", "right", "sound", "ok", "supported"}
)
_BAD_NEWS = (
    *("flaw", "error", "refus", "leak", "unsafe", "harm", "wrong", "halluc", "contradict"),
    *("fail", "missing", "duplicate", "broken", "incorrect", "invalid", "reject", "violat"),
)


class Content:
    """What one reply is written from: a draft, or a verdict where one is asked for, the demands
    on its fields, and the part in a dialogue."""

    def __init__(
        self,
        dice: Dice,
        draft: Draft,
        verdict: Verdict | None,
        demands: Demands | None = None,
        player: Player | None = None,
    ) -> None:
        self.dice = dice
        self.draft = draft
        self.verdict = verdict
        self.demands = demands
        self.player = player

    def items(self, name: str) -> int | None:
        """How many items an array of this name has, or None for any number."""
        return self.draft.items(name)

    @property
    def steps(self) -> Sequence[str]:
        """The steps of the draft."""
        return self.draft.steps

    def word(self) -> str:
        """A word of the seed."""
        return self.draft.material.word()

    def filler(self) -> str:
        """A sentence to make a text longer."""
        return self.draft.material.fill(SENTENCES)

    def leaves_out(self, name: str) -> bool:
        """Whether an optional field stays null."""
        return name not in _DRAFTED and name not in _REASONS and self.dice.roll() < 0.25

    def number(self, name: str) -> int | None:
        """The number that belongs into a field of this name, or None for any."""
        if self.player is not None and (number := self.player.number(name)) is not None:
            return number
        final = self.verdict is None and name in ("answer", "final_answer", "result")
        return self.draft.number if final else None

    def share(self, name: str) -> float:
        """Where between its bounds a number lies, from 0 to 1."""
        return self.dice.roll() if self.verdict is None else self.verdict.share()


def asks_for_verdict(names: frozenset[str], prompt: Prompt) -> bool:
    """True where properties of these names ask for a verdict on an answer, and for no draft."""
    if not names or not names.isdisjoint(_DRAFTED):
        return False
    return not names.isdisjoint(_SCORES) or prompt.tagged("response") is not None


def string_of(content: Content, name: str, parent: str, index: int) -> str:
    """The text for a field called `name` inside one called `parent`."""
    if content.verdict is not None:
        if name == "claim":
            return content.verdict.claim(index)
        if name == "quote":
            return content.verdict.support(index)
        return content.verdict.rationale()
    if content.player is not None:
        said = content.player.string(name, parent, index)
        if said is not None:
            return said
    if content.demands:
        flawed = content.draft.flaw in ("refusal", "too_short")
        text = _undemanded(content, name, parent, index)
        return content.demands.met(name, text, content.filler, spoilt=flawed)
    return _undemanded(content, name, parent, index)


def _undemanded(content: Content, name: str, parent: str, index: int) -> str:
    for key in (f"{parent}.{name}", name, parent):
        write = _WRITERS.get(key.lower())
        if write is not None:
            return write(content, index)
    return f"{content.word()} {content.draft.material.phrase()}"


def truth_of(content: Content, name: str) -> bool:
    """True or False for a field called `name`; a verdict where one is asked for."""
    if content.player is not None and (truth := content.player.truth(name)) is not None:
        return truth
    if content.verdict is None:
        return content.dice.roll() < 0.5
    return content.verdict.sound is not any(news in name.lower() for news in _BAD_NEWS)


def one_of(content: Content, name: str, values: Sequence[Any], index: int) -> Any:
    """One of the values of an enum: the score or verdict where one is asked for, the roles in
    turn, and by the dice otherwise."""
    if content.verdict is not None and content.verdict.compared in values:
        return content.verdict.compared
    if content.verdict is None:
        if name == "role":
            return values[index % len(values)]
        if name == "kind" and set(values) == {"check", "fix", "end"}:
            return content.draft.flow.text("nodes", index, name)
        return content.dice.pick(values)
    numbers = [_as_number(value) for value in values]
    if None not in numbers:
        order = sorted(range(len(values)), key=lambda place: numbers[place] or 0.0)
        return values[order[round(content.verdict.share() * (len(order) - 1))]]
    good = [value for value in values if str(value).lower() in _GOOD]
    bad = [value for value in values if value not in good]
    wanted = good if content.verdict.sound else bad
    return content.dice.pick(wanted or values)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    return float(value) if isinstance(value, str) and value.isdecimal() else None


def _answer(content: Content, index: int) -> str:
    draft = content.draft
    return draft.final if draft.has_steps else draft.answer


def _step(content: Content, index: int) -> str:
    steps = content.steps
    return steps[index % len(steps)]


def _numbered_steps(content: Content, index: int) -> str:
    return "\n".join(f"{place}. {step}" for place, step in enumerate(content.steps, 1))


def _turn(content: Content, index: int) -> str:
    draft = content.draft
    return draft.material.fill(SENTENCES) if index % 2 else draft.question


def _of_flow(items: str, field: str) -> Callable[[Content, int], str]:
    return lambda content, index: content.draft.flow.text(items, index, field)


_WRITERS: dict[str, Callable[[Content, int], str]] = {
    **dict.fromkeys(_QUESTIONS, lambda content, index: content.draft.question),
    **dict.fromkeys(_ANSWERS, lambda content, index: content.draft.answer),
    **dict.fromkeys(("answer", "final_answer"), _answer),
    **dict.fromkeys(("steps", "step"), _step),
    **dict.fromkeys(("reasoning", "chain_of_thought", "solution"), _numbered_steps),
    **dict.fromkeys(("turns", "messages", "content"), _turn),
    **dict.fromkeys(
        ("rejected", "rejected_response"), lambda content, index: content.draft.rejected
    ),
    **dict.fromkeys(
        ("flaw_location", "where", "location"), lambda content, index: content.draft.flaw_place
    ),
    **dict.fromkeys(
        ("quote", "quotes", "misleading_quote", "span", "excerpt", "evidence"),
        lambda content, index: content.draft.quote(),
    ),
    "edits.quote": lambda content, index: content.draft.edit[0],
    "edits.instead": lambda content, index: content.draft.edit[1],
    "within": lambda content, index: "",
    "label": lambda content, index: content.draft.label(index),
    "passage": lambda content, index: content.draft.answer,
    "issue": lambda content, index: content.draft.question,
    "terms": lambda content, index: content.draft.term(),
    "assumptions": lambda content, index: content.draft.material.fill(SENTENCES),
    "reason": lambda content, index: content.draft.material.fill(SENTENCES),
    "wrong_reason": lambda content, index: content.draft.material.fill(SENTENCES),
    **{
        f"{items}.{field}": _of_flow(items, field)
        for items, fields in (
            ("nodes", ("id", "text")),
            ("edges", ("source", "target", "condition")),
        )
        for field in fields
    },
    "system": lambda content, index: content.draft.system,
    "setup": lambda content, index: content.draft.setup,
    **dict.fromkeys(
        ("request", "lead_in", "hidden", "order"), lambda content, index: content.draft.question
    ),
    "document": lambda content, index: (
        f"{content.filler()} {content.filler()}\n\n{content.filler()}"
    ),
}
