"""Rules of system messages: each can be stated, kept and broken in ways that a program sees."""

import json

import pytest

from silversmith.checks.demands import Demand
from silversmith.checks.hierarchy import RULES, make_rule


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
