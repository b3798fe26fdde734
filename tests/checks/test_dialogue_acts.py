"""Acts are told from words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.dialogue_acts import (
    check_act,
    disputes,
    find_words,
    near_copy,
    role_leak,
    shares_words,
)


@pytest.mark.parametrize(
    "text",
    [
        "Which version do you have?",
        "Do you mean the lease or the purchase? The rules differ.",
        "Is it for:\n- a house,\n- a flat, or\n- a shop?\n",
        "What kind of account is it?\n- personal\n- business\n- joint",
        "Geht es um eine Miet- oder um eine Eigentumswohnung?",
        "您用的是哪个版本？",
    ],
)
def test_asking_back(text):
    assert check_act("clarify", text).passed is True
    assert check_act("answer", text).passed is (len(text) > 150)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Please tell me the version.", "asks nothing"),
        ("Run `pip install x?` and see.", "asks nothing"),
        ("Use version 3. " * 20 + "Does that help?", "answers as well"),
        ("```\nrm x\n```\nIs that what you want?", "answers as well"),
    ],
)
def test_what_does_not_only_ask_back(text, fault):
    check = check_act("clarify", text)
    assert check.passed is False
    assert fault in check.detail


def test_refusals_are_wanted_where_they_are_planned_and_nowhere_else():
    refusal = "I'm sorry, but I can't help with that. I can explain the form."
    assert check_act("refuse", refusal).passed is True
    assert "it declines" in check_act("answer", refusal).detail
    assert "it declines" in check_act("mistake", refusal).detail
    assert check_act("refuse", "Here is the signed form, as you asked.").passed is False


@pytest.mark.parametrize(
    "text",
    [
        "I can’t sign this for you, but I can explain the form.",
        "That is not something I do here; a solicitor can.",
        "Whether you get a refund is not for me to decide. The counter on the ground floor can.",
        "I have to leave that to your doctor.",
        "I'm afraid I cannot say who else lives there.",
        "Other customers' orders are outside what I may look at.",
    ],
)
def test_declining_in_passing_counts_where_it_is_planned(text):
    assert check_act("refuse", text).passed is True


def test_a_refusal_in_a_language_that_is_not_read_cannot_be_told():
    text = "Tohle za vás podepsat nemohu, ale mohu vám vysvětlit, co ten formulář znamená a proč."
    assert check_act("refuse", text).passed is None


def test_an_answer_may_ask_at_its_end():
    text = "The fee is 40 euros and falls due on the first of the month. Is that what you meant?"
    assert check_act("answer", text).passed is True


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("Thanks, that is all.", True),
        ("Thanks. And what is the fee?", False),
        ("Thank you very much. " * 20, False),
    ],
)
def test_closing(text, passed):
    assert check_act("close", text).passed is passed


@pytest.mark.parametrize(
    "text",
    [
        "That can't be right, the form says 30.",
        "are you sure? it says 30 here",
        "Hm, isn’t it 30 days?",
        "No. Thirty.",
        "I think you mixed up the two rates.",
        "The manual contradicts that.",
    ],
)
def test_disputing(text):
    assert disputes(text) is True


def test_agreeing_is_no_dispute():
    assert disputes("Thank you, then I will wait for the 60 days.") is False
    assert disputes("Ich danke Ihnen, dann warte ich die sechzig Tage ab und melde mich.") is None


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("windows installer", "Only as a Windows\ninstaller.", "Windows\ninstaller"),
        ("art", "Start here.", None),
        ("3.2(b)", "as in 3.2(b), too", "3.2(b)"),
        ("$40", "It is $40.", "$40"),
        ("版本", "这个版本很旧", "版本"),
        ("a.c", "abc", None),
        (" ", "anything", None),
    ],
)
def test_finding_words(words, text, found):
    assert find_words(words, text) == found


@given(st.text(min_size=1), st.text())
def test_words_that_were_found_stand_in_the_text(words, text):
    found = find_words(words, text)
    assert found is None or (found in text and found.split())


def test_sharing_words():
    assert shares_words("30 days from the notice", "after the notice it is 30 days")
    assert not shares_words("30 days", "it is 60 days")
    assert not shares_words("Windows installer", "as an executable")


class TestCopies:
    TURN = "The fee is 40 euros a month and falls due on the first day of each month."

    @pytest.mark.parametrize(
        "copy",
        [
            TURN,
            TURN.upper(),
            "The fee is 40 euros per month and falls due on the first day of each month.",
        ],
    )
    def test_the_same_in_nearly_the_same_words(self, copy):
        assert near_copy(copy, ["Hello.", self.TURN]) == 1

    @pytest.mark.parametrize(
        "other",
        [
            "The fee is 40 euros a month.",
            "And when does the fee of 40 euros fall due, on the first day of the month?",
            "Yes.",
        ],
    )
    def test_what_is_new(self, other):
        assert near_copy(other, ["No.", self.TURN]) is None


class TestLeaks:
    @pytest.mark.parametrize(
        ("role", "text"),
        [
            ("user", "As the user, I would like to know the fee."),
            ("user", "User: what is the fee?"),
            ("user", "How can I help you today?"),
            ("user", "As an AI, I have no account."),
            ("user", "My persona would not know that."),
            ("user", "As said in turn 3, it is broken."),
            ("assistant", "**Assistant:** The fee is 40 euros."),
            ("assistant", "The user is asking about the fee."),
            ("assistant", "As the assistant, I say 40."),
            ("assistant", "The planned act is to clarify."),
        ],
    )
    def test_words_out_of_the_role(self, role, text):
        assert role_leak(role, text) is not None

    @pytest.mark.parametrize(
        ("role", "text"),
        [
            ("user", "what does the user manual say about turning it by 90 degrees?"),
            ("user", "can you help me? the assistant in the shop could not"),
            ("assistant", "Turn the valve to the left, then have the user log in again."),
            ("assistant", "Let me know if you have the old model; it differs."),
            ("assistant", "Write the file as:\n```\nuser: 3\n```"),
        ],
    )
    def test_words_within_it(self, role, text):
        assert role_leak(role, text) is None
