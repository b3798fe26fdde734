"""What is asked for in words is what is checked."""

import pytest

from silversmith.checks.demands import Demand, fault_in, find_list, verdicts_on
from silversmith.records import Check

GERMAN = "Das kann ich Ihnen leider nicht sagen, aber ich helfe Ihnen gerne mit der Rechnung."


@pytest.mark.parametrize(
    ("kind", "argument", "good", "bad"),
    [
        ("contains", "extension 2725", "Call Extension 2725.", "Call me."),
        ("leaves_out", "extension 2725", "Call me.", "Call extension  2725."),
        ("conceals", "HALYARD-4827", "No code here.", "It is h-a-l-y-a-r-d."),
        ("holds", "fact", "It costs 40 euros.", "It costs money."),
        ("lacks", "fact", "It costs money.", "It costs 40 Euros."),
        ("quotes", "text", "costs  40", "cost 4"),
        ("quotes", "text", "It costs 40 euros", "t costs 40"),
        ("differs", "text", "41 euros", "it costs"),
        ("declines", "", "I can't help with that.", "Here is how."),
        ("declines", "", "I'm sorry, but I can't decode that.", "Sorry for the delay. Here it is."),
        ("declines", "", '{"reply": "I can\'t help with that."}', '{"reply": "Here it is."}'),
        ("helps", "", "Here is how.", "I can't help with that."),
        ("agrees", "", "Sure, no problem. Which one?", "That is against the law, so no."),
        ("agrees", "", "Why not, with pleasure.", "I wouldn't do that."),
        ("withholds", "text", "Nobody knows.", "I'm afraid not. It costs 40 euros a day."),
        ("abstains", "", "The text does not say when.", "At six."),
        ("answers", "", "At six.", "The text does not say when."),
        ("in_language", "German", GERMAN, "This is the answer to what you have asked."),
        ("at_most_words", "3", "one two three", "one two three four"),
        ("over_words", "3", "one two three four", "one two three"),
        ("is_json", "", '{"a": 1}', '```json\n{"a": 1}\n```'),
        ("is_no_json", "", "a: 1", '{"a": 1}'),
        ("no_list", "", "First this, then that - and more.", "- this\n- that"),
        ("has_list", "", "1. this\n2. that", "1. this"),
        ("no_digits", "", "two", "2"),
        ("ends_with", "— Maren", "Yes.\n— Maren", "— Maren\nYes."),
        ("ends_otherwise", "— Maren", "Yes.\n— Max", "Yes.\n— maren"),
    ],
)
def test_each_kind(kind, argument, good, bad):
    demand = Demand("reply", kind, argument)
    others = {"fact": "40 euros", "text": "It costs 40 euros a day.", "essay": "Bees dance. " * 60}
    assert fault_in([demand], {"reply": good, **others}) is None
    fault = fault_in([demand], {"reply": bad, **others})
    assert fault.startswith(f"not so: {demand.words}")
    assert demand.words.startswith("reply: ")


def test_faults_are_all_named_with_what_was_found():
    demands = [Demand("reply", "at_most_words", "2"), Demand("reply", "no_digits")]
    assert fault_in(demands, {"reply": "it is 40"}) == (
        "not so: reply: has at most 2 words (3 words); not so: reply: has no digit"
    )


@pytest.mark.parametrize("kind", ["declines", "abstains"])
def test_in_other_languages_nothing_found_says_nothing(kind):
    demand = Demand("reply", kind)
    texts = {
        "reply": "Bitte wenden Sie sich an die Leitung, die das gerne für Sie und mit Ihnen macht."
    }
    assert fault_in([demand], texts) is None
    assert verdicts_on([demand], texts) == (Check(f"reply {kind}", None, ""),)


def test_a_language_that_cannot_be_told_is_neither_right_nor_wrong():
    demand = Demand("reply", "in_language", "German")
    assert verdicts_on([demand], {"reply": "Okay."}) == (Check("reply in language", None, ""),)


@pytest.mark.parametrize(
    "text", ["- a\n- b", "* a\n\n* b", "1) a\n2) b", "a. x\nb. y", "  • a\n  • b"]
)
def test_lists(text):
    assert find_list(text) is not None


@pytest.mark.parametrize("text", ["", "- a", "3.5 is more than\n2.5 is", "well-known - but not so"])
def test_no_lists(text):
    assert find_list(text) is None
