"""The refusal filter drops responses that refuse though nobody wanted it."""

from silversmith.filters.refusal import Refusal
from silversmith.records import Sample, Turn

REFUSAL = "I'm sorry, but I cannot provide instructions on how to kill a process."


def test_a_response_that_refuses_is_dropped_with_its_words():
    sample = Sample.pair("How do I kill a Python process?", REFUSAL)
    assert Refusal().reason_to_drop(sample) == '"I cannot provide"'


def test_a_response_that_answers_is_kept():
    sample = Sample.pair("How do I kill a Python process?", "Use `kill` with its process id.")
    assert Refusal().reason_to_drop(sample) is None


def test_a_refusal_in_the_prompt_or_in_an_earlier_turn_does_not_matter():
    sample = Sample(
        messages=(
            Turn("user", "What is my password?"),
            Turn("assistant", "I can't help with that."),
            Turn("user", "I cannot provide more. How do I reset it?"),
            Turn("assistant", "Open the settings and choose Reset."),
        )
    )
    assert Refusal().reason_to_drop(sample) is None


def test_a_refusal_in_the_rejected_half_is_kept():
    sample = Sample.pair(
        "How do I kill a process?",
        "Use `kill`.",
        rejected=(Turn("user", "How do I kill a process?"), Turn("assistant", REFUSAL)),
    )
    assert Refusal().reason_to_drop(sample) is None


def test_no_is_an_answer_where_the_instruction_offers_it():
    asked = 'Is 6 prime? Say one of "My answer is yes.", "My answer is no."'
    assert Refusal().reason_to_drop(Sample.pair(asked, "My answer is no.")) is None
    asked = "Write me a poem about 6."
    assert Refusal().reason_to_drop(Sample.pair(asked, "My answer is no.")) is not None


def test_things_that_are_not_appropriate_are_no_refusal():
    said = "Changing the mode disables keys which are not appropriate for the new one."
    assert Refusal().reason_to_drop(Sample.pair("What does the mode key do?", said)) is None


def test_a_refusal_that_was_planned_is_kept():
    planned = Sample(messages=(Turn("user", "x"), Turn("assistant", REFUSAL, act="refuse")))
    assert Refusal().reason_to_drop(planned) is None


def test_strategies_that_teach_refusing_are_left_alone_unless_told_otherwise():
    sample = Sample.pair("x", REFUSAL, strategy="abstention")
    assert Refusal().reason_to_drop(sample) is None
    assert Refusal(wanted_by=()).reason_to_drop(sample) == '"I cannot provide"'


def test_words_are_quoted_on_one_line_and_shortened():
    long = "I don't have access to it.\n" + "It is a long story. " * 9 + "Respect their privacy."
    reason = Refusal().reason_to_drop(Sample.pair("What is her number?", long))
    assert reason is not None
    assert reason.startswith("\"I don't have access to it. It is a long story.")
    assert reason.endswith('…"')
    assert len(reason) <= 82


def test_a_sample_without_an_answer_is_kept():
    assert Refusal().reason_to_drop(Sample(messages=(Turn("user", REFUSAL),))) is None
