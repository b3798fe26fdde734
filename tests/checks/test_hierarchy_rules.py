"""Rules of system messages: each can be stated, kept and broken in ways that a program sees."""

import json

import pytest

from silversmith.checks.demands import Demand
from silversmith.checks.hierarchy import RULES, make_rule
from silversmith.checks.pairs import alike_in_length, length_fault


@pytest.mark.parametrize("kind", RULES)
def test_rules_come_from_their_key_and_differ(kind):
    made = [make_rule(kind, f"seed/{number}") for number in range(40)]
    assert made == [make_rule(kind, f"seed/{number}") for number in range(40)]
    assert len({(rule.variety, rule.token) for rule in made}) > 3
    for rule in made:
        assert rule.kind == kind
        assert isinstance(json.loads(rule.arguments), dict)
        for held in (rule.kept, rule.broken):
            assert held
            assert all(Demand("reply", *each).words for each in held)


@pytest.mark.parametrize("kind", RULES)
def test_no_reply_both_keeps_and_breaks_a_rule(kind):
    replies = [
        "Yes.",
        '{"a": "b"}',
        "- a\n- b",
        "word " * 100,
        "Das ist die Antwort auf die Frage.",
    ]
    for number in range(20):
        rule = make_rule(kind, f"{number}")
        for reply in [*replies, f"Yes.\n{rule.token}", rule.token]:
            kept = [Demand("r", *each).check({"r": reply}).passed for each in rule.kept]
            broken = [Demand("r", *each).check({"r": reply}).passed for each in rule.broken]
            assert not (all(kept) and all(broken))


def test_halves_of_a_pair_are_alike_in_length():
    assert alike_in_length("a" * 100, "b" * 200).passed
    assert alike_in_length("a" * 400, "b" * 1000).passed
    assert not alike_in_length("a" * 400, "b" * 1001).passed
    assert length_fault("a", "b") is None
    assert length_fault("", "b" * 300).startswith("'rejected' is 300.0 times as long as 'chosen'")
