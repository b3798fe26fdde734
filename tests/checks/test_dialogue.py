"""Annotated dialogues, and what is wrong with them."""

from dataclasses import replace

import pytest

from silversmith.checks.dialogue import check_dialogue, check_plan
from silversmith.checks.dialogue_plan import Exchange
from silversmith.checks.dialogue_window import estimate_tokens, show, shown_turns
from silversmith.records import Check, Mention, Turn

TURNS = (
    Turn("user", "how much is the parking permit?", "ask"),
    Turn("assistant", "For a car or for a motorcycle?", "clarify", (0,)),
    Turn("user", "for a car, it's electric", "specify", (1,), (Mention("car", 1, "a car"),)),
    Turn("assistant", "Then the permit is 40 euros a year.", "answer", (0, 2)),
    Turn("user", "other thing, when is the recycling yard open?", "change"),
    Turn("assistant", "On Saturdays from nine to one.", "answer", (4,)),
    Turn(
        "user",
        "thanks. so those 40, do I pay them by card?",
        "return",
        (3,),
        (Mention("40 euros", 3, "those 40"),),
    ),
    Turn("assistant", "Yes, by card or in cash at the counter.", "answer", (6,)),
    Turn("user", "fine, thank you", "close"),
    Turn("assistant", "You are welcome.", "close", (8,)),
)
PLAN = (
    Exchange("ask", "clarify"),
    Exchange("specify", "answer"),
    Exchange("follow_up", "answer", needed=False),
    Exchange("change", "answer", subject=1),
    Exchange("return", "answer"),
    Exchange("close", "close"),
)


def changed(place: int, **changes: object) -> tuple[Turn, ...]:
    return (*TURNS[:place], replace(TURNS[place], **changes), *TURNS[place + 1 :])


def failed(messages: tuple[Turn, ...]) -> list[Check]:
    return [check for check in check_dialogue(messages) if not check.passed]


def test_a_sound_dialogue_passes_every_check():
    checks = check_dialogue(TURNS)
    assert [check.name for check in checks] == [
        *("roles", "dependencies", "entities", "acts", "copies", "leaks")
    ]
    assert {check.passed for check in checks} == {True}
    assert check_plan(PLAN, TURNS) == Check("plan", True, "5 exchanges of 6 planned")


def test_a_system_message_comes_before_turn_1():
    moved = [
        replace(
            turn,
            depends_on=tuple(index + 1 for index in turn.depends_on),
            entities=tuple(replace(one, turn=one.turn + 1) for one in turn.entities),
        )
        for turn in TURNS
    ]
    messages = (Turn("system", "You answer for the town hall."), *moved)
    assert failed(messages) == []
    wrong = (*messages[:5], replace(messages[5], depends_on=(0,)), *messages[6:])
    assert failed(wrong)[0].detail == "turn 5: depends_on names turn 0; earlier turns are 1 to 4"


@pytest.mark.parametrize(
    ("messages", "name", "detail"),
    [
        (TURNS[1:], "roles", "turn 1 is the assistant's where the user's is due"),
        (TURNS[:-1], "roles", "it ends with the user"),
        (changed(3, content=" "), "roles", "turn 4 is empty"),
        ((), "roles", "there is no turn"),
        (
            changed(3, depends_on=(2, 5)),
            "dependencies",
            "turn 4: depends_on names turn 6; earlier turns are 1 to 3",
        ),
        (
            changed(3, depends_on=(0, -1)),
            "dependencies",
            "turn 4: depends_on names turn 0; earlier turns are 1 to 3",
        ),
        (
            changed(5, depends_on=()),
            "dependencies",
            "turn 6: it must depend on the turn it replies to",
        ),
        (
            changed(4, depends_on=(3,)),
            "dependencies",
            "turn 5: it begins a subject and must not depend on an earlier turn",
        ),
        (
            changed(2, depends_on=(0,), entities=()),
            "dependencies",
            "turn 3: it must depend on the turn before it, turn 2",
        ),
        (
            changed(6, depends_on=(5,), entities=()),
            "dependencies",
            "turn 7: it must depend on a turn of the subject it comes back to, before turn 5",
        ),
        (
            changed(2, entities=(Mention("lorry", 1, "a car"),)),
            "entities",
            "turn 3: 'lorry' does not stand in turn 2 nor in any other",
        ),
        (
            changed(2, entities=(Mention("which", 1, "it"),)),
            "entities",
            "turn 3: 'which' names no entity; copy what turn 2 calls it",
        ),
        (
            changed(6, entities=(Mention("40 euros", 0, "those 40"),), depends_on=(0, 3)),
            "entities",
            "turn 7: '40 euros' does not stand in turn 1, but in turn 4",
        ),
        (
            changed(6, entities=(Mention("40 euros", 3, "the fee"),)),
            "entities",
            "turn 7: 'the fee', said to stand for '40 euros', is not in the turn",
        ),
        (
            changed(6, entities=(Mention("40 euros", 3, "those 40"),), depends_on=(1,)),
            "entities",
            "turn 7: it takes up '40 euros' from turn 4 without depending on it",
        ),
        (
            changed(6, entities=()),
            "entities",
            "turn 7: it must take up an entity, by its words, from the subject it comes back to",
        ),
        (
            changed(1, content="It is 40 euros for a car."),
            "acts",
            "turn 2: it must ask for what is missing, and asks nothing",
        ),
        (
            changed(3, content="I'm sorry, but I can't help with permits."),
            "acts",
            'turn 4: it declines ("I can\'t help") where an answer is planned',
        ),
        (
            changed(8, content="fine. and how do I get there?"),
            "acts",
            "turn 9: it closes the talk, and must not ask anything",
        ),
        (
            changed(7, content="Then the permit is 40 euros a year."),
            "copies",
            "turn 8: it says the same as turn 4 in the same words",
        ),
        (
            changed(0, content="As the user, I ask for the price of the parking permit."),
            "leaks",
            "turn 1: 'As the user, I' is out of the role of the user",
        ),
    ],
)
def test_what_is_wrong(messages, name, detail):
    assert Check(name, False, detail) in failed(messages)


def test_a_check_that_cannot_tell_is_neither_passed_nor_failed():
    text = "Tohle za vás podepsat nemohu, ale mohu vám vysvětlit, co ten formulář znamená a proč."
    (check,) = failed(changed(5, act="refuse", content=text))
    assert (check.name, check.passed) == ("acts", None)


@pytest.mark.parametrize(
    ("messages", "detail"),
    [
        (TURNS[:4] + TURNS[8:], "planned and missing: change/answer, return/answer"),
        (changed(3, act="amend"), "exchange 2: 'amend' is no reply to 'specify'"),
        (TURNS[:-1], "a turn has no reply"),
        (
            (
                *TURNS[:4],
                Turn("user", "x", "overstep"),
                Turn("assistant", "y", "refuse"),
                *TURNS[4:],
            ),
            "overstep/refuse was not planned there",
        ),
    ],
)
def test_plans_that_are_not_fulfilled(messages, detail):
    assert check_plan(PLAN, messages) == Check("plan", False, detail)


class TestWindow:
    LONG = tuple(
        Turn("user" if n % 2 == 0 else "assistant", f"turn {n} " + "word " * 50) for n in range(20)
    )
    COST = estimate_tokens(LONG[0].content) + 16

    def test_all_of_a_dialogue_that_fits(self):
        assert shown_turns(self.LONG, 20 * self.COST) == list(range(20))

    def test_the_last_ones_of_one_that_does_not(self):
        assert shown_turns(self.LONG, 5 * self.COST + 20) == [15, 16, 17, 18, 19]

    def test_what_is_needed_and_what_is_depended_on_come_first(self):
        turns = list(self.LONG)
        turns[18] = replace(turns[18], depends_on=(2,))
        turns[2] = replace(turns[2], depends_on=(1,))
        assert shown_turns(turns, 5 * self.COST + 20, needed=(7,)) == [1, 2, 7, 18, 19]

    def test_the_last_two_and_the_needed_are_shown_whatever_they_take(self):
        assert shown_turns(self.LONG, 0, needed=(3,)) == [3, 18, 19]

    def test_gaps_are_named(self):
        shown = show(self.LONG, [0, 3, 5, 6])
        assert [(turn.number, turn.gap) for turn in shown] == [
            *((1, ""), (4, "2 to 3"), (6, "5"), (7, ""))
        ]
        under = show((Turn("system", "Be brief."), *self.LONG), [3, 4])
        assert [(turn.number, turn.gap) for turn in under] == [(3, "1 to 2"), (4, "")]

    def test_tokens_of_other_scripts(self):
        assert estimate_tokens("word " * 40) == 51
        assert estimate_tokens("字" * 40) == 41
