"""The simulated model as a player of dialogues: it sets scenes, and writes turns that perform the
act that the prompt plans and take up words of earlier turns.

A turn is planned by `<act>NAME</act>`; earlier turns stand as `<turn number="3" role="user">`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from .simulated_draft import Draft
from .simulated_phrases import QUESTIONS, SENTENCES
from .simulated_prompt import Dice, Prompt

__all__ = ["Player"]

_TURN = re.compile(r'<turn number="(\d+)" role="(\w+)">\n(.*?)\n</turn>', re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{5,24}")
_POINTING = frozenset(
    {"about", "could", "might", "other", "should", "their", "there", "these", "those", "where"}
    | {"which", "would"}
)
"""Words that name nothing to take up."""
_DISPUTED = re.compile(r'you said "(.+?)", but it should be "(.+?)"')
_REVISED = re.compile(r'it is not "(.+?)" but "(.+?)"')

_OPENINGS = (
    "I have to deal with {w} and do not know where to begin. What comes first?",
    "quick question about {w} and {v}, which of them matters more",
    "We are stuck with {w} here. How is {v} meant to work?",
    "My colleague left me a note on {w}. What do I need to know about it?",
)
_FOLLOW_UPS = (
    "And what about {e}, does {w} change anything there?",
    "Fine. With {e} in mind, how would you go on with {v}?",
    "You mentioned {e}. Is that the same for {w} and {v}?",
    "Does {e} still hold when {w} comes later?",
    "I see. What happens to {e} if {w} is missing?",
)
_CLARIFYING = (
    "Which {w} do you mean by {e}, the first or the second?",
    "Is {e} about {w} in your case, or about {v}?",
    "What kind of {w} is it that you have for {e}?",
)
_FACTS = (
    "They have had {x} in use since the spring",
    "Their order is for {x}",
    "They were told to count on {x}",
    "Their contract speaks of {x}",
)
_UNITS = ("boxes", "days", "licences", "desks", "pages", "visits", "seats", "parcels")


class Player:
    """One reply as a player of a dialogue.

    Args:
        prompt: what was asked.
        dice: the request's dice.
        draft: what would be written otherwise, with its flaw.
        names: the properties that are asked for.
    """

    def __init__(self, prompt: Prompt, dice: Dice, draft: Draft, names: frozenset[str]) -> None:
        self._prompt = prompt
        self._dice = dice
        self._draft = draft
        self._names = names

    @classmethod
    def of(cls, prompt: Prompt, dice: Dice, draft: Draft, names: frozenset[str]) -> Player | None:
        """A player, where the prompt wants a scene, a turn, or a guess at one."""
        wanted = "off_limits" in names or "answerable" in names
        if wanted or ("text" in names and prompt.tagged("act") is not None):
            return cls(prompt, dice, draft, names)
        return None

    def string(self, name: str, parent: str, index: int) -> str | None:
        """The text for a field, or None where this is no field of a dialogue."""
        write = _STRINGS.get((parent, name)) or _STRINGS.get(("", name))
        return None if write is None else write(self, index)

    def number(self, name: str) -> int | None:
        """The number of the turn that is taken up, or None for other fields."""
        return self._target[0] if name in ("turn", "depends_on") else None

    def truth(self, name: str) -> bool | None:
        """True or False for a field, or None where this is no field of a dialogue."""
        share = {"reply_helped": 0.9, "goal_reached": 0.15}.get(name)
        if name == "answerable":
            share = 0.1 if "<withheld" in self._prompt.last else 0.95
        return None if share is None else self._dice.roll() < share

    # A scene.

    @cached_property
    def _rule(self) -> str:
        fixed = self._prompt.tagged("system")
        if fixed is not None:
            return fixed.rstrip().rpartition(". ")[2]
        return self._draft.material.fill(("You do not decide on {w} for anybody.",))

    def _system(self, index: int) -> str:
        return f"{self._draft.system} {self._rule}"

    @cached_property
    def _amounts(self) -> list[str]:
        start = self._dice.below(80) + 11
        return [f"{start + 7 * place} {_UNITS[place % len(_UNITS)]}" for place in range(24)]

    def _fact(self, index: int) -> str:
        return f"{_FACTS[index % len(_FACTS)].replace('{x}', self._amounts[index])}."

    def _matter(self, index: int) -> str:
        return self._draft.material.fill(("the matter of {w} and {p}", "whether {w} needs {v}"))

    def _request(self, index: int) -> str:
        return self._draft.material.fill(("Decide for them on {w} and sign it.",))

    # A turn.

    @cached_property
    def _act(self) -> str:
        return self._prompt.tagged("act") or ""

    @cached_property
    def _turns(self) -> list[tuple[int, str, str]]:
        text = self._prompt.user[0] if self._prompt.user else ""
        return [(int(number), role, said) for number, role, said in _TURN.findall(text)]

    @cached_property
    def _target(self) -> tuple[int, str, str]:
        """The earlier turn that is taken up."""
        turns = self._turns or [(1, "user", "")]
        if self._act == "return":
            return turns[0]
        if self._act == "revise":
            return next((turn for turn in reversed(turns) if turn[1] == "user"), turns[0])
        far = len(turns) > 3 and self._act != "correct" and self._dice.roll() < 0.3
        return self._dice.pick(turns[-4:-1]) if far else turns[-1]

    @cached_property
    def _entity(self) -> str:
        """A word of that turn, or what is disputed in it."""
        if self._act == "correct" and (wrong := self._prompt.tagged("wrong")):
            return wrong
        words: list[str] = [
            word for word in _WORD.findall(self._target[2]) if word.lower() not in _POINTING
        ]
        return self._dice.pick(words or self._target[2].split()[:1] or ["it"])

    @cached_property
    def _text(self) -> str:
        if self._act in ("answer", "mistake") and self._draft.flaw in ("refusal", "too_short"):
            return self._draft.answer
        if self._draft.flaw == "duplicate" and self._turns:
            return self._dice.pick(self._turns)[2]
        write = _TURNS.get(self._act)
        return self._draft.answer if write is None else write(self)

    def _fill(self, *templates: str) -> str:
        chosen = self._dice.pick(templates).replace("{e}", "\0")
        return self._draft.material.fill((chosen,)).replace("\0", self._entity)

    def _answer(self) -> str:
        return f"{self._draft.answer} {self._fill('That holds for {e} as well.')}"

    def _specify(self) -> str:
        detail = self._prompt.tagged("detail") or ""
        return f"As for {self._entity}: {detail.replace('They have', 'we have')}"

    def _mistake(self) -> str:
        return f"{self._draft.answer} For {self._entity} it takes {self._amounts[0]}."

    def _correct(self) -> str:
        wrong, right = self._prompt.tagged("wrong"), self._prompt.tagged("right")
        return f'That cannot be right: you said "{wrong}", but it should be "{right}".'

    def _revise(self) -> str:
        return (
            f'I had one thing wrong: it is not "{self._entity}" but "{self._amounts[1]}".'
            " What follows from that?"
        )

    @cached_property
    def _change(self) -> tuple[str, str]:
        """What no longer holds, and what takes its place."""
        said = self._turns[-1][2] if self._turns else ""
        found = _DISPUTED.search(said) or _REVISED.search(said)
        return (found[1], found[2]) if found else (self._entity, self._amounts[2])

    def _amend(self) -> str:
        old, new = self._change
        more = self._draft.material.fill(SENTENCES)
        return f"You are right about {self._entity}. What holds is {new} and not {old}. {more}"


_STRINGS: Mapping[tuple[str, str], Callable[[Player, int], str]] = {
    ("", "persona"): lambda player, index: player._draft.material.fill(
        ("Somebody who looks after {w} and {v}, and writes briefly.",)
    ),
    ("", "goal"): lambda player, index: player._draft.material.fill(
        ("To know what to do about {w}, and what comes after {p}.",)
    ),
    ("", "system"): Player._system,
    ("", "rule"): lambda player, index: player._rule,
    ("facts", "fact"): Player._fact,
    ("facts", "words"): lambda player, index: player._amounts[index],
    ("", "other_subjects"): Player._matter,
    ("", "off_limits"): Player._request,
    ("", "text"): lambda player, index: player._text,
    ("entities", "entity"): lambda player, index: player._entity,
    ("entities", "words"): lambda player, index: player._entity,
    ("", "wrong"): lambda player, index: player._amounts[0],
    ("", "right"): lambda player, index: player._amounts[1],
    ("", "withdrawn"): lambda player, index: player._change[0],
    ("", "instead"): lambda player, index: player._change[1],
    ("", "meaning"): lambda player, index: player._draft.material.fill(SENTENCES),
}

_TURNS: Mapping[str, Callable[[Player], str]] = {
    "ask": lambda player: player._draft.material.fill(_OPENINGS),
    "follow_up": lambda player: player._fill(*_FOLLOW_UPS),
    "specify": Player._specify,
    "overstep": lambda player: (
        f"Since we speak of {player._entity}, please do this for me:"
        f" {(player._prompt.tagged('matter') or '').lower()}"
    ),
    "change": lambda player: (
        f"Something else: {player._prompt.tagged('matter')}."
        f" {player._draft.material.fill(QUESTIONS)}"
    ),
    "return": lambda player: player._fill(
        "Back to {e} from the beginning. How does {w} go on from there?",
        "Coming back to what you said on {e}: is {v} enough for that?",
    ),
    "correct": Player._correct,
    "revise": Player._revise,
    "close": lambda player: player._draft.material.fill(
        ("Thank you, that is all I need to go on with {w}.", "That will do for {w}, many thanks.")
    ),
    "answer": Player._answer,
    "clarify": lambda player: player._fill(*_CLARIFYING),
    "refuse": lambda player: player._fill(
        "I'm sorry, but I can't help with that here, since it is not for me to decide. What I can"
        " do is explain {e} and {w}."
    ),
    "mistake": Player._mistake,
    "amend": Player._amend,
}
