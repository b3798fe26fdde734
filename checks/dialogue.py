"""Is an annotated dialogue sound? Roles, dependencies, carried entities, acts, copies and leaks,
turn by turn, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..records import Check, Turn
from .content_words import says_something
from .dialogue_acts import check_act, disputes, find_words, near_copy, role_leak
from .dialogue_plan import Exchange, grammar_fault
from .dialogue_window import first_turn, turn_number

__all__ = ["check_dialogue", "check_plan", "turn_checks"]

_NAMES = ("dependencies", "entities", "acts", "copies", "leaks")
_NEEDS_EARLIER = frozenset({"follow_up", "specify", "return", "correct", "revise"})
_STANDS_ALONE = frozenset({"ask", "change"})
_NEEDS_PREVIOUS = frozenset({"specify", "correct"})


def check_dialogue(messages: Sequence[Turn]) -> tuple[Check, ...]:
    """All that can be told of a finished dialogue with annotated turns: one check each of the
    roles, dependencies, entities, acts, copies and leaks."""
    fault = _role_fault(messages)
    if fault is not None:
        return (Check("roles", False, fault),)
    found: dict[str, list[Check]] = {name: [] for name in _NAMES}
    for index in range(first_turn(messages), len(messages)):
        number = turn_number(messages, index)
        for check in turn_checks(messages[:index], messages[index]):
            detail = f"turn {number}: {check.detail}" if check.detail else ""
            found[check.name].append(Check(check.name, check.passed, detail))
    return (Check("roles", True), *(_joined(name, checks) for name, checks in found.items()))


def turn_checks(earlier: Sequence[Turn], turn: Turn) -> Iterator[Check]:
    """The checks of one turn, given those before it; what is wrong is said in words that can be
    sent back to the model that wrote it."""
    yield _outcome("dependencies", _dependency_fault(earlier, turn))
    yield _outcome("entities", _entity_fault(earlier, turn))
    act = check_act(turn.act, turn.content)
    if turn.act == "correct" and act.passed:
        told = disputes(turn.content)
        act = Check("acts", told, "" if told else "it must dispute what the assistant said")
    yield act
    yield _outcome("copies", _copy_fault(earlier, turn))
    leak = role_leak(turn.role, turn.content)
    yield _outcome("leaks", f"{leak!r} is out of the role of {_a(turn.role)}" if leak else None)


def check_plan(plan: Sequence[Exchange], messages: Sequence[Turn]) -> Check:
    """Whether the planned acts occur in their order, and nothing else; exchanges that are not
    needed may be missing."""
    acts = [turn.act for turn in messages[first_turn(messages) :]]
    pairs = list(zip(acts[::2], acts[1::2], strict=False))
    fault = "a turn has no reply" if len(acts) % 2 else grammar_fault(pairs)
    if fault is not None:
        return Check("plan", False, fault)
    waiting = list(pairs)
    missing = []
    for exchange in plan:
        if waiting and waiting[0] == (exchange.user, exchange.assistant):
            waiting.pop(0)
        elif exchange.needed:
            missing.append(f"{exchange.user}/{exchange.assistant}")
    if waiting:
        return Check("plan", False, f"{'/'.join(waiting[0])} was not planned there")
    if missing:
        return Check("plan", False, f"planned and missing: {', '.join(missing)}")
    return Check("plan", True, f"{len(pairs)} exchanges of {len(plan)} planned")


def _role_fault(messages: Sequence[Turn]) -> str | None:
    turns = messages[first_turn(messages) :]
    if not turns:
        return "there is no turn"
    for number, turn in enumerate(turns, 1):
        wanted = "user" if number % 2 else "assistant"
        if turn.role != wanted:
            return f"turn {number} is {_a(turn.role)}'s where {_a(wanted)}'s is due"
        if not turn.content.strip():
            return f"turn {number} is empty"
    return None if len(turns) % 2 == 0 else "it ends with the user"


def _dependency_fault(earlier: Sequence[Turn], turn: Turn) -> str | None:
    first, here = first_turn(earlier), len(earlier)
    for index in turn.depends_on:
        if not first <= index < here:
            number = turn_number(earlier, index)
            return f"depends_on names turn {number}; earlier turns are 1 to {here - first}"
    if turn.role == "assistant":
        return None if here - 1 in turn.depends_on else "it must depend on the turn it replies to"
    if turn.act in _STANDS_ALONE and turn.depends_on:
        return "it begins a subject and must not depend on an earlier turn"
    if turn.act in _NEEDS_EARLIER and not turn.depends_on:
        return f"a turn of the act {turn.act} depends on an earlier one; depends_on is empty"
    if turn.act in _NEEDS_PREVIOUS and here - 1 not in turn.depends_on:
        return f"it must depend on the turn before it, turn {here - first}"
    if turn.act == "return" and not any(i < _change(earlier) for i in turn.depends_on):
        number = turn_number(earlier, _change(earlier))
        return f"it must depend on a turn of the subject it comes back to, before turn {number}"
    if turn.act == "revise" and not any(earlier[i].role == "user" for i in turn.depends_on):
        return "it must depend on the user's own turn whose detail it puts right"
    return None


def _entity_fault(earlier: Sequence[Turn], turn: Turn) -> str | None:
    first = first_turn(earlier)
    for mention in turn.entities:
        number = turn_number(earlier, mention.turn)
        if not first <= mention.turn < len(earlier):
            return f"{mention.entity!r} is said to stand in turn {number}, which is no earlier one"
        if mention.turn not in turn.depends_on:
            return f"it takes up {mention.entity!r} from turn {number} without depending on it"
        if not says_something(mention.entity):
            return f"{mention.entity!r} names no entity; copy what turn {number} calls it"
        if find_words(mention.entity, earlier[mention.turn].content) is None:
            hint = _hint(earlier, mention.entity)
            return f"{mention.entity!r} does not stand in turn {number}{hint}"
        if find_words(mention.words, turn.content) is None:
            return f"{mention.words!r}, said to stand for {mention.entity!r}, is not in the turn"
    taken = [mention.turn for mention in turn.entities]
    if turn.act == "return" and not any(index < _change(earlier) for index in taken):
        return "it must take up an entity, by its words, from the subject it comes back to"
    if turn.act == "revise" and not any(earlier[index].role == "user" for index in taken):
        return "it must take up, by its words, the detail of the user's own turn that it puts right"
    return None


def _hint(earlier: Sequence[Turn], words: str) -> str:
    there = [
        turn_number(earlier, index)
        for index in range(first_turn(earlier), len(earlier))
        if find_words(words, earlier[index].content) is not None
    ]
    return f", but in turn {there[-1]}" if there else " nor in any other"


def _copy_fault(earlier: Sequence[Turn], turn: Turn) -> str | None:
    # What is put right may be said again in the same words but for what was wrong.
    if turn.act in ("close", "amend"):
        return None
    place = near_copy(turn.content, [t.content for t in earlier[first_turn(earlier) :]])
    return None if place is None else f"it says the same as turn {place + 1} in the same words"


def _change(earlier: Sequence[Turn]) -> int:
    """The index of the last change of subject; behind the end where there is none."""
    changes = [index for index, turn in enumerate(earlier) if turn.act == "change"]
    return changes[-1] if changes else len(earlier)


def _outcome(name: str, fault: str | None) -> Check:
    return Check(name, fault is None, fault or "")


def _joined(name: str, checks: Sequence[Check]) -> Check:
    """One check for all turns: the first that failed, or else the first that could not tell."""
    for wanted in (False, None):
        for check in checks:
            if check.passed is wanted:
                return Check(name, wanted, check.detail)
    return Check(name, True)


def _a(role: str) -> str:
    return {"user": "the user", "assistant": "the assistant"}.get(role, f"a {role}")
