"""A dialogue as it is played: whose turn it is, what they see, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..checks.dialogue import turn_checks
from ..checks.dialogue_acts import find_words, shares_words
from ..checks.dialogue_plan import Exchange
from ..checks.dialogue_window import estimate_tokens, show, shown_turns
from ..records import Ask, Check, Mention, Seed, Turn
from .dialogue_faults import dispute_fault, reply_fault
from .dialogue_forms import (
    Amended,
    Linked,
    LinkedReaction,
    Mistaken,
    Reaction,
    Said,
    Scene,
)

__all__ = ["Play"]

_PARTS_OF_ROOM = 8
"""A turn may take this part of the room for the dialogue, so that the turns that must be shown
always fit: the last two, and those that the plan needs."""

_CLOSE = Exchange("close", "close")
_FORMS: Mapping[str, type[Said]] = {
    "ask": Said,
    "specify": Linked,
    "correct": Linked,
    "change": Reaction,
    "close": Reaction,
}
_REPLY_FORMS: Mapping[str, type[Said]] = {"mistake": Mistaken, "amend": Amended, "close": Said}


@dataclass(frozen=True, slots=True)
class _ShownFact:
    fact: str
    words: str
    kept_back: bool


class Play:
    """One dialogue, from its first turn to its close.

    Args:
        ask: what reaches the models.
        seed: gives the assistant its passage.
        scene: the user's side.
        system: the assistant's system message, or "".
        plan: the exchanges, in order.
        attributes: what was sampled for the draw.
        patience: how many replies without help the user bears.
        least: exchanges before which nobody closes.
        room: tokens for the turns that a prompt shows.
        user_model: who plays the user, "" for the generator's own model.

    Attributes:
        ended_by: why the dialogue ended.
    """

    def __init__(
        self,
        ask: Ask,
        seed: Seed,
        scene: Scene,
        system: str,
        plan: Sequence[Exchange],
        *,
        attributes: Mapping[str, str],
        patience: int,
        least: int,
        room: int,
        user_model: str = "",
    ) -> None:
        self.ended_by = "end of the plan"
        self._ask = ask
        self._seed = seed
        self._scene = scene
        self._system = system
        self._plan = plan
        # A length is that of answers; all else is told of the person and what they ask.
        self._attributes = {name: attributes[name] for name in attributes if name != "length"}
        self._length = attributes.get("length", "")
        self._patience = patience
        self._least = least
        self._user_model = user_model
        self._goal_reached = False
        self._turns: list[Turn] = []
        self._subjects: list[int] = []
        self._told: set[int] = set()
        self._mistake: Mistaken | None = None
        self._details: list[str] = []
        self._amends: list[str] = []
        self._room = room
        self._longest = room // _PARTS_OF_ROOM

    async def run(self) -> None:
        """Play it.

        Raises:
            ReplyError: a turn could not be had in the form and with the act that it must have.
        """
        for place, planned in enumerate(self._plan):
            rest = self._plan[place + 1 :]
            if self._may_skip(planned, rest):
                continue
            exchange = await self._user(planned, rest)
            await self._assistant(exchange)
            if exchange is not planned:
                return
        if self._goal_reached:
            self.ended_by = "goal reached"

    def messages(self) -> tuple[Turn, ...]:
        """The dialogue, under its system message; indices count that message."""
        if not self._system:
            return tuple(self._turns)
        moved = [
            replace(
                turn,
                depends_on=tuple(index + 1 for index in turn.depends_on),
                entities=tuple(replace(one, turn=one.turn + 1) for one in turn.entities),
            )
            for turn in self._turns
        ]
        return (Turn("system", self._system), *moved)

    def proofs(self) -> tuple[Check, ...]:
        """What was checked against the scene while it was played."""
        found = {"details": self._details, "amends": self._amends}
        return tuple(Check(name, True, "; ".join(said)) for name, said in found.items() if said)

    # The user.

    def _may_skip(self, planned: Exchange, rest: Sequence[Exchange]) -> bool:
        done = len(self._turns) // 2
        return self._goal_reached and not planned.needed and done + len(rest) >= self._least

    async def _user(self, planned: Exchange, rest: Sequence[Exchange]) -> Exchange:
        """Take the user's turn; returns the exchange that came of it, a close where they chose
        to end the talk."""
        act = planned.user
        enough = len(self._turns) // 2 + 1 >= self._least
        form = _FORMS.get(act, LinkedReaction)
        reacts = issubclass(form, Reaction | LinkedReaction)
        open_ = reacts and act != "close" and enough
        may_close = open_ and not any(one.needed for one in (planned, *rest[:-1]))
        may_give_up = open_ and self._patience <= 0
        shown = self._shown(self._aim(planned))

        def outcome(reply: Said) -> Exchange:
            if isinstance(reply, Reaction | LinkedReaction) and (
                (may_close and reply.goal_reached) or (may_give_up and not reply.reply_helped)
            ):
                return _CLOSE
            return planned

        def fault(reply: Said) -> str | None:
            exchange = outcome(reply)
            turn = self._turn("user", exchange, reply)
            return self._fault(turn, shown) or self._user_fault(exchange, turn)

        reply = await self._ask(
            form,
            template="conversation_user",
            model=self._user_model or None,
            check=fault,
            scene=self._scene,
            attributes=self._attributes,
            facts=self._facts(),
            turns=show(self._turns, shown),
            act=act,
            matter=self._matter(planned),
            wrong=self._mistake.wrong if self._mistake else "",
            right=self._mistake.right if self._mistake else "",
            patience=self._patience,
            reacts=reacts,
            may_close=may_close,
            may_give_up=may_give_up,
        )
        exchange = outcome(reply)
        if isinstance(reply, Reaction | LinkedReaction):
            self._goal_reached = reply.goal_reached
            self._patience -= not reply.reply_helped
            if exchange is not planned:
                self.ended_by = (
                    "goal reached" if may_close and reply.goal_reached else "patience used up"
                )
        if act == "specify":
            self._told.add(planned.item)
            words = self._scene.facts[planned.item].words
            self._details.append(f"turn {len(self._turns) + 1} tells {words!r} when asked")
        self._add(self._turn("user", exchange, reply), exchange)
        return exchange

    def _user_fault(self, exchange: Exchange, turn: Turn) -> str | None:
        text = turn.content
        for item, fact in enumerate(self._scene.facts):
            asked = exchange.user == "specify" and item == exchange.item
            if asked and not shares_words(fact.words, text):
                return f"it must tell {fact.words!r}"
            if not asked and self._is_kept_back(item) and find_words(fact.words, text):
                return f"it must not tell {fact.words!r} before the assistant asks for it"
        if exchange.user == "correct" and self._mistake is not None:
            return dispute_fault(turn, self._mistake)
        return None

    def _is_kept_back(self, item: int) -> bool:
        asked_for = {one.item for one in self._plan if one.user == "specify"}
        return item in asked_for and item not in self._told

    def _facts(self) -> list[_ShownFact]:
        return [
            _ShownFact(fact.fact, fact.words, self._is_kept_back(item))
            for item, fact in enumerate(self._scene.facts)
        ]

    def _matter(self, exchange: Exchange) -> str:
        """What the user's act is about, in the scene's words."""
        scene = self._scene
        if exchange.user == "specify" or exchange.assistant == "clarify":
            return scene.facts[exchange.item].fact
        if exchange.user == "overstep":
            return scene.off_limits[exchange.item]
        if exchange.user == "change":
            return scene.other_subjects[exchange.item]
        if exchange.user == "return":
            return scene.other_subjects[max(0, max(self._subjects) - 1)]
        return ""

    # The assistant.

    async def _assistant(self, exchange: Exchange) -> None:
        act = exchange.assistant
        shown = self._shown(())

        def fault(reply: Said) -> str | None:
            turn = self._turn("assistant", exchange, reply)
            return self._fault(turn, shown) or reply_fault(
                reply, self._turns, self._mistake if exchange.user == "correct" else None
            )

        reply = await self._ask(
            _REPLY_FORMS.get(act, Linked),
            template="conversation_assistant",
            check=fault,
            system=self._system,
            seed=self._seed,
            turns=show(self._turns, shown),
            act=act,
            rule=self._scene.rule,
            length=self._length,
        )
        if isinstance(reply, Amended):
            number = len(self._turns) + 1
            self._amends.append(f"turn {number}: {reply.withdrawn!r} became {reply.instead!r}")
        self._mistake = reply if isinstance(reply, Mistaken) else None
        self._add(self._turn("assistant", exchange, reply), exchange)

    # Both.

    def _turn(self, role: str, exchange: Exchange, reply: Said) -> Turn:
        """The turn that a reply makes, with the links that follow from its act."""
        act = exchange.user if role == "user" else exchange.assistant
        links: set[int] = set()
        mentions: list[Mention] = []
        if isinstance(reply, Linked) and act != "close":
            links.update(number - 1 for number in reply.depends_on)
            for one in reply.entities:
                mention = Mention(one.entity, one.turn - 1, one.words)
                links.add(mention.turn)
                if mention not in mentions:
                    mentions.append(mention)
        if role == "assistant" or act in ("specify", "correct"):
            links.add(len(self._turns) - 1)
        return Turn(role, reply.text, act, tuple(sorted(links)), tuple(mentions))

    def _fault(self, turn: Turn, shown: Sequence[int]) -> str | None:
        """What is wrong with a turn whoever says it."""
        if estimate_tokens(turn.content) > self._longest:
            return f"it is too long: a turn has at most {4 * self._longest} characters"
        for check in turn_checks(self._turns, turn):
            if check.passed is False:
                return check.detail
        hidden = [index + 1 for index in turn.depends_on if index not in shown]
        return f"turn {hidden[0]} is not shown, and nothing can depend on it" if hidden else None

    def _add(self, turn: Turn, exchange: Exchange) -> None:
        self._turns.append(turn)
        self._subjects.append(exchange.subject)

    def _aim(self, exchange: Exchange) -> Sequence[int]:
        """The turns that a planned turn of the user is going to depend on."""
        if exchange.user == "return":
            before = [i for i, subject in enumerate(self._subjects) if subject == 0]
            return before[-2:]
        if exchange.user == "revise":
            own = [i for i, turn in enumerate(self._turns) if turn.role == "user"]
            return own[-2:]
        return ()

    def _shown(self, needed: Sequence[int]) -> list[int]:
        return shown_turns(self._turns, self._room, needed=needed)
