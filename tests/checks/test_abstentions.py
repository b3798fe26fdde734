"""Replies that say that the text does not say it, and plain negative answers, which do not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.abstentions import find_abstention

DATA = Path(__file__).parent.parent / "data" / "abstentions"


@pytest.mark.parametrize(
    "reply",
    [
        "The notice does not say when the office closes.",
        "No deadline is given in the text.",
        "I can't tell from this passage how many were sold.",
        "That isn’t mentioned in the text you sent.",
        "The document doesn't actually specify the port.",
        "Nothing in the text says who signed it.",
        "The date is not stated.",
        "How long keys last isn't covered here.",
        "It leaves that open; the manual may say more.",
        "There is no information about prices in this document.",
        "The page names the file but not its location; that part is not in the page.",
        "I don't see a version number in what you pasted.",
        "The contract only says that a fee is due, and not how much.",
        "The exact sum is missing from the letter.",
        "It can't be worked out from this text alone.",
        "There's not enough information to say which of them is meant.",
        "Der Text nennt kein Datum.",
        "Davon steht in dem Brief nichts.",
        "Le texte ne précise pas la date.",
        "El texto no menciona el precio.",
        "O texto não diz quando.",
        "Il testo non dice quando.",
        "De tekst vermeldt geen datum.",
    ],
)
def test_it_says_that_it_is_missing(reply):
    assert find_abstention(reply) is not None


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "The warranty does not cover theft.",
        "It was released in 2019.",
        "The default port is 8080.",
        "Optional sections may be left out.",
        "The function does not include headers.",
        "Files are not included by default.",
        "No extra charge is made.",
        "You cannot use it without a key.",
        "No, it isn't supported.",
        "There is no fee for the first month.",
        "Nobody under 18 may enter.",
        "The licence gives no warranty of any kind.",
        "It doesn't need a password.",
    ],
)
def test_a_negative_answer_is_an_answer(reply):
    assert find_abstention(reply) is None


@given(st.text())
def test_any_text_is_read(text):
    found = find_abstention(text)
    assert found is None or found in text.replace("’", "'").lower()


def test_four_of_five_are_found_however_they_are_worded():
    replies = (DATA / "abstentions.txt").read_text(encoding="utf-8").splitlines()
    missed = [reply for reply in replies if find_abstention(reply) is None]
    assert len(missed) <= 0.2 * len(replies), missed


def test_hardly_an_answer_is_taken_for_one():
    answers = (DATA / "answers.txt").read_text(encoding="utf-8").splitlines()
    taken = [reply for reply in answers if find_abstention(reply) is not None]
    assert len(taken) <= 0.05 * len(answers), taken
