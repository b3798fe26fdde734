"""Plans of dialogue acts keep to their grammar, whatever chance says."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.dialogue_plan import ARCS, draw_plan, grammar_fault, least_exchanges

WEIGHTS = {"follow_up": 3, "clarify": 2, "refuse": 1, "change": 1, "correct": 1, "revise": 1}


def acts(plan) -> list[tuple[str, str]]:
    return [(exchange.user, exchange.assistant) for exchange in plan]


@given(
    seed=st.integers(0, 2**32),
    exchanges=st.integers(2, 40),
    weights=st.dictionaries(st.sampled_from(ARCS), st.floats(0, 10)),
)
def test_every_plan_keeps_to_the_grammar_and_to_its_length(seed, exchanges, weights):
    plan = draw_plan(Random(seed).random, exchanges, weights)
    assert len(plan) == exchanges
    assert grammar_fault(acts(plan)) is None
    assert acts(plan)[-1] == ("close", "close")
    said = Counter(exchange.user for exchange in plan)
    assert said["change"] == said["return"]
    assert said["correct"] == sum(exchange.assistant == "mistake" for exchange in plan)
    assert said["specify"] == sum(exchange.assistant == "clarify" for exchange in plan)


def test_the_same_chance_gives_the_same_plan():
    plans = [draw_plan(Random(7).random, 9, WEIGHTS) for _ in range(2)]
    assert plans[0] == plans[1]


def test_weights_are_met():
    said: Counter[str] = Counter()
    for seed in range(3_000):
        plan = draw_plan(Random(seed).random, 6, {"refuse": 3, "revise": 1, "follow_up": 0})
        said.update(exchange.user for exchange in plan[1:2])
    assert said["overstep"] / said.total() == pytest.approx(0.75, abs=0.03)


def test_what_has_no_weight_is_not_drawn():
    for seed in range(200):
        plan = draw_plan(Random(seed).random, 8, {"follow_up": 1, "clarify": 1})
        assert {exchange.assistant for exchange in plan} <= {"answer", "clarify", "close"}


def test_an_opening_may_be_unclear_and_a_long_plan_repeats_arcs():
    plans = [draw_plan(Random(seed).random, 20, WEIGHTS) for seed in range(50)]
    assert any(acts(plan)[0] == ("ask", "clarify") for plan in plans)
    assert any(acts(plan)[0] == ("ask", "answer") for plan in plans)
    assert max(exchange.item for plan in plans for exchange in plan) >= 1


def test_a_subject_is_the_main_one_again_after_the_return():
    plans = [draw_plan(Random(seed).random, 12, WEIGHTS) for seed in range(100)]
    plan = next(plan for plan in plans if ("change", "answer") in acts(plan))
    change = next(place for place, exchange in enumerate(plan) if exchange.user == "change")
    back = next(place for place, exchange in enumerate(plan) if exchange.user == "return")
    assert {exchange.subject for exchange in plan[change:back]} == {1}
    assert plan[back].subject == 0


@pytest.mark.parametrize("arc", ARCS)
def test_the_shortest_dialogue_with_an_arc_can_be_drawn(arc):
    plans = [draw_plan(Random(seed).random, least_exchanges(arc), {arc: 1}) for seed in range(40)]
    wanted = {"refuse": "overstep", "clarify": "specify"}.get(arc, arc)
    assert any(exchange.user == wanted for plan in plans for exchange in plan)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "no exchange"),
        ("follow_up/answer close/close", "begins with 'follow_up'"),
        ("ask/answer", "does not end with 'close'"),
        ("ask/answer sing/answer close/close", "exchange 2: 'sing' is no act of the user"),
        ("ask/refuse close/close", "exchange 1: 'refuse' is no reply to 'ask'"),
        ("ask/clarify follow_up/answer close/close", "exchange 2: 'clarify' is followed by"),
        ("ask/answer follow_up/mistake close/close", "exchange 3: 'mistake' is followed by"),
        ("ask/answer correct/amend close/close", "exchange 2: 'correct' has nothing before it"),
        ("ask/answer return/answer close/close", "exchange 2: 'return' without a change"),
        ("ask/answer change/answer change/answer close/close", "exchange 3: a second change"),
        ("ask/answer ask/answer close/close", "exchange 2: 'ask' does not stand there"),
        ("ask/answer close/close close/close", "exchange 2: 'close' does not stand there"),
    ],
)
def test_what_breaks_the_grammar(said, fault):
    pairs = [tuple(pair.split("/")) for pair in said.split()]
    assert fault in grammar_fault(pairs)


def test_a_dialogue_that_is_left_after_a_change_of_subject():
    assert grammar_fault([("ask", "answer"), ("change", "answer"), ("close", "close")]) is None
