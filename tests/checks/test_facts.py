"""A fact is taken out of a passage, and the rest of the passage stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.facts import (
    replaced,
    still_says,
    telling_sentences,
    without_sentence,
)

PASSAGE = """# Loan desk

The desk lends tools. On Saturday it closes at 14:00, and
on Sunday it stays shut. Ask Mr. Feld about drills.

- A drill costs 5 euros a day.
- A ladder costs 3 euros a day.

```
price = 7.5  # This is code.
```
| tool | price |
|---|---|
| saw | 2 euros a day or so it says. |"""


def test_sentences_that_state_something_particular():
    assert telling_sentences(PASSAGE) == [
        "On Saturday it closes at 14:00, and\non Sunday it stays shut.",
        "A drill costs 5 euros a day.",
        "A ladder costs 3 euros a day.",
    ]


def test_a_sentence_that_stands_twice_cannot_be_asked_about():
    assert telling_sentences("It closes at 14:00 on each Saturday. " * 2) == []


def test_the_whole_sentence_goes_and_nothing_else():
    left = without_sentence(PASSAGE, "14:00")
    assert "The desk lends tools. Ask Mr. Feld about drills." in left
    assert "Sunday" not in left
    assert left.count("- A") == 2


def test_an_item_of_a_list_goes_with_its_bullet():
    left = without_sentence(PASSAGE, "5 euros")
    assert "- A ladder costs 3 euros a day." in left
    assert "drill costs" not in left
    assert "- \n" not in left + "\n"


def test_words_are_replaced_in_place():
    assert "On Saturday it closes early, and" in replaced(PASSAGE, "at 14:00", "early")


@pytest.mark.parametrize("fact", ["15:00", "euros a day", ""])
def test_a_fact_that_does_not_stand_there_once(fact):
    assert without_sentence(PASSAGE, fact) is None
    assert replaced(PASSAGE, fact, "x") is None


@pytest.mark.parametrize(
    ("passage", "fact"),
    [
        ("It takes thirty days.", "within 30 days"),
        ("It takes 30 days.", "thirty days"),
        ("Twenty-four hours later it was gone.", "24 hours"),
        ("Closes at 14:00.", "at 14:00"),
        ("THE END OF MAY", "the end of May"),
    ],
)
def test_the_same_fact_in_other_clothes_is_still_said(passage, fact):
    assert still_says(passage, fact)


@pytest.mark.parametrize(
    ("passage", "fact"),
    [
        ("It takes 30 weeks.", "30 days"),
        ("It takes 130 days.", "30 days"),
        ("It closes early.", "14:00"),
        ("Maybe.", "May"),
        ("", "14:00"),
    ],
)
def test_another_fact_is_not(passage, fact):
    assert not still_says(passage, fact)


@given(st.text(), st.text())
def test_any_passage_and_any_fact(passage, fact):
    for sentence in telling_sentences(passage):
        assert sentence in passage
    left = without_sentence(passage, fact)
    assert left is None or len(left) <= len(passage)
